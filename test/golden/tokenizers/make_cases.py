"""Writes the small reference files that the unit tests of src/tokenizers read.

    python test/golden/tokenizers/make_cases.py      # tokenizers 0.23.3, transformers 5.23.0

- encodings.json: small tokenizers trained on the text below, and what the reference makes of awkward inputs with them:
  pairs, truncation with stride, padding, special and added tokens in the text, words given one by one. Offsets count UTF-16 units.
- merges.json: merges that the reference learns from random words over few letters, where many pairs are equally frequent
  and the same token arises in several ways.
"""
import json
import random
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

assert tokenizers.__version__ == "0.23.3", tokenizers.__version__
HERE = Path(__file__).resolve().parent

TEXT = """
The little boat left the harbour before the sun had risen, and nobody saw it go but the keeper of the light.
He wrote in his book: the wind is from the north, the sea is quiet, one boat has gone out and none has come back.
All day the gulls cried over the empty quay; all day the keeper watched the line where the water meets the sky.
In the evening the little boat came home with its nets full, and the keeper wrote: one boat has come back.
Was the sea quiet? It was. Were the nets full? They were. The keeper's lamp was lit, and the harbour slept.
It's said that they'd never been lost, that we'll never know why, and that I'm wrong; you've heard it, you're sure.
Die kleine Fähre fährt über den Fluß; früh am Morgen läutet die Glocke. Où êtes-vous allés, mes élèves, cet été?
小船在日出之前离开了港口，除了守灯塔的人，没有人看见它离开。傍晚，小船满载而归，守灯塔的人写道：船回来了。
""".strip().split("\n")

TEXTS = [
    "", " ", "The boat", "the keeper's lamp wasn't lit, was it?", "  two  spaces\tand\ta tab\r\n", "É è ê Ø ß ŒUVRE İstanbul ΑΣ", "e\u0301te\u0301 no\u0308",
    "小船在港口 and a 小boat", "𠮷野家 😀😀 👩‍👧 fin", "zero\u200bwidth \u0000 null \ufffd and \u00ad soft", "x" * 120, "quay-side/sea_shore 1,234.50€ #1!",
    "[MASK] boat [SEP]the[MASK]", "<mask> boat  <mask>sea<s>", "harbour lights", "lighthouse", "ＦＵＬＬ　width", "\u00a0nbsp\u2003em\u0085nel", "한국어 ไทย हिन्दी",
    "She'll SHE'LL she’ll 'tis ''s", "a\n\n\nb", "...!?", "ﬁne ﬂow ½ ²", "the the the the the the the the the the the the the",
]
PAIRS = [("The boat came home.", "Was the sea quiet?"), ("", "only the second"), ("all day the gulls cried over the empty quay", "home"), ("小船", "the keeper wrote in his book: one boat")]
WORDS = [["The", "boat", "'s", "lamp"], ["", "sea", " quay "], ["小船", "😀", "[MASK]", "<mask>"]]
OPTIONS = [
    {}, {"add_special_tokens": False}, {"truncation": "longest_first", "max_length": 9, "stride": 2}, {"truncation": "longest_first", "max_length": 8, "stride": 0, "truncation_side": "left"},
    {"truncation": "only_second", "max_length": 12, "stride": 1}, {"padding": "max_length", "max_length": 24}, {"padding": "max_length", "max_length": 30, "padding_side": "left"},
    {"padding": "longest", "pad_to_multiple_of": 16},
]
BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def wordpiece():
    tok = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tok.normalizer = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True)
    tok.pre_tokenizer, tok.decoder = pre_tokenizers.BertPreTokenizer(), decoders.WordPiece(prefix="##")
    tok.train_from_iterator(TEXT, trainers.WordPieceTrainer(vocab_size=320, min_frequency=1, special_tokens=BERT, show_progress=False))
    ids = tok.token_to_id
    tok.post_processor = processors.TemplateProcessing(single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
                                                       special_tokens=[("[CLS]", ids("[CLS]")), ("[SEP]", ids("[SEP]"))])
    # Added by a user: a normalized one, one that must stand alone, and one that eats the spaces around it.
    tok.add_tokens([AddedToken("Lighthouse", normalized=True), AddedToken("quay", single_word=True, normalized=False), AddedToken("<mask>", lstrip=True, rstrip=True, normalized=False)])
    return tok, "[PAD]"


def byte_level(style, prefix):
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer, tok.decoder = pre_tokenizers.ByteLevel(add_prefix_space=prefix), decoders.ByteLevel()
    special = ROBERTA if style == "roberta" else ["<|endoftext|>"]
    tok.train_from_iterator(TEXT, trainers.BpeTrainer(vocab_size=420, min_frequency=1, special_tokens=special, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False))
    if style == "roberta":
        tok.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
        tok.post_processor = processors.RobertaProcessing(("</s>", tok.token_to_id("</s>")), ("<s>", tok.token_to_id("<s>")), True, prefix)
    else:
        tok.post_processor = processors.ByteLevel(trim_offsets=True, add_prefix_space=prefix)
    return tok, special[0] if style == "gpt2" else "<pad>"


def character_bpe():
    tok = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    tok.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tok.pre_tokenizer, tok.decoder = pre_tokenizers.BertPreTokenizer(), decoders.BPEDecoder(suffix="</w>")
    tok.train_from_iterator(TEXT, trainers.BpeTrainer(vocab_size=250, min_frequency=1, special_tokens=["<unk>"], end_of_word_suffix="</w>", show_progress=False))
    return tok, "<unk>"


def unigram():
    """With bytes for what no token writes; accents are decomposed and stripped, spaces stripped and folded."""
    tok = Tokenizer(models.Unigram())
    tok.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKD(), normalizers.StripAccents(), normalizers.NFC(), normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")])
    tok.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first")
    tok.train_from_iterator(TEXT, trainers.UnigramTrainer(vocab_size=160, special_tokens=["<unk>", "<s>"], unk_token="<unk>", show_progress=False))
    state = json.loads(tok.to_str())
    state["model"]["vocab"] += [[f"<0x{b:02X}>", -20.0] for b in range(256)]
    state["model"]["byte_fallback"] = True
    state["decoder"] = {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
    return Tokenizer.from_str(json.dumps(state)), "<s>"


def utf16_at(text):
    at = [0]
    for c in text:
        at.append(at[-1] + (2 if ord(c) > 0xFFFF else 1))
    return at


def fields(e, sources):
    offsets = []
    for (a, b), sequence, word in zip(e.offsets, e.sequence_ids, e.word_ids):
        source = "" if sequence is None or word is None else sources[sequence]
        at = utf16_at(source if isinstance(source, str) else source[word])
        offsets.append([at[a], at[b]] if source else [a, b])
    return {"inputIds": e.ids, "tokenTypeIds": e.type_ids, "attentionMask": e.attention_mask, "specialTokensMask": e.special_tokens_mask,
            "offsetMapping": offsets, "wordIds": e.word_ids, "tokens": e.tokens}


def encode(tok, pad, text, pair, options):
    tok.no_truncation(), tok.no_padding()
    if "truncation" in options:
        tok.enable_truncation(options["max_length"], stride=options["stride"], strategy=options["truncation"], direction=options.get("truncation_side", "right"))
    if "padding" in options:
        tok.enable_padding(direction=options.get("padding_side", "right"), pad_id=tok.token_to_id(pad), pad_token=pad, pad_to_multiple_of=options.get("pad_to_multiple_of"),
                           length=options["max_length"] if options["padding"] == "max_length" else None)
    return tok.encode(text, pair, is_pretokenized=isinstance(text, list), add_special_tokens=options.get("add_special_tokens", True))


def camel(options):
    parts = {k: k.split("_") for k in options}
    return {parts[k][0] + "".join(p.title() for p in parts[k][1:]): v for k, v in options.items()}


def make_encodings():
    made = []
    for name, (tok, pad) in {"wordpiece": wordpiece(), "gpt2": byte_level("gpt2", True), "roberta": byte_level("roberta", False),
                             "character-bpe": character_bpe(), "unigram": unigram()}.items():
        tok.no_truncation(), tok.no_padding()
        tokenizer, cases = json.loads(tok.to_str()), []
        inputs = [(t, None, {}) for t in TEXTS] + [(w, None, {}) for w in WORDS]
        if name in ("wordpiece", "gpt2", "roberta"):
            inputs += [(a, b, o) for a, b in PAIRS for o in OPTIONS]
            inputs += [(t, None, o) for t in TEXTS[3:12:4] for o in OPTIONS if o.get("truncation") != "only_second"]
        for text, pair, options in inputs:
            case = {"text": text, "pair": pair, "options": camel(options)}
            try:
                e = encode(tok, pad, text, pair, options)
                case |= fields(e, (text, pair)) | {"overflowing": [fields(o, (text, pair)) for o in e.overflowing]}
                case["decoded"] = tok.decode(e.ids, skip_special_tokens=False)
            except BaseException as error:  # a Rust panic is no Exception
                if isinstance(error, (KeyboardInterrupt, SystemExit)):
                    raise
                case["error"] = str(error)[:100]
            cases.append(case)
        made.append({"name": name, "padToken": pad, "tokenizer": tokenizer, "cases": cases})
    return made


def make_merges():
    made = []
    for seed in range(30):
        rng = random.Random(seed)
        letters = "abcdef"[: rng.randint(2, 6)]
        lines = [" ".join("".join(rng.choice(letters) for _ in range(rng.randint(1, 9))) for _ in range(rng.randint(1, 8))) for _ in range(rng.randint(2, 12))]
        size, frequency = rng.choice([270, 290, 400, 1000]), rng.randint(1, 3)
        tok = Tokenizer(models.BPE())
        tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tok.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=size, min_frequency=frequency, special_tokens=["ab", "<s>"], initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False))
        model = json.loads(tok.to_str())["model"]
        tokens = sorted(model["vocab"], key=model["vocab"].get)
        made.append({"lines": lines, "vocabSize": size, "minFrequency": frequency, "specialTokens": ["ab", "<s>"], "tokens": tokens[258:], "merges": model["merges"]})
    return made


if __name__ == "__main__":
    for name, value in {"encodings.json": make_encodings(), "merges.json": make_merges()}.items():
        lines = ",\n".join(json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in value)
        (HERE / name).write_text(f"[\n{lines}\n]\n", encoding="utf-8")

"""Writes sentencepiece.json: small SentencePiece models, as base64, and what SentencePiece makes of awkward texts with them.

    python test/golden/tokenizers/make_sentencepiece_cases.py      # sentencepiece 0.2.3, transformers 5.23.0

`published` are the same files in the hands of published classes (transformers). The published normalization maps are too
large to be kept here; a small one with keys of several characters, overlapping ones and deletions stands for them.
"""
import base64
import json
import tempfile
from importlib.metadata import version
from pathlib import Path

import sentencepiece
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import AutoTokenizer

from make_cases import TEXT

assert (version("sentencepiece"), version("transformers")) == ("0.2.3", "5.23.0")
HERE = Path(__file__).resolve().parent

RULES = {"ﬁ": "fi", "①": "1", "e\u0301": "é", "e\u0301\u0323": "ẹ", "\u3000": " ", "\u00a0": " ", "\t": " ", "\n": " ", "\u200b": "", "㍿": "株式会社", "Ａ": "A", "ａ": "a", "...": "…", "..": "‥", "😀": ":)"}
TEXTS = ["", " ", "   ", "The boat", " the  keeper's   lamp ", "zero\u200bwidth\u3000wide\u00a0space\ttab\nline ", "ﬁne ﬁ ①② Ａａ ㍿", "e\u0301 e\u0301\u0323 e\u0323\u0301 éa\u0301", "a... b.. c. d.... .....", "小船在日出之前离开了港口，守灯塔的人。",
         "日本語 한국어 ไทย हिन्दी", "😀😀 👩‍👧 𠮷野家 𝕳𝖊", "quay-side/sea_shore 1,234.50€ #1!", "<0x41> <0x0A> ▁mark", "Fähre fährt über den Fluß", "null\0bell\x07", "\ufffd\ufeff\u00ad", "éèêë ÉÈÊË ñ ç", "the boat <sym> foo <sym>foo", "x" * 40 + " " + "ab" * 30, "\u0301leading"]

MODELS = {
    "unigram-bytes": dict(model_type="unigram", byte_fallback=True, vocab_size=480, rules=True),
    "unigram": dict(model_type="unigram", vocab_size=200, rules=True),
    "unigram-ids-of-t5": dict(model_type="unigram", vocab_size=200, rules=True, pad_id=0, eos_id=1, unk_id=2, bos_id=-1),
    "unigram-plain-spaces": dict(model_type="unigram", vocab_size=200, remove_extra_whitespaces=False, normalization_rule_name="identity"),
    "bpe-bytes": dict(model_type="bpe", byte_fallback=True, vocab_size=520, normalization_rule_name="identity"),
    "bpe": dict(model_type="bpe", vocab_size=260, rules=True, add_dummy_prefix=False),
    "char": dict(model_type="char", vocab_size=90, rules=True),
}
CLASSES = [
    ("unigram-ids-of-t5", "T5Tokenizer", "spiece.model", {"extra_ids": 5}),
    ("unigram", "XLMRobertaTokenizer", "sentencepiece.bpe.model", {}),
    ("unigram", "CamembertTokenizer", "sentencepiece.bpe.model", {}),
    ("unigram", "DebertaV2Tokenizer", "spm.model", {}),
    ("unigram", "DebertaV2Tokenizer", "spm.model", {"do_lower_case": True, "split_by_punct": True}),
]


def train(folder, rules=False, **settings):
    if rules:
        table = folder / "rules.tsv"
        table.write_text("".join("{}\t{}\n".format(*(" ".join(f"{ord(c):X}" for c in side) for side in rule)) for rule in RULES.items()), encoding="utf-8")
        settings["normalization_rule_tsv"] = str(table)
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(TEXT * 3), model_prefix=str(folder / "m"), character_coverage=0.98, hard_vocab_limit=False, minloglevel=2, num_threads=1, **settings)
    return folder / "m.model"


def published(place, config, files):
    place.mkdir()
    for file, content in files.items():
        (place / file).write_bytes(content)
    (place / "tokenizer_config.json").write_text(json.dumps(config))
    tokenizer = AutoTokenizer.from_pretrained(place)
    rows = [{"text": text, "ids": tokenizer(text)["input_ids"]} for text in TEXTS + ["<mask> a <pad></s> b<unk>", "<extra_id_1>x <extra_id_4>", "[CLS] a [MASK] b[SEP]"]]
    pair = tokenizer("The boat", "the sea")
    return {"config": config, "length": len(tokenizer), "cases": rows, "pair": {"ids": pair["input_ids"], "types": pair.get("token_type_ids")}}


def deberta(place):
    """The first DeBERTa has byte-level pairs."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["[PAD]", "[CLS]", "[SEP]", "[UNK]"]
    bpe.train_from_iterator(TEXT, trainers.BpeTrainer(vocab_size=330, special_tokens=special, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False))
    bpe.add_special_tokens(["[MASK]"])
    model = json.loads(bpe.to_str())["model"]
    texts = {"vocab.json": json.dumps({**model["vocab"], "[MASK]": len(model["vocab"])}), "merges.txt": "#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in model["merges"])}
    return {"texts": texts, **published(place, {"tokenizer_class": "DebertaTokenizer"}, {file: text.encode() for file, text in texts.items()})}


def main():
    golden = {"models": [], "published": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for model, settings in MODELS.items():
            path = train(folder, **settings)
            processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
            cases = []
            for text in TEXTS:
                # A text that spells a byte or a space as a piece does is taken for it, as in converted tokenizers.
                if "<0x" in text and "bytes" in model or "▁" in text and "plain" in model:
                    continue
                ids = processor.encode(text)
                cases.append({"text": text, "ids": ids, "pieces": [processor.id_to_piece(id) for id in ids], "decoded": processor.decode(ids).replace(" \u2047 ", "<unk>")})
            golden["models"].append({"name": model, "file": base64.b64encode(path.read_bytes()).decode(), "cases": cases})
            for known, tokenizer_class, file, settings in CLASSES:
                if known == model:
                    config = {"tokenizer_class": tokenizer_class, **settings}
                    golden["published"].append({"file": file, "model": model, **published(folder / str(len(golden["published"])), config, {file: path.read_bytes()})})
        golden["published"].append(deberta(folder / "deberta"))
    (HERE / "sentencepiece.json").write_text(json.dumps(golden, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

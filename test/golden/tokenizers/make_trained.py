"""Writes trained.json: vocabularies that the reference learns with options, for src/tokenizers/trainers/options.test.ts.

    python test/golden/tokenizers/make_trained.py      # tokenizers 0.23.3

The text is made of words over few letters by a seeded generator. Affixes make the reference number tokens in the order of a
hash table, so that equally frequent pairs are merged in any order; where they are used the sizes keep clear of such ties, and
tokens are compared as a set.
"""
import json
import random
from pathlib import Path

import tokenizers
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

assert tokenizers.__version__ == "0.23.3", tokenizers.__version__
HERE = Path(__file__).resolve().parent

rng = random.Random(6)
SYLLABLES = ["ba", "do", "ki", "lu", "me", "ni", "po", "ra", "su", "te", "vo", "xi", "ß", "É", "小", "船", "ﬁ", "😀"]
WORDS = ["".join(rng.choice(SYLLABLES) for _ in range(rng.randint(1, 5))) for _ in range(160)]
LINES = [" ".join(WORDS[min(int(rng.expovariate(0.03)), 159)] for _ in range(rng.randint(4, 12))) for _ in range(400)]


def bpe(**options):
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer, trainers.BpeTrainer(special_tokens=["<unk>"], show_progress=False, **options)


def byte_level(**options):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    return tokenizer, trainers.BpeTrainer(special_tokens=["<|endoftext|>"], initial_alphabet=alphabet, show_progress=False, **options)


def word_piece(**options):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return tokenizer, trainers.WordPieceTrainer(special_tokens=special, show_progress=False, **options)


def unigram(**options):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return tokenizer, trainers.UnigramTrainer(special_tokens=["<unk>", "<s>", "</s>", "<pad>"], unk_token="<unk>", show_progress=False, **options)


CASES = [
    ("characterBpe", bpe, dict(vocab_size=150, min_frequency=2), {}),
    ("characterBpe", bpe, dict(vocab_size=200, min_frequency=9, limit_alphabet=20), {}),
    ("characterBpe", bpe, dict(vocab_size=160, min_frequency=2, initial_alphabet=["z", "Ω", "qq"], max_token_length=5), {}),
    ("characterBpe", bpe, dict(vocab_size=400, min_frequency=40, end_of_word_suffix="</w>"), {}),
    ("characterBpe", bpe, dict(vocab_size=400, min_frequency=40, continuing_subword_prefix="@@"), {}),
    ("byteLevelBpe", byte_level, dict(vocab_size=380, min_frequency=3), {}),
    ("byteLevelBpe", byte_level, dict(vocab_size=400, min_frequency=2, max_token_length=6), {}),
    ("wordPiece", word_piece, dict(vocab_size=400, min_frequency=40, continuing_subword_prefix="##"), {}),
    ("wordPiece", word_piece, dict(vocab_size=400, min_frequency=40, limit_alphabet=18, initial_alphabet=["z"], continuing_subword_prefix="_"), {}),
    ("unigram", unigram, dict(vocab_size=90), {}),
    ("unigram", unigram, dict(vocab_size=80, initial_alphabet=["z", "Ω"], max_piece_length=6), {}),
    ("unigram", unigram, dict(vocab_size=70, shrinking_factor=0.5, n_sub_iterations=3), {}),
]


def main():
    rows = []
    for kind, make, options, _ in CASES:
        tokenizer, trainer = make(**options)
        tokenizer.train_from_iterator(LINES, trainer)
        state = json.loads(tokenizer.to_str())
        model = state["model"]
        vocab = model["vocab"] if isinstance(model["vocab"], list) else sorted(model["vocab"], key=model["vocab"].get)
        rows.append({"kind": kind, "options": options, "normalizer": state["normalizer"], "preTokenizer": state["pre_tokenizer"], "vocab": vocab, "merges": model.get("merges")})
        print(kind, options, len(vocab), len(model.get("merges") or []))
    text = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    lines = json.dumps(LINES, ensure_ascii=False, separators=(",", ":"))
    (HERE / "trained.json").write_text(f'{{"lines":{lines},\n"trained":[\n{text}\n]}}\n', encoding="utf-8")


main()

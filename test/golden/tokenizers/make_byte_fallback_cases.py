"""Writes byte-fallback.json: a Unigram vocabulary that falls back to bytes, and what the reference makes of awkward texts with it.

    python test/golden/tokenizers/make_byte_fallback_cases.py      # tokenizers 0.23.3

The reference learns the pieces; its trainer knows no bytes, so their 256 tokens are put behind the special ones here. The
lines are ASCII, so that everything else in the texts becomes bytes.
"""
import json
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from make_cases import TEXT, TEXTS

assert tokenizers.__version__ == "0.23.3", tokenizers.__version__
HERE = Path(__file__).resolve().parent
SPECIAL = ["<unk>", "<s>", "</s>", "<pad>"]
LINES = [line for line in TEXT if line.isascii()] * 4
PIECES = 150


def pipeline(model):
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Sequence([decoders.Replace("<unk>", " \u2047 "), decoders.Metaspace(), decoders.ByteFallback()])
    return tokenizer


def main():
    learned = pipeline(models.Unigram())
    learned.train_from_iterator(LINES, trainers.UnigramTrainer(vocab_size=len(SPECIAL) + PIECES, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False))
    vocab = json.loads(learned.to_str())["model"]["vocab"]
    pieces = [(token, score) for token, score in vocab if token not in SPECIAL]
    rows = [(token, 0.0) for token in SPECIAL + [f"<0x{byte:02X}>" for byte in range(256)]] + pieces
    tokenizer = pipeline(models.Unigram(rows, 0, True))
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in SPECIAL])
    cases = []
    for text in TEXTS + ["<unk>boat<unk> sea", "\U0001F469\u200D\U0001F467\ufe0f", "<0x41> <0xE4>", "\ufffd\U0010FFFF\ue000"]:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        cases.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False)})
    # Bytes that are no UTF-8: a lone one, one too few, and one too many.
    for ids in [[4 + 0xE4], [4 + 0xE4, 4 + 0xB8], [4 + 0xE4, 4 + 0xB8, 4 + 0xAD, 4 + 0xAD], [4 + 0xC3, 270, 4 + 0xA9]]:
        cases.append({"text": None, "ids": ids, "decoded": tokenizer.decode(ids)})
    golden = {"lines": LINES, "vocabSize": len(rows), "vocab": pieces, "cases": cases}
    (HERE / "byte-fallback.json").write_text(json.dumps(golden, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Writes splits.json: how the reference's pre-tokenizers cut awkward texts, as [start, end] in UTF-16 units.

    python test/golden/tokenizers/make_split_cases.py      # tokenizers 0.23.3
"""
import json
import random
import sys
from pathlib import Path

import tokenizers
from tokenizers import Regex, models, pre_tokenizers as p

assert tokenizers.__version__ == "0.23.3"
CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
BEHAVIORS = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]
PARTS = [p.Whitespace(), p.WhitespaceSplit(), p.BertPreTokenizer(), p.CharDelimiterSplit("-"), p.Digits(False), p.Digits(True), p.Metaspace(), p.Metaspace(prepend_scheme="never"),
         *(p.Punctuation(b) for b in BEHAVIORS), *(p.Split("--", b) for b in BEHAVIORS), *(p.Split(Regex(r"\s+"), b, invert=True) for b in BEHAVIORS), *(p.Split(Regex(GPT2), b) for b in ("isolated", "removed")),
         *(p.Split(Regex(CONTRACTIONS % n), "isolated") for n in (r"\p{N}{1,3}", r"\p{N}")), p.Sequence([p.Whitespace(), p.Digits(True)]), p.Sequence([p.Split(Regex(r"\s+"), "removed"), p.Punctuation("isolated")])]
BITS = ["a", "Bc", "é", "中", " ", "  ", "\n", "\r\n", "\t", "\u3000", "'s", "'S", "'LL", "'\u017f", "'", "7", "42", "½", "٣", "!", "--", "-", "—", "😀", "\u0301", "_", "…", "、", "\u200d", "1234567"]


def units(text, start, end):
    size = lambda part: len(part.encode("utf-16-le")) // 2
    return [size(text[:start]), size(text[:end])]


def main():
    rng = random.Random(5)
    texts = ["", " ", "Hello, world! It's 2024--05.", *("".join(rng.choice(BITS) for _ in range(rng.randint(1, 12))) for _ in range(40))]
    cases = []
    for part in PARTS:
        tok = tokenizers.Tokenizer(models.BPE())
        tok.pre_tokenizer = part
        cases.append({"preTokenizer": json.loads(tok.to_str())["pre_tokenizer"], "words": [[units(text, *span) for _, span in part.pre_tokenize_str(text)] for text in texts]})
    path = Path(__file__).resolve().parent / "splits.json"
    path.write_text(json.dumps({"texts": texts, "cases": cases}, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

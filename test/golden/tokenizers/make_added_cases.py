"""Writes added.json: tokens that users add, in all their ways, to the small tokenizers of encodings.json.

    python test/golden/tokenizers/make_added_cases.py      # tokenizers 0.23.3

Offsets count UTF-16 units.
"""
import json
import random
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Tokenizer

assert tokenizers.__version__ == "0.23.3"
HERE = Path(__file__).resolve().parent
# No two are the same once they are normalized: which of them is found then varies from run to run of the reference.
WORDS = ["the", "keeper", "Boat", "É", "<x>", "[Y]", "a b", "小船", "#", "lamp's", "Ｆ", " sp", "in", "İ", "''", "▁the", "Ġx", "1"]
BITS = WORDS + [" ", "  ", "\t", "\n", "x", "the boat", "Keeper's", "_", "-", "é", "e", "\u0301", "<X>", "[y]", "!", "A B", "a  b", "小", "船", "TH", "THE", "ﬁ", "\u00a0", "\u3000", "😀"]


def units(text, end):
    return len(text[:end].encode("utf-16-le")) // 2


def main():
    rng = random.Random(9)
    bases = json.loads((HERE / "encodings.json").read_text(encoding="utf-8"))
    groups = []
    for number in range(40):
        base = bases[number % len(bases)]
        tok = Tokenizer.from_str(json.dumps(base["tokenizer"]))
        for word in rng.sample(WORDS, rng.randint(1, 5)):
            token = AddedToken(word, lstrip=rng.random() < 0.3, rstrip=rng.random() < 0.3, single_word=rng.random() < 0.3, normalized=rng.random() < 0.5)
            (tok.add_special_tokens if rng.random() < 0.4 else tok.add_tokens)([token])
        cases = []
        for _ in range(8):
            text = "".join(rng.choice(BITS) for _ in range(rng.randint(1, 9)))
            e = tok.encode(text, add_special_tokens=False)
            cases.append({"text": text, "inputIds": e.ids, "tokens": e.tokens, "offsetMapping": [[units(text, a), units(text, b)] for a, b in e.offsets], "wordIds": e.word_ids,
                          "kept": tok.decode(e.ids, skip_special_tokens=False), "skipped": tok.decode(e.ids, skip_special_tokens=True)})
        groups.append({"base": base["name"], "addedTokens": json.loads(tok.to_str())["added_tokens"], "cases": cases})
    (HERE / "added.json").write_text(json.dumps(groups, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Writes src/tokenizers/generated/unicode-tables.ts: which code points the reference library treats how.

    python test/golden/tokenizers/make_unicode_tables.py     # tokenizers 0.23.3

The reference's parts carry Unicode tables of different ages (its punctuation is older than its letters), and a
JavaScript engine has yet another. So each table is measured: every code point goes through the reference alone.
"""
from pathlib import Path

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

assert tokenizers.__version__ == "0.23.3", tokenizers.__version__
ROOT = Path(__file__).resolve().parents[3]
POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]


def bert(**on):
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**(off | on)).normalize_str


def matches(pattern):
    split = pre_tokenizers.Split(Regex(pattern), "isolated")
    return lambda s: len(split.pre_tokenize_str("!" + s + "!")) == 3


def measure():
    clean, cjk, accents, marks = bert(clean_text=True), bert(handle_chinese_chars=True), bert(strip_accents=True), normalizers.StripAccents().normalize_str
    nfd, nfkd = normalizers.NFD().normalize_str, normalizers.NFKD().normalize_str
    cut = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
    letter, number = matches(r"\p{L}"), matches(r"\p{N}")
    tables = {name: [] for name in ("LETTER", "NUMBER", "WHITESPACE", "PUNCTUATION", "REMOVED", "IDEOGRAPH", "NONSPACING_MARK", "COMBINING_MARK", "DECOMPOSED", "COMPATIBILITY_DECOMPOSED")}
    for c in POINTS:
        s = chr(c)
        words = [w for w, _ in cut("a" + s + "b")]
        tests = dict(LETTER=letter(s), NUMBER=number(s), WHITESPACE=words == ["a", "b"], PUNCTUATION=len(words) == 3, REMOVED=clean(s) == "",
                     IDEOGRAPH=cjk(s) != s, NONSPACING_MARK=accents(s) == "" and nfd(s) == s, COMBINING_MARK=marks(s) == "",
                     DECOMPOSED=nfd(s) != s, COMPATIBILITY_DECOMPOSED=nfkd(s) != s)
        for name, true in tests.items():
            if true:
                tables[name].append(c)
    return tables


def packed(points):
    """Ranges as base-36 numbers: the gap since the last range, then the length of this one."""
    ranges = []
    for c in points:
        if ranges and ranges[-1][1] == c:
            ranges[-1][1] = c + 1
        else:
            ranges.append([c, c + 1])
    out, at = [], 0
    for first, end in ranges:
        out += [base36(first - at), base36(end - first)]
        at = end
    return " ".join(out)


def base36(n):
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    return digits[n] if n < 36 else base36(n // 36) + digits[n % 36]


COMMENTS = {
    "LETTER": r"`\p{L}` of the byte-level pattern.", "NUMBER": r"`\p{N}` of the byte-level pattern.", "WHITESPACE": "The Unicode property White_Space.",
    "PUNCTUATION": "What BERT's pre-tokenizer isolates.", "REMOVED": "What BERT's normalizer deletes as control characters.",
    "IDEOGRAPH": "What BERT's normalizer surrounds with spaces.", "NONSPACING_MARK": "What BERT's normalizer strips as accents.",
    "COMBINING_MARK": "What the StripAccents normalizer deletes.", "DECOMPOSED": "What canonical decomposition (NFD, NFC) changes.",
    "COMPATIBILITY_DECOMPOSED": "What compatibility decomposition (NFKD, NFKC) changes.",
}

if __name__ == "__main__":
    lines = ["/**", " * Which code points the reference library (tokenizers 0.23.3) treats how; made by test/golden/tokenizers/make_unicode_tables.py.",
             " * Ranges as base-36 numbers: the gap since the last range, then the length of this one.", " */"]
    for name, points in measure().items():
        lines += [f"/** {COMMENTS[name]} */", f'export const {name} =\n  "{packed(points)}";']
    (ROOT / "src/tokenizers/generated/unicode-tables.ts").write_text("\n".join(lines) + "\n")

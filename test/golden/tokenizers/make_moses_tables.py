"""Writes src/tokenizers/generated/moses-tables.ts: the character classes and abbreviations of the Moses rules that XLM uses.

    python test/golden/tokenizers/make_moses_tables.py     # sacremoses 0.2.0, Python 3.11 (Unicode 14)

The Moses scripts carry Perl's tables of their time, and the reference adds those of Python; a JavaScript engine has
others. The classes are therefore measured: every code point is put to the reference's own expressions.
"""
import re
import sys
import unicodedata
from importlib.metadata import version
from pathlib import Path

from make_unicode_tables import POINTS, packed
from sacremoses import MosesTokenizer
from sacremoses.corpus import NonbreakingPrefixes

assert version("sacremoses") == "0.2.0" and unicodedata.unidata_version == "14.0.0", (version("sacremoses"), sys.version)
ROOT = Path(__file__).resolve().parents[3]

ABOUT = {
    "ALPHANUMERIC": "What Moses takes for part of a word.",
    "ALPHABETIC": "What Moses takes for a letter.",
    "LOWERCASE": "What Moses takes for a small letter.",
    "NUMERIC": "What Moses takes for a digit between which a comma stays.",
    "DIGIT": "`\\d` of Python.",
    "OTHER": "Unicode's categories C of Python: control, format, private and unassigned characters.",
    "ACCENT": "Unicode's category Mn of Python.",
}


def measure():
    sets = {"ALPHANUMERIC": set(MosesTokenizer.IsAlnum), "ALPHABETIC": set(MosesTokenizer.IsAlpha), "LOWERCASE": set(MosesTokenizer.IsLower), "NUMERIC": set(MosesTokenizer.IsN)}
    tests = {name: chars.__contains__ for name, chars in sets.items()}
    tests["DIGIT"] = re.compile(r"\d").fullmatch
    tests["OTHER"] = lambda s: unicodedata.category(s).startswith("C")
    tests["ACCENT"] = lambda s: unicodedata.category(s) == "Mn"
    return {name: [c for c in POINTS if test(chr(c))] for name, test in tests.items()}


def abbreviations():
    """For each language the words after which a full stop stays; with # at the end, only before a number."""
    lists = {}
    for language in sorted(set(NonbreakingPrefixes().available_langs.values()) - {"zh"}):
        moses = MosesTokenizer(language)
        numeric = moses.NUMERIC_ONLY_PREFIXES
        always = [word for word in moses.NONBREAKING_PREFIXES if word not in numeric and not re.search(r"\s", word)]
        words = always + [f"{word} #" for word in numeric if not re.search(r"\s", word)]
        lists[language] = "|".join(dict.fromkeys(words))
    return lists


def main():
    lines = [
        "/**",
        " * Character classes and abbreviations of the Moses scripts (https://www.statmt.org/moses), as sacremoses 0.2.0 distributes",
        " * them under the MIT licence; made by test/golden/tokenizers/make_moses_tables.py.",
        " * Ranges as base-36 numbers: the gap since the last range, then the length of this one.",
        " */",
    ]
    for name, points in measure().items():
        lines += ["", f"/** {ABOUT[name]} */", f"export const {name} =", f'  "{packed(points)}";']
    lines += ["", "/** Words after which a full stop stays, by language; `x #`: only before a number. */", "export const ABBREVIATIONS: Readonly<Record<string, string>> = {"]
    for language, words in abbreviations().items():
        assert '"' not in words and "\\" not in words
        lines.append(f'  {language}: "{words}",')
    lines.append("};")
    (ROOT / "src/tokenizers/generated/moses-tables.ts").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

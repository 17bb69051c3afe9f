"""Writes xlm.json: XLM's way with awkward texts in several languages, which src/tokenizers/moses is tested with.

    python test/golden/tokenizers/make_xlm_cases.py      # transformers 5.23.0, sacremoses 0.2.0

The merges are few and partly of pieces that the vocabulary lacks, as in the published ones.
"""
import json
import random
import tempfile
from importlib.metadata import version
from pathlib import Path

from transformers import XLMTokenizer
from transformers.models.xlm.tokenization_xlm import lowercase_and_remove_accent, romanian_preprocessing

assert (version("transformers"), version("sacremoses")) == ("5.23.0", "0.2.0")
HERE = Path(__file__).resolve().parent
SPECIAL = ["<s>", "</s>", "<pad>", "<unk>"] + [f"<special{i}>" for i in range(10)]
LETTERS = [letter + end for letter in "abcdefghijklmnopqrstuvwxyz0123456789.,'\"-!?()" for end in ("", "</w>")]
MERGES = ["t h", "th e</w>", "i n", "in g</w>", "e r</w>", "o n</w>", "a n", "an d</w>", "s t", "n e</w>", "o ne</w>"]
VOCABULARY = SPECIAL + LETTERS + ["th", "the</w>", "in", "ing</w>", "er</w>", "on</w>", "an", "st", "one</w>"]  # without "and</w>" and "ne</w>"

TEXTS = {
    "en": ["", " ", "The keeper's lamp wasn't lit, was it?", "Mr. Brown paid 1,250.50 $ to Prof. Smith. No. 5 was his; no. seven wasn't.", "He said “wait…” – and ‘left’ — at 5 p.m.", "a.b. c. D. U.S.A. is. i.e. this. and. the end.",
           "the thing one thine none and other ones", "1's 5's O'Neill 'tis rock'n'roll ''twice'' `odd` ´acute´", "wait.. what... no.... yes.' end.'", "「日本」、中国。 好！", "tab\tnew\nline\x85nel\x1cfs\u00a0nbsp\u3000wide", "x\u200by\ufeffz \ue000 \U000e0041",
           "50 % : ; ( a ) [b] {c} <d> a:b;c #tag @me a_b a/b \\ | ~ ^ * + = & $5 €7", "<s>in</s> text <special3>and<unk>", "İstanbul ΑΣ ΟΔΟΣ ΣΑΣ ﬁ ǅ Ω É é e\u0301", "१२३ ๑๒ ½ ² 12,३ a,b 1,2,3, x,", "DOTMULTI DOTDOTMULTI DOT", "\U0001f600 👩‍👧 ☕️ 𝕳 𠮷", '"quoted," "twice".', "A - B -- C --- D"],
    "de": ["Er sagte: „Ja.“ Dann ging er z.B. nach Hause, bzw. zu Fr. Müller.", '"So," sagte er. "Nein."..."Doch.""', "Am 3. Mai kosteten 1 000 Stück 5,50 €.", "XIV. Jahrhundert usw. und so.", '...."x "." ". "< .  "'],
    "fr": ["L'homme d'aujourd'hui n'a « rien » dit : « Quoi ? »", "C'est-à-dire qu'il l'aime. 10 000 € env. 5 %", "«sans» espaces «\u00a0avec\u00a0»\u00a0! nº\u00a05 20\u00a0ºC 3\u00a0cm", "'l' a' 'b 5'c c'5"],
    "it": ["L'albero dell'amico è nell'orto. Dott. Rossi, pag. 3."], "es": ['Dijo "sí". Sr. López, Ud. sabe. 1\u00a0000'], "ro": ["Ţara şi oraşul: Țara și orașul, în Bucureşti. Î Â Ă ă."], "ru": ["Это г. Москва, т.е. столица. См. стр. 5."], "el": ["Ο κ. Παπαδόπουλος ήρθε στις 5 μ.μ. ΟΔΟΣ."],
    "hu": ["Jan. 5. és jan. ötödik. Dr. Kovács, pl. ez."], "ga": ["lch. 5 agus lch. eile. uimh. 7"], "cs": ["Ing. Novák, tzn. 1\u00a0000 Kč atd."], "xx": ["It's an unknown language, Dr. No. 'tis 1\u00a0000."],
}


def random_texts():
    rng = random.Random(7)
    marks = list(".,!?'\"`-()[]<>:;%$&@#/ ") + ["«", "»", "“", "’", "„", "…", "—", "\u00a0", "。", "，", "..", "...", "''", "Dr", "No", "5", "x", "Ab", "É"]
    return ["".join(rng.choice(marks) for _ in range(rng.randint(2, 14))) for _ in range(60)]


def main():
    groups = []
    for lower in (True, False):
        with tempfile.TemporaryDirectory() as folder:
            vocab, merges = Path(folder) / "vocab.json", Path(folder) / "merges.txt"
            vocab.write_text(json.dumps({token: i for i, token in enumerate(VOCABULARY)}), encoding="utf-8")
            merges.write_text("".join(f"{merge} 7\n" for merge in MERGES), encoding="utf-8")
            tokenizer = XLMTokenizer(str(vocab), str(merges), do_lowercase_and_remove_accent=lower)
        cases = []
        for language, texts in TEXTS.items():
            for text in texts + (random_texts() if language in ("en", "de", "fr") and lower else []):
                normalized = tokenizer.moses_pipeline(text, lang=language)
                normalized = romanian_preprocessing(normalized) if language == "ro" else normalized
                words = tokenizer.moses_tokenize(normalized, lang=language)
                words = lowercase_and_remove_accent(words) if lower else words
                case = {"text": text, "lang": language, "normalized": normalized, "words": [word for word in words if word]}
                if language == "en":
                    tokens = tokenizer.tokenize(text)
                    ids = tokenizer.build_inputs_with_special_tokens(tokenizer.convert_tokens_to_ids(tokens))
                    case |= {"tokens": tokens, "input_ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)}
                cases.append(case)
        groups.append({"lowercase": lower, "cases": cases})
    pair = tokenizer("the one", "and more", return_token_type_ids=True)
    golden = {"vocabulary": VOCABULARY, "merges": MERGES, "groups": groups, "pair": {"texts": ["the one", "and more"], "input_ids": pair["input_ids"], "token_type_ids": pair["token_type_ids"]}}
    (HERE / "xlm.json").write_text(json.dumps(golden, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

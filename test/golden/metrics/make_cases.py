"""Random cases of the metrics with the values of the reference packages, whose versions the output names.

    python make_cases.py                                  # cases.json beside this file
    python make_cases.py --seed 7 --rounds 200 --output /tmp/more.json
"""
import argparse
import json
import math
import random
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy
import sacrebleu
from nltk.stem.porter import PorterStemmer
from nltk.tokenize import NLTKWordTokenizer
from rouge_score import rouge_scorer
from scipy import stats
from seqeval import metrics as tags
from seqeval import scheme as schemes
from sklearn import metrics as sk

warnings.filterwarnings("ignore")
PACKAGES = ("sacrebleu", "rouge-score", "seqeval", "scikit-learn", "scipy", "nltk", "numpy")

WORDS = """the a an of and to in it's don't cannot gonna U.S. e-mail 3.5 1,000 10-20 $5 50% naïve café Straße runs running ran
relational conditional happily skies dying generalizations hopping falling agreed (both) "quoted" end. why? yes! a/b x_y semi;colon
北京 很好 ， 。 “天气” ー カタカナ ｆｕｌｌ １２ … — – ‘single’ [bracket] {brace} <tag> &amp; @user #tag ' '' `` ... -- '""".split()
SYLLABLES = "al anci ate ation ator bl ed eed ement enci ent er ful fulli ic ical ies ing ion ism iti ive iz ize logi ly ness ous s ss sses y".split()
CHINESE = list("我们今天去北京看天气，很好。你在哪里？iPhone 2018年《书》")


def case(name, input, expected, **options):
    return {"name": name, "input": input, "options": options, "expected": expected}


def number(x):
    return float(x) if math.isfinite(x) else None


def sentence(rng, longest=14):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randrange(longest)))


def changed(rng, text):
    """The words of a text, some of them lost, doubled, exchanged or moved."""
    words = text.split(" ")
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(words))
        how = rng.randrange(4)
        if how == 0:
            words[at] = rng.choice(WORDS)
        elif how == 1 and len(words) > 1:
            words.pop(at)
        elif how == 2:
            words.insert(at, words[at])
        else:
            start, end = sorted((at, rng.randrange(len(words))))
            part = words[start:end]
            del words[start:end]
            to = rng.randrange(len(words) + 1)
            words[to:to] = part
    return " ".join(words)


def translation(rng):
    n = rng.randrange(1, 5)
    refs = [[sentence(rng) for _ in range(n)] for _ in range(rng.randrange(1, 3))]
    hyps = [changed(rng, rng.choice(refs)[i]) for i in range(n)]
    data = {"hypotheses": hyps, "references": refs}
    tokenize = rng.choice(["13a", "zh", "intl", "char", "none"])
    o = dict(tokenize=tokenize, smooth_method=rng.choice(["exp", "floor", "add-k", "none"]), lowercase=rng.random() < 0.3,
             effective_order=rng.random() < 0.5, max_ngram_order=rng.choice([2, 4, 5]))
    s = sacrebleu.BLEU(**o).corpus_score(hyps, refs)
    yield case("bleu", data, dict(score=s.score, counts=s.counts, totals=s.totals, precisions=s.precisions, bp=s.bp, sys_len=s.sys_len, ref_len=s.ref_len), level="corpus", **o)
    text = sentence(rng)
    yield case("tokenizer", {"text": text}, {"tokens": sacrebleu.BLEU(tokenize=tokenize).tokenizer(text).split()}, level="tokenizer", tokenize=tokenize)
    o = dict(word_order=rng.randrange(3), char_order=rng.choice([2, 6]), beta=rng.choice([1, 2, 3]), whitespace=rng.random() < 0.3,
             lowercase=rng.random() < 0.3, eps_smoothing=rng.random() < 0.3)
    yield case("chrf", data, {"score": sacrebleu.CHRF(**o).corpus_score(hyps, refs).score}, level="corpus", **o)
    o = {k: rng.random() < 0.4 for k in ("normalized", "no_punct", "asian_support", "case_sensitive")}
    s = sacrebleu.TER(**o).corpus_score(hyps, refs)
    yield case("ter", data, {"score": s.score, "num_edits": s.num_edits, "ref_length": s.ref_length}, level="corpus", **o)


def summaries(rng):
    kinds = ["rouge1", "rouge2", "rouge3", "rougeL", "rougeLsum"]
    lines = lambda: "\n".join(sentence(rng, 8) for _ in range(rng.randrange(1, 4)))
    targets = [lines() for _ in range(rng.randrange(1, 3))]
    prediction = "\n".join(changed(rng, x) for x in rng.choice(targets).split("\n"))
    stem = rng.random() < 0.5
    scores = rouge_scorer.RougeScorer(kinds, use_stemmer=stem).score_multi(targets, prediction)
    yield case("rouge", {"prediction": prediction, "targets": targets}, {k: {"precision": s.precision, "recall": s.recall, "fmeasure": s.fmeasure} for k, s in scores.items()}, use_stemmer=stem)
    words = ["".join(rng.choice("bcdfghklmnprstvwxyz") + rng.choice("aeiouy") for _ in range(rng.randrange(3))) + rng.choice("bltszwxy") * rng.randrange(3) + rng.choice(SYLLABLES) + rng.choice(["", rng.choice(SYLLABLES)]) for _ in range(12)]
    stemmer = PorterStemmer()
    yield case("stems", {"words": words}, {"stems": [stemmer.stem(w) if len(w) > 3 else w for w in words]}, level="stemmer")


def spans(rng):
    scheme = rng.choice(["IOB1", "IOB2", "IOE1", "IOE2", "IOBES", "BILOU"])
    marks = {"IOB": "IB", "IOE": "IE"}.get(scheme[:3], "BILU" if scheme == "BILOU" else "BIES")
    marks = "BIES" if scheme == "IOBES" else marks
    tag = lambda: "O" if rng.random() < 0.3 else f"{rng.choice(marks)}-{rng.choice(['A', 'B', 'a-b'])}"
    true = [[tag() for _ in range(rng.randrange(1, 9))] for _ in range(4)]
    pred = [[t if rng.random() < 0.7 else tag() for t in s] for s in true]
    for mode in ("default", "strict"):
        kw = dict(scheme=getattr(schemes, scheme), mode=mode) if mode == "strict" else {}
        scores = {avg: {k: number(f(true, pred, average=avg, zero_division=0, **kw)) for k, f in (("precision", tags.precision_score), ("recall", tags.recall_score), ("f1", tags.f1_score))} for avg in ("micro", "macro", "weighted")}
        report = tags.classification_report(true, pred, output_dict=True, zero_division=0, **kw)
        per = {k: {m: float(x) for m, x in v.items()} for k, v in report.items() if not k.endswith(" avg")}
        yield case(f"spans {scheme}", {"true": true, "predicted": pred}, {**scores, "types": per, "accuracy": tags.accuracy_score(true, pred)}, scheme=scheme, mode=mode)


def classes(rng):
    k, n = rng.randrange(1, 6), rng.randrange(1, 30)
    t = [rng.randrange(k) for _ in range(n)]
    p = [y if rng.random() < 0.5 else rng.randrange(k) for y in t]
    names = sorted(set(t) | set(p))
    expected = {"accuracy": sk.accuracy_score(t, p), "labels": names, "confusion": sk.confusion_matrix(t, p, labels=names).tolist(), "matthews": number(sk.matthews_corrcoef(t, p)), "cohen_kappa": number(sk.cohen_kappa_score(t, p)), "balanced_accuracy": number(sk.balanced_accuracy_score(t, p))}
    for average in ("macro", "micro", "weighted"):
        pr, rc, f, _ = sk.precision_recall_fscore_support(t, p, average=average, zero_division=0)
        expected[average] = {"precision": pr, "recall": rc, "f1": f}
    pr, rc, f, c = sk.precision_recall_fscore_support(t, p, labels=names, zero_division=0)
    expected["per_class"] = [dict(zip(("precision", "recall", "f1", "support"), map(float, row))) for row in zip(pr, rc, f, c)]
    yield case("classes", {"true": t, "predicted": p}, expected, task="classification")


def numbers(rng):
    n = rng.randrange(2, 40)
    x = [round(rng.gauss(0, 2), rng.randrange(4)) for _ in range(n)]
    y = [round(a * rng.choice([1, 0.1]) + rng.gauss(0, 1), rng.randrange(4)) for a in x]
    yield case("numbers", {"x": x, "y": y}, {"pearson": number(stats.pearsonr(x, y)[0]), "spearman": number(stats.spearmanr(x, y)[0]), "kendall_tau_b": number(stats.kendalltau(x, y)[0]), "mse": float(numpy.mean((numpy.array(x) - y) ** 2)), "mae": float(numpy.mean(numpy.abs(numpy.array(x) - y)))}, task="regression")
    scores, t = [round(rng.random(), 1) for _ in range(n)], [1, 0] + [rng.randrange(2) for _ in range(n - 2)]
    yield case("ranking", {"scores": scores, "true": t}, {"roc_auc": sk.roc_auc_score(t, scores), "average_precision": sk.average_precision_score(t, scores)}, task="binary_scores")
    m = rng.randrange(2, 9)
    true = [[rng.randrange(4) for _ in range(m)] for _ in range(3)]
    score = [[round(rng.random() * 3) for _ in range(m)] for _ in range(3)]
    yield case("ndcg", {"relevance": true, "scores": score}, {"ndcg": sk.ndcg_score(true, score), "ndcg@3": sk.ndcg_score(true, score, k=3)}, task="ndcg_scores")


MARKS = set("-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』")


def segments(text):
    """mixed_segmentation(text, rm_punc=True) of the CMRC 2018 script, whose rules these are, with NLTK's own tokenizer."""
    out, word = [], ""
    flush = lambda: NLTKWordTokenizer().tokenize(word) if word else []
    for c in text.lower().strip():
        if c in MARKS:
            continue
        if "\u4e00" <= c <= "\u9fa5":
            out, word = out + flush() + [c], ""
        else:
            word += c
    return out + flush()


def chinese(rng):
    text = "".join(rng.choice(CHINESE + [" ", sentence(rng, 4)]) for _ in range(8))
    yield case("segments", {"answers": ["北京"], "prediction": text}, {"segments": segments(text)}, task="cmrc2018")
    text = sentence(rng)
    yield case("words", {"answers": ["北京"], "prediction": text}, {"segments": segments(text)}, task="cmrc2018")


def finite(value):
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    value = value.item() if isinstance(value, numpy.generic) else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "cases.json")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    cases = [c for _ in range(args.rounds) for make in (translation, summaries, spans, classes, numbers, chinese) for c in make(rng)]
    about = "Random cases of the metrics beside the reference packages"
    text = json.dumps(finite({"versions": {p: version(p) for p in PACKAGES}, "about": about, "cases": cases}), ensure_ascii=False, separators=(",", ":"))
    args.output.write_text(text + "\n", encoding="utf-8")
    print(len(cases), "cases,", len(text), "characters")


main()

"""TF-IDF and logistic regression of scikit-learn (version below) on a few made-up sentences: values to hold ours against.

    python make.py
"""
import json
import random
from pathlib import Path

import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

VERSION = "1.9.1"
assert sklearn.__version__ == VERSION, sklearn.__version__

rng = random.Random(3)
WORDS = {"good": "fine great lovely warm Café it's".split(), "bad": "dull cold grim lost x1 it's".split(), "odd": "green blue 北京 naïve_1 a".split()}
COMMON = "the a film was and very re-made 2nd".split()


def sentence(label):
    return " ".join(rng.choice(WORDS[label] if rng.random() < 0.4 else COMMON) for _ in range(rng.randrange(3, 9)))


def case(labels):
    y = [labels[i % len(labels)] for i in range(36)]
    texts = [sentence(rng.choice(labels) if rng.random() < 0.2 else label) for label in y]
    new = [sentence(label) for label in labels * 3] + ["unseen words alone", ""]
    vectorizer = TfidfVectorizer()
    x = vectorizer.fit_transform(texts)
    model = LogisticRegression(tol=1e-10, max_iter=10000).fit(x, y)
    return {
        "texts": texts, "labels": y, "new": new, "vocabulary": vectorizer.vocabulary_, "first": x[0].toarray()[0].tolist(),
        "coefficients": model.coef_.tolist(), "intercepts": model.intercept_.tolist(), "predicted": model.predict(vectorizer.transform(new)).tolist(),
    }


content = {"version": VERSION, "cases": [case(["bad", "good"]), case(["bad", "good", "odd"])]}
Path(__file__).with_name("tfidf.json").write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")

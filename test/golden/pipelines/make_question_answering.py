"""Answers of the reference's question-answering pipeline, which transformers 5 no longer has, for the models of make_heads.py.

Offsets are written in UTF-16 units. Versions: torch 2.15.0, transformers 4.57.3, tokenizers 0.22.1.
Run: python make_question_answering.py
"""

import json
import os

import torch
import transformers
from transformers import pipeline

here = os.path.dirname(os.path.abspath(__file__))
short = "the cat sat on a mat . it rains in paris"
long = "the cats ran under a mat and the quick bird flew over paris , it rains in france ; " * 3
calls = [
    ("where is the cat ?", short, {}),
    ("where is the cat ?", short, {"top_k": 3}),
    ("where is the cat ?", short, {"top_k": 3, "max_answer_len": 2}),
    ("where is the cat ?", short, {"top_k": 2, "align_to_words": False}),
    ("is it 😀 ?", "😀 the dogs fly 😀 over zürich", {"top_k": 4}),
    ("你好", "你好天气 the cat", {"top_k": 2}),
    ("a bird ?", long, {}),
    ("a bird ?", long, {"top_k": 5}),
    ("a bird ?", long, {"top_k": 3, "max_seq_len": 16, "doc_stride": 3}),
    ("a bird ?", long, {"top_k": 3, "handle_impossible_answer": True}),
    ("a bird ?", short, {"handle_impossible_answer": True, "max_answer_len": 1}),
]


def utf16(text, index):
    return len(text[:index].encode("utf-16-le")) // 2


cases = []
for name in ["bert-answers", "roberta-answers"]:
    answer = pipeline("question-answering", os.path.join(here, name), device="cpu")
    for question, context, options in calls:
        found = answer(question=question, context=context, **options)
        expected = []
        for each in found if isinstance(found, list) else [found]:
            start, end = (utf16(context, each[key]) for key in ["start", "end"])
            expected.append({"score": float(each["score"]), "start": start, "end": end, "answer": each["answer"]})
        cases.append(
            {"model": name, "question": question, "context": context, "options": options, "expected": expected}
        )
made = {"versions": {"torch": torch.__version__, "transformers": transformers.__version__}, "cases": cases}
with open(os.path.join(here, "question-answering.json"), "w", encoding="utf-8") as file:
    file.write(json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n")

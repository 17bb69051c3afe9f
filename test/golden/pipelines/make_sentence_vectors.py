"""Vectors of sentences by sentence-transformers, for every way of pooling, over the encoder of make_pipelines.py.

Writes sentence-encoders/NAME with modules.json and 1_Pooling/config.json (and 2_Dense), without the encoder's own files,
which are those of ../bert. Versions: torch 2.15.0, transformers 4.57.3, sentence-transformers 5.1.2.
Run: python make_sentence_vectors.py
"""

import json
import os
import shutil
import tempfile

import sentence_transformers
import torch
from sentence_transformers import SentenceTransformer, models

here = os.path.dirname(os.path.abspath(__file__))
texts = ["the cat sat on the mat .", "你好", "", "the quick dogs ran under a house and it rains in paris !"]
encoders = {
    "mean": (["mean_tokens"], None, True),
    "cls": (["cls_token"], None, False),
    "max": (["max_tokens"], None, False),
    "mean-sqrt-len": (["mean_sqrt_len_tokens"], None, False),
    "weightedmean": (["weightedmean_tokens"], None, True),
    "lasttoken": (["lasttoken"], None, False),
    "cls-and-mean": (["mean_tokens", "cls_token"], None, True),
    "dense-tanh": (["mean_tokens"], torch.nn.Tanh(), True),
    "dense-identity": (["cls_token"], None, False),
}
made = {"versions": {"torch": torch.__version__, "sentence_transformers": sentence_transformers.__version__}}
made["texts"] = texts
made["vectors"] = {}
for name, (modes, activation, normalizes) in encoders.items():
    torch.manual_seed(1)
    encoder = models.Transformer(os.path.join(here, "bert"))
    width = encoder.get_word_embedding_dimension()
    chosen = {f"pooling_mode_{mode}": mode in modes for mode in ["mean_tokens", *modes]}
    parts = [encoder, models.Pooling(width, **chosen)]
    if name.startswith("dense"):
        parts.append(models.Dense(width, 5, bias=activation is not None, activation_function=activation))
    if normalizes:
        parts.append(models.Normalize())
    model = SentenceTransformer(modules=parts, device="cpu")
    made["vectors"][name] = model.encode(texts).tolist()
    folder = os.path.join(here, "sentence-encoders", name)
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as whole:
        model.save(whole)
        os.makedirs(folder)
        shutil.copy(os.path.join(whole, "modules.json"), folder)
        for part in ["1_Pooling", "2_Dense"]:
            if os.path.isdir(os.path.join(whole, part)):
                shutil.copytree(os.path.join(whole, part), os.path.join(folder, part))
with open(os.path.join(here, "sentence-vectors.json"), "w", encoding="utf-8") as file:
    file.write(json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n")

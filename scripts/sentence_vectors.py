"""Mean-pooled, normalized sentence vectors as the reference makes them: sentence_vectors.py FOLDER < texts.json > vectors.json."""
import json
import sys

import torch
from transformers import AutoModel, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
model = AutoModel.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
texts = json.load(sys.stdin)
vectors = []
for start in range(0, len(texts), 16):
    inputs = tokenizer(texts[start : start + 16], padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        hidden = model(**inputs).last_hidden_state
    mask = inputs["attention_mask"].unsqueeze(-1).float()
    vectors += torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1)).tolist()
json.dump(vectors, sys.stdout)

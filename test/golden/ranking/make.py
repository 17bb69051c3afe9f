"""The losses of a bi-encoder and of a cross-encoder over a batch and their gradients, by PyTorch in double precision, over
../pipelines/bert and ../pipelines/bert-score; and how the cross-encoder scores documents.

The bi-encoder: what sentence-transformers' MultipleNegativesRankingLoss computes, but for the masks: each text is one document of the batch,
and another answer to the same query is no candidate. Pooling as in sentence-transformers. The cross-encoder: binary cross-entropy
over each query with its answer and its negatives, or without any with the answers to the next four queries.
Versions: torch 2.15.0, transformers 5.23.0. Run: python make.py
"""

import json
import os

import torch
import transformers
from transformers import BertForSequenceClassification, BertModel, BertTokenizerFast

here = os.path.dirname(os.path.abspath(__file__))
folder = os.path.join(here, "..", "pipelines", "bert")
tokenizer = BertTokenizerFast.from_pretrained(folder)

examples = [
    {"query": "the cat sat", "positive": "under a house it rains .", "negatives": ["the dog ran", "paris is quick"]},
    {"query": "bird flew over", "positive": "the quick dogs ran in paris !"},
    {"query": "the cat sat", "positive": "a mat under the cat", "negatives": ["the dog ran"]},
    {"query": "你好 , is it", "positive": "under a house it rains ."},
]
cases = {
    "mean, cosine": ("mean", "cosine", 20.0),
    "mean, dot": ("mean", "dot", 1.0),
    "cls, dot": ("cls", "dot", 1.0),
    "max, cosine": ("max", "cosine", 10.0),
    "mean_sqrt_len, dot": ("mean_sqrt_len", "dot", 0.5),
    "weightedmean, cosine": ("weightedmean", "cosine", 20.0),
    "lasttoken, cosine": ("lasttoken", "cosine", 20.0),
}


def pooled(hidden, mask, mode):
    weights = mask.double()
    count = weights.sum(1, keepdim=True)
    if mode == "max":
        return hidden.masked_fill(mask.unsqueeze(-1) == 0, -torch.inf).max(1).values
    if mode == "cls":
        return hidden[:, 0]
    if mode == "lasttoken":
        return hidden[torch.arange(len(hidden)), mask.sum(1) - 1]
    if mode == "weightedmean":
        weights = weights * torch.arange(1, mask.shape[1] + 1)
        return (hidden * weights.unsqueeze(-1)).sum(1) / weights.sum(1, keepdim=True)
    total = (hidden * weights.unsqueeze(-1)).sum(1)
    return total / (count if mode == "mean" else count.sqrt())


def encode(model, texts, mode):
    inputs = tokenizer(texts, padding=True, return_tensors="pt")
    return pooled(model(**inputs).last_hidden_state, inputs["attention_mask"], mode)


def loss_of(model, mode, similarity, scale):
    documents = list(dict.fromkeys(text for each in examples for text in [each["positive"], *each.get("negatives", [])]))
    queries = encode(model, [each["query"] for each in examples], mode)
    vectors = encode(model, documents, mode)
    if similarity == "cosine":
        queries = torch.nn.functional.normalize(queries)
        vectors = torch.nn.functional.normalize(vectors)
    scores = scale * queries @ vectors.T
    labels = torch.tensor([documents.index(each["positive"]) for each in examples])
    for row, each in enumerate(examples):
        for other in examples:
            if other["query"] == each["query"] and other["positive"] != each["positive"]:
                scores[row, documents.index(other["positive"])] = -torch.inf
    return torch.nn.functional.cross_entropy(scores, labels)


def rounded(tensor):
    return [float(f"{value:.8g}") for value in tensor.flatten().tolist()]


made = {"versions": {"torch": torch.__version__, "transformers": transformers.__version__}}
made |= {"examples": examples, "cases": []}
for name, (mode, similarity, scale) in cases.items():
    model = BertModel.from_pretrained(folder, attn_implementation="eager").double().eval()
    loss = loss_of(model, mode, similarity, scale)
    loss.backward()
    gradients = {key: parameter.grad for key, parameter in model.named_parameters() if parameter.grad is not None}
    case = {"name": name, "pooling": mode, "similarity": similarity, "scale": scale, "loss": loss.item()}
    case["gradient_norms"] = {key: float(f"{gradient.norm().item():.8g}") for key, gradient in gradients.items()}
    case["word_gradient"] = rounded(gradients["embeddings.word_embeddings.weight"])
    made["cases"].append(case)


def ranked_pairs():
    for row, each in enumerate(examples):
        answers = [other["positive"] for other in examples if other["query"] == each["query"]]
        documents = [each["positive"], *each.get("negatives", [])]
        if "negatives" not in each:
            others = [examples[(row + step) % len(examples)]["positive"] for step in range(1, len(examples))]
            documents += list(dict.fromkeys(text for text in others if text not in answers))[:4]
        for document in documents:
            yield each["query"], document, float(document in answers)


model = BertForSequenceClassification.from_pretrained(
    os.path.join(here, "..", "pipelines", "bert-score"), attn_implementation="eager"
).double().eval()
pairs = list(ranked_pairs())
inputs = tokenizer([query for query, *_ in pairs], [text for _, text, _ in pairs], padding=True, return_tensors="pt")
logits = model(**inputs).logits.squeeze(-1)
loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.tensor([y for *_, y in pairs]).double())
loss.backward()
norms = {key: float(f"{p.grad.norm().item():.8g}") for key, p in model.named_parameters() if p.grad is not None}
made["ranking"] = {"pairs": pairs, "logits": rounded(logits), "loss": loss.item(), "gradient_norms": norms}
with open(os.path.join(here, "ranking.json"), "w", encoding="utf-8") as file:
    file.write(json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n")

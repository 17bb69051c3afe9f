"""Logits of a classifier of relations over the states of the two tokens that open the entities, by PyTorch.

    python make_entity_starts.py

Baldini Soares et al. 2019, "Matching the Blanks", https://arxiv.org/abs/1906.03158, figure 3f: the last layer's states at both
opening markers, side by side, here under a linear layer. The encoder is that of `bert/`; two words of its vocabulary stand for
the markers, and the classifier's weights are sines, so that nothing has to be stored. Written: `entity-starts.json`, with
torch 2.15.0 and transformers 5.23.0.
"""
import json
import math
from pathlib import Path

import torch
import transformers
from transformers import BertModel

folder = Path(__file__).parent
model = BertModel.from_pretrained(folder / "bert", add_pooling_layer=False, attn_implementation="eager").eval()
starts = [18, 19]  # `and` for the head, `bird` for the tail
classes = 3
rows = [[2, 5, 18, 6, 8, 10, 19, 13, 14, 3], [2, 19, 7, 9, 18, 6, 3]]
length = max(map(len, rows))
input_ids = torch.tensor([row + [0] * (length - len(row)) for row in rows])
attention_mask = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in rows])
features = 2 * model.config.hidden_size
weight = torch.tensor([[math.sin(1 + row * features + column) for column in range(features)] for row in range(classes)])
bias = torch.tensor([math.sin(-1 - row) for row in range(classes)])
labels = torch.tensor([2, 0])
with torch.no_grad():
    hidden = model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
    states = [hidden[torch.arange(len(rows)), (input_ids == start).int().argmax(1)] for start in starts]
    logits = torch.cat(states, 1) @ weight.T + bias
    loss = torch.nn.functional.cross_entropy(logits, labels)

written = {"versions": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__},
           "entityStarts": starts, "inputIds": input_ids.tolist(), "attentionMask": attention_mask.tolist(),
           "labels": labels.tolist(), "logits": logits.tolist(), "loss": loss.item()}
(folder / "entity-starts.json").write_text(json.dumps(written, indent=1) + "\n")

"""The same cases in PyTorch eager, by transformers' own classes: python training_run.py '{case}' STEPS THREADS."""
import json
import resource
import sys

import torch
import torch.nn.functional as F
from transformers import BertConfig, BertForMaskedLM, GPT2Config, GPT2LMHeadModel

case, steps, threads = json.loads(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(1)
is_gpt = case["architecture"] == "gpt2"
if is_gpt:
    model = GPT2LMHeadModel(GPT2Config(**case["config"], resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, use_cache=False))
else:
    model = BertForMaskedLM(BertConfig(**case["config"], hidden_dropout_prob=0, attention_probs_dropout_prob=0))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
rows = case["batchSize"] * case["sequenceLength"]
vocabulary = case["config"]["vocab_size"]
ids = torch.randint(0, vocabulary, (case["batchSize"], case["sequenceLength"]))
count = round(rows * case["selected"])
places = torch.arange(count) * rows // count
labels = torch.randint(0, vocabulary, (count,))
for _ in range(steps):
    if is_gpt:
        logits = model(ids).logits.reshape(rows, -1)
    else:
        hidden = model.bert(ids).last_hidden_state.reshape(rows, -1)
        logits = model.cls(hidden[places])
    loss = F.cross_entropy(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(json.dumps({"loss": loss.item(), "peakMiB": peak}))

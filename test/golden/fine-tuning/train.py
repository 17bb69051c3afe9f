"""The same fine-tuning in PyTorch: batches, schedule and first weights come from scripts/compare-finetuning.ts.

    python train.py FOLDER

FOLDER holds `model/` (weights before the first step, head included), `plan.json` and the batches as JSON Lines. Written:
`logits.bin` (float32, of every held-out batch after the last step) and `run.json` (seconds, processor
seconds and loss of each step, versions). Run with torch 2.15.0 and transformers 5.23.0. Needed only to make the scores of `scores.json` again.
"""
import json
import re
import sys
import time
from pathlib import Path

import numpy
import torch
import transformers
from transformers import (AutoModelForMultipleChoice, AutoModelForQuestionAnswering, AutoModelForSequenceClassification,
                          AutoModelForTokenClassification, get_linear_schedule_with_warmup)

folder = Path(sys.argv[1])
plan = json.loads((folder / "plan.json").read_text())
torch.manual_seed(plan["seed"])
torch.set_num_threads(plan["threads"])
classes = {"text-classification": AutoModelForSequenceClassification, "token-classification": AutoModelForTokenClassification,
           "question-answering": AutoModelForQuestionAnswering, "multiple-choice": AutoModelForMultipleChoice}
model = classes[plan["task"]].from_pretrained(folder / "model")
types = {"int64": torch.int64, "float32": torch.float32}
targets = ("labels", "start_positions", "end_positions")


def batches(name):
    with open(folder / name) as lines:
        for line in lines:
            yield {re.sub("([A-Z])", r"_\1", key).lower(): torch.tensor(value["data"], dtype=types[value["type"]]).reshape(value["dims"])
                   for key, value in json.loads(line).items()}


decayed = [p for p in model.parameters() if p.dim() > 1]
others = [p for p in model.parameters() if p.dim() <= 1]
optimizer = torch.optim.AdamW(
    [{"params": decayed, "weight_decay": plan["weightDecay"]}, {"params": others, "weight_decay": 0.0}],
    lr=plan["learningRate"], betas=(plan["beta1"], plan["beta2"]), eps=plan["epsilon"], fused=True)
schedule = get_linear_schedule_with_warmup(optimizer, plan["warmupSteps"], plan["totalSteps"])
seconds = []
processor_seconds = []
losses = []

model.train()
for batch in batches("training.jsonl"):
    start, processor_start = time.perf_counter(), time.process_time()
    loss = model(**batch).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), plan["maximumGradientNorm"])
    optimizer.step()
    schedule.step()
    optimizer.zero_grad()
    losses.append(loss.item())
    seconds.append(time.perf_counter() - start)
    processor_seconds.append(time.process_time() - processor_start)

model.eval()
with open(folder / "logits.bin", "wb") as output, torch.no_grad():
    for batch in batches("held-out.jsonl"):
        outputs = model(**{key: value for key, value in batch.items() if key not in targets})
        for name in ("logits", "start_logits", "end_logits"):
            if name in outputs:
                output.write(outputs[name].numpy().astype(numpy.float32).tobytes())
(folder / "run.json").write_text(json.dumps(
    {"seconds": seconds, "processorSeconds": processor_seconds, "losses": losses, "torch": torch.__version__, "transformers": transformers.__version__}))

"""The same fine-tuning in PyTorch: batches, schedule and first weights come from scripts/compare-finetuning.ts.

    python train.py FOLDER

FOLDER holds `model/` (weights before the first step, head included), `plan.json` and the batches as JSON Lines. Written:
`logits.bin` (float32, of every held-out batch after every epoch) and `run.json` (seconds, versions). Run with torch 2.15.0
and transformers 5.23.0. Needed only to make the scores again.
"""
import json
import sys
import time
from pathlib import Path

import numpy
import torch
import transformers
from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification, get_linear_schedule_with_warmup

folder = Path(sys.argv[1])
plan = json.loads((folder / "plan.json").read_text())
torch.manual_seed(plan["seed"])
torch.set_num_threads(plan["threads"])
classes = {"text-classification": AutoModelForSequenceClassification, "token-classification": AutoModelForTokenClassification}
model = classes[plan["task"]].from_pretrained(folder / "model")


def batches(name):
    with open(folder / name) as lines:
        for line in lines:
            batch = {key: torch.tensor(value["data"]).reshape(value["dims"]) for key, value in json.loads(line).items()}
            yield {"input_ids": batch["inputIds"], "attention_mask": batch["attentionMask"],
                   **({"token_type_ids": batch["tokenTypeIds"]} if "tokenTypeIds" in batch else {}),
                   "labels": batch["labels"]}


decayed = [p for p in model.parameters() if p.dim() > 1]
others = [p for p in model.parameters() if p.dim() <= 1]
optimizer = torch.optim.AdamW(
    [{"params": decayed, "weight_decay": plan["weightDecay"]}, {"params": others, "weight_decay": 0.0}],
    lr=plan["learningRate"], betas=(plan["beta1"], plan["beta2"]), eps=plan["epsilon"], fused=True)
schedule = get_linear_schedule_with_warmup(optimizer, plan["warmupSteps"], plan["totalSteps"])
held_out = list(batches("held-out.jsonl"))
seconds = 0.0


def evaluate(output):
    model.eval()
    with torch.no_grad():
        for batch in held_out:
            inputs = {key: value for key, value in batch.items() if key != "labels"}
            output.write(model(**inputs).logits.numpy().astype(numpy.float32).tobytes())
    model.train()


model.train()
with open(folder / "logits.bin", "wb") as output:
    for step, batch in enumerate(batches("training.jsonl")):
        start = time.perf_counter()
        model(**batch).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), plan["maximumGradientNorm"])
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        seconds += time.perf_counter() - start
        if (step + 1) % plan["stepsOfEpoch"] == 0:
            evaluate(output)
(folder / "run.json").write_text(json.dumps(
    {"seconds": seconds, "torch": torch.__version__, "transformers": transformers.__version__}))

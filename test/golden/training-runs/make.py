"""PyTorch's figures for the pretraining runs of `runs.ts`: same initial weights, batches, optimizer and schedule.

    pip install torch==2.15.0 transformers==5.23.0
    npx tsx --conditions=@cloze/source test/golden/training-runs/export.ts FOLDER
    python test/golden/training-runs/make.py FOLDER [RUN …]

Reads what `export.ts` wrote and writes RUN.json beside this script: settings, the loss and the gradient's norm at every
step, and the held-out figures. Float32, eager attention, dropout off. The model, its loss where it has one, AdamW, the
clipping and the schedule are transformers' and PyTorch's own; nothing is taken from our figures but for comparison.
"""
import json
import math
import sys
import time
from pathlib import Path

import numpy
import torch
import transformers
from torch.nn.functional import cross_entropy

torch.set_num_threads(1)
HERE = Path(__file__).parent
CLASSES = {"gpt2": transformers.GPT2LMHeadModel, "bert": transformers.BertForPreTraining}
# What decides the figures; the rest of a run's settings says where it is kept.
SETTINGS = ["architecture", "preset", "objective", "vocabSize", "steps", "batchSize", "sequenceLength", "learningRate", "warmupSteps",
            "schedule", "weightDecay", "beta1", "beta2", "epsilon", "maximumGradientNorm", "dropout", "initialization",
            "maskShare", "maskTokenShare", "randomTokenShare", "holdOutEvery", "seed"]


def batch_of(words, places):
    return {name: torch.from_numpy(words[start:start + math.prod(dims)].reshape(dims).astype("int64"))
            for name, (start, dims) in places.items()}


def labels_of(batch):
    """[B, T]: what stood at the hidden places, -100 elsewhere."""
    labels = torch.full_like(batch["inputIds"], -100)
    labels.view(-1)[batch["positions"]] = batch["labels"]
    return labels


def gpt2_loss(model, batch):
    logits = model(input_ids=batch["inputIds"]).logits
    return cross_entropy(logits.flatten(0, 1), batch["nextTokenIds"].flatten())


def bert_forward(model, batch):
    return model(input_ids=batch["inputIds"], attention_mask=batch.get("attentionMask"),
                 token_type_ids=batch.get("tokenTypeIds"), labels=labels_of(batch), next_sentence_label=batch["pairLabels"])


def bert_loss(model, batch):
    return bert_forward(model, batch).loss


def gpt2_scores(model, batch):
    labels = batch["nextTokenIds"].flatten()
    logits = model(input_ids=batch["inputIds"]).logits.flatten(0, 1)
    return {"loss": (cross_entropy(logits, labels, reduction="sum"), (labels != -100).sum())}


def bert_scores(model, batch):
    output, labels, pairs = bert_forward(model, batch), labels_of(batch).flatten(), batch["pairLabels"]
    logits = output.prediction_logits.flatten(0, 1)
    return {"maskedLoss": (cross_entropy(logits, labels, reduction="sum"), (labels != -100).sum()),
            "pairLoss": (cross_entropy(output.seq_relationship_logits, pairs, reduction="sum"), len(pairs))}


LOSSES = {"gpt2": gpt2_loss, "bert": bert_loss}
SCORES = {"gpt2": gpt2_scores, "bert": bert_scores}


@torch.no_grad()
def held_out(model, kind, batches, byte_count):
    model.eval()
    totals = {}
    for batch in batches:
        for name, (total, count) in SCORES[kind](model, batch).items():
            before = totals.get(name, (0.0, 0))
            totals[name] = (before[0] + float(total), before[1] + int(count))
    figures = {name: total / count for name, (total, count) in totals.items()}
    if kind == "gpt2":
        figures["bitsPerByte"] = totals["loss"][0] / math.log(2) / byte_count
    return figures


def train(model, kind, settings, batches):
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    groups = [{"params": matrices, "weight_decay": settings["weightDecay"]}, {"params": vectors, "weight_decay": 0.0}]
    betas = (settings["beta1"], settings["beta2"])
    optimizer = torch.optim.AdamW(groups, lr=settings["learningRate"], betas=betas, eps=settings["epsilon"])
    schedule = transformers.get_scheduler(settings["schedule"], optimizer, settings["warmupSteps"], settings["steps"])
    losses, norms = [], []
    model.train()
    for batch in batches:
        optimizer.zero_grad()
        loss = LOSSES[kind](model, batch)
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), settings["maximumGradientNorm"])))
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
    return losses, norms


def make(folder):
    run = json.loads((folder / "run.json").read_text())
    words = numpy.fromfile(folder / "batches.bin", dtype="<i4")
    settings, ours = run["settings"], run["figures"]
    kind = settings["architecture"]
    model = CLASSES[kind].from_pretrained(folder / "initial", attn_implementation="eager")
    evaluation = [batch_of(words, places) for places in run["evaluation"]]
    initial = held_out(model, kind, evaluation, ours["heldOutBytes"])
    started = time.time()
    losses, norms = train(model, kind, settings, (batch_of(words, places) for places in run["training"]))
    seconds = time.time() - started
    figures = held_out(model, kind, evaluation, ours["heldOutBytes"])
    rounded = {
        "versions": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__},
        "settings": {**{name: settings[name] for name in SETTINGS}, "corpus": Path(settings["corpus"]).name},
        "heldOutBytes": ours["heldOutBytes"],
        "initialHeldOut": {name: round(value, 6) for name, value in initial.items()},
        "heldOut": {name: round(value, 6) for name, value in figures.items()},
        "losses": [round(value, 5) for value in losses],
        "gradientNorms": [round(value, 5) for value in norms],
    }
    lines = ",\n".join(f'  {json.dumps(key)}: {json.dumps(value)}' for key, value in rounded.items())
    (HERE / f"{run['name']}.json").write_text(f"{{\n{lines}\n}}\n")
    print(run["name"], f"{len(losses)} steps in {seconds:.1f} s (ours {ours['seconds']:.1f} s)")
    for name, value in figures.items():
        print(f"  {name}: PyTorch {value:.5f}, ours {ours['heldOut'][name]:.5f} ({ours['heldOut'][name] / value - 1:+.3%})")
    apart = [abs(a - b) / a for a, b in zip(losses, ours["losses"])]
    for count in (1, 10, 20, 50, len(losses)):
        print(f"  losses of the first {min(count, len(losses))} steps: at most {max(apart[:count]):.2e} apart")
    apart = [abs(a - b) / a for a, b in zip(norms, ours["gradientNorms"])]
    print(f"  norms of the first 10 steps: at most {max(apart[:10]):.2e} apart; of all, {max(apart):.2e}")


def main():
    root, *names = sys.argv[1:]
    for folder in sorted(Path(root).iterdir()):
        if not names or folder.name in names:
            make(folder)


main()

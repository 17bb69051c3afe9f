"""The same cases in PyTorch, by transformers' own classes: model_run.py '{case}' REPETITIONS THREADS FOLDER [full-head]."""
import json
import resource
import sys

import torch
import torch.nn.functional as F
from transformers import BertForMaskedLM, BertModel, GPT2LMHeadModel
from transformers.generation.streamers import BaseStreamer
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
case, repetitions, threads, folder = json.loads(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
full_head = "full-head" in sys.argv[5:]
torch.set_num_threads(threads)
torch.manual_seed(1)
rows = case["batchSize"] * case["sequenceLength"]
shape = (case["batchSize"], case["sequenceLength"])


def token_ids(count, vocabulary, seed=0):
    return torch.tensor([((index + seed) * 7919 + 13) % vocabulary for index in range(count)])


def say(**event):
    print(json.dumps(event), flush=True)


def train():
    is_gpt = case["architecture"] == "gpt2"
    model = (GPT2LMHeadModel if is_gpt else BertForMaskedLM).from_pretrained(folder, dtype=torch.float32)
    model.train()
    vocabulary = model.config.vocab_size
    # What transformers' own Trainer takes; the default of torch takes longer.
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01, fused=True)
    ids = token_ids(rows, vocabulary).view(shape)
    count = round(rows * case["selected"])
    places = torch.arange(count) * rows // count
    labels = token_ids(count, vocabulary, 1)
    every_label = torch.full((rows,), -100)
    every_label[places] = labels
    every_label = every_label.view(shape)
    for index in range(repetitions):
        if is_gpt:
            logits = model(ids, use_cache=False).logits.view(rows, -1)
            loss = F.cross_entropy(logits, labels)
        elif full_head:
            loss = model(ids, labels=every_label).loss
        else:
            hidden = model.bert(ids).last_hidden_state.view(rows, -1)
            loss = F.cross_entropy(model.cls(hidden[places]), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if index == 0:
            say(event="first")
    return loss.item()


@torch.inference_mode()
def call():
    model = BertModel.from_pretrained(folder, dtype=torch.float32).eval()
    inputs = {
        "input_ids": token_ids(rows, model.config.vocab_size).view(shape),
        "attention_mask": torch.ones(shape, dtype=torch.long),
        "token_type_ids": torch.zeros(shape, dtype=torch.long),
    }
    value = 0
    for index in range(repetitions):
        hidden = model(**inputs).last_hidden_state
        if index == 0:
            say(event="first")
            value = hidden.abs().sum().item()
    return value


class FirstToken(BaseStreamer):
    """Says when the first token is there; the prompt comes before it."""

    def __init__(self):
        self.count = 0

    def put(self, _):
        self.count += 1
        if self.count == 2:
            say(event="first")

    def end(self):
        pass


@torch.inference_mode()
def decode():
    model = GPT2LMHeadModel.from_pretrained(folder, dtype=torch.float32).eval()
    beams = case["beams"]
    ids = model.generate(
        token_ids(rows, model.config.vocab_size).view(shape),
        attention_mask=torch.ones(shape, dtype=torch.long),
        num_beams=beams,
        do_sample=False,
        min_new_tokens=repetitions,
        max_new_tokens=repetitions,
        pad_token_id=model.config.eos_token_id,
        streamer=FirstToken() if beams == 1 else None,
    )
    if beams > 1:
        say(event="first")
    # Later ones may differ where two tokens are nearly as good.
    return ids[0, rows : rows + 8].sum().item()


value = {"training": train, "forward": call, "decoding": decode}[case["kind"]]()
usage = resource.getrusage(resource.RUSAGE_SELF)
unit = 1024 * 1024 if sys.platform == "darwin" else 1024
say(
    event="done",
    value=value,
    userMs=usage.ru_utime * 1000,
    systemMs=usage.ru_stime * 1000,
    peakMiB=round(usage.ru_maxrss / unit),
)

"""Continued prompts that `make.py` does not cover, as reference folders.

    pip install torch==2.15.0 transformers==5.23.0
    python test/golden/models/make_searches.py        # decoders that look at an encoder's states
    pip install torch==2.15.0 transformers==4.51.3
    python test/golden/models/make_searches.py        # contrastive, diverse and constrained searches, gone from 5

The settings are drawn at random. Cases whose result changes when all weights move by 2e-5 of themselves are left out: there
two continuations are as good as equal. Version 5 cannot keep a cache here, so it reads the whole text at each step.
Version 4 counts padding as said where it penalizes repetition, version 5 and Cloze do not: no such case is padded.
"""
import json
import shutil
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

from make import redraw

torch.set_num_threads(1)
OLD = transformers.__version__.startswith("4.")
END, PAD, VOCABULARY = 2, 0, 24


def perturbed(model, g):
    saved = {name: p.clone() for name, p in model.named_parameters()}
    for p in model.parameters():
        p.mul_(1 + 2e-5 * torch.randn(p.shape, generator=g))
    return lambda: [p.copy_(saved[name]) for name, p in model.named_parameters()]


def generate(model, inputs, kwargs):
    tensors = {name: torch.tensor(value) for name, value in inputs.items()}
    extra = {} if OLD else {"use_cache": False}
    # The constrained search of version 4 fails to give scores where a word is missing.
    scored = "force_words_ids" not in kwargs
    output = model.generate(**tensors, **kwargs, **extra, return_dict_in_generate=True, output_scores=scored)
    scores = getattr(output, "sequences_scores", None)
    return output.sequences.tolist(), None if scores is None else scores.tolist()


def stable_case(model, g, inputs, kwargs):
    ids, scores = generate(model, inputs, kwargs)
    for _ in range(2):
        restore = perturbed(model, g)
        changed, _ = generate(model, inputs, kwargs)
        restore()
        if changed != ids:
            return None
    return {"kwargs": kwargs, **inputs, "output_ids": ids, **({} if scores is None else {"sequences_scores": scores})}


def draw(g, low, high):
    return int(torch.randint(low, high, (1,), generator=g))


def prompts(g, config):
    rows = torch.randint(3, VOCABULARY, (2, 4), generator=g)
    mask = torch.ones(2, 4, dtype=torch.long)
    mask[1, : draw(g, 0, 3)] = 0
    return {"input_ids": torch.where(mask == 1, rows, torch.tensor(PAD)).tolist(), "attention_mask": mask.tolist()}


def words(g):
    word = lambda: torch.randint(3, VOCABULARY, (draw(g, 1, 4),), generator=g).tolist()
    either = lambda: [[first, *word()] for first in torch.randperm(VOCABULARY - 3, generator=g)[:2].add(3).tolist()]
    return [word() if draw(g, 0, 2) else either() for _ in range(draw(g, 1, 3))]


def search_settings(g, index):
    kwargs = {"max_new_tokens": draw(g, 4, 12), "do_sample": False}
    if draw(g, 0, 3) == 0:
        kwargs["repetition_penalty"] = 1.3
    if index % 3 == 0:
        return {**kwargs, "penalty_alpha": draw(g, 1, 10) / 10, "top_k": draw(g, 2, 8)}
    kwargs |= {"length_penalty": [0.0, 0.7, 1.0, 2.0][draw(g, 0, 4)], "early_stopping": [False, True, "never"][draw(g, 0, 3)]}
    if index % 3 == 1:
        groups = draw(g, 2, 4)
        beams = groups * draw(g, 1, 4)
        return {**kwargs, "num_beams": beams, "num_beam_groups": groups, "diversity_penalty": draw(g, 1, 20) / 10,
                "num_return_sequences": draw(g, 1, beams + 1)}
    beams = draw(g, 2, 7)
    return {**kwargs, "num_beams": beams, "force_words_ids": words(g), "num_return_sequences": draw(g, 1, beams + 1)}


def cross_settings(g, index):
    kwargs = {"max_new_tokens": draw(g, 4, 10), "do_sample": False}
    return {**kwargs, "num_beams": draw(g, 2, 5)} if index % 2 else kwargs


def with_source(g, config):
    mask = torch.ones(2, 5, dtype=torch.long)
    mask[1, 3:] = 0
    states = torch.randn(2, 5, config.hidden_size, generator=g)
    return {**prompts(g, config), "encoder_hidden_states": states.tolist(), "encoder_attention_mask": mask.tolist()}


def folder(name, model, seed, count, inputs_of, settings_of):
    g = torch.Generator().manual_seed(seed)
    model.eval()
    redraw(model, g)
    for name_, p in model.named_parameters():
        if any(part in name_ for part in ("wte", "word_embeddings")):
            p.mul_(3)  # so that tokens differ, and the end is said now and then
    cases, index = [], 0
    while len(cases) < count:
        inputs, kwargs = inputs_of(g, model.config), settings_of(g, index)
        if "repetition_penalty" in kwargs and 0 in sum(inputs["attention_mask"], []):
            continue
        case = stable_case(model, g, inputs, kwargs)
        if case is not None:
            cases.append(case)
            index += 1
    target = Path(__file__).parent / name
    shutil.rmtree(target, ignore_errors=True)
    model.save_pretrained(target)
    save_file({"input.input_ids": torch.tensor(cases[0]["input_ids"])}, target / "reference.safetensors")
    reference = {"class": type(model).__name__, "framework": {"torch": "2.15.0", "transformers": transformers.__version__},
                 "generation": cases}
    (target / "reference.json").write_text(json.dumps(reference) + "\n")
    print(name, len(cases), "cases")


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    ends = {"eos_token_id": END, "pad_token_id": PAD, "bos_token_id": 1}
    bert = {"vocab_size": VOCABULARY, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16,
            "max_position_embeddings": 24, "is_decoder": True, "add_cross_attention": True, **ends}
    gpt2 = {"vocab_size": VOCABULARY, "n_positions": 20, "n_embd": 8, "n_layer": 2, "n_head": 2, **ends}
    if OLD:
        folder("gpt2-GPT2LMHeadModel-searches", transformers.GPT2LMHeadModel(transformers.GPT2Config(**gpt2)), 1, 90, prompts,
               search_settings)
    else:
        folder("bert-BertLMHeadModel-source", transformers.BertLMHeadModel(transformers.BertConfig(**bert)), 2, 6, with_source,
               cross_settings)
        folder("roberta-RobertaForCausalLM-source", transformers.RobertaForCausalLM(transformers.RobertaConfig(**bert)), 3, 6,
               with_source, cross_settings)

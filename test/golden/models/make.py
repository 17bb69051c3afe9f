"""Small reference folders of models, so that the tests check parity with nothing beside the repository.

    pip install torch==2.15.0 transformers==5.23.0
    python test/golden/models/make.py [part of a name …]

Each folder holds a tiny model as `save_pretrained` writes it, and beside it `reference.json` and
`reference.safetensors`: inputs, outputs, gradients, the losses of 20 AdamW steps, and continued prompts. Computed in float32 on one CPU
thread, eager attention, dropout off. Every parameter is redrawn, gains and biases too, so that a forgotten one shows.
"""
import copy
import json
import math
import shutil
import sys
import zlib
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file

torch.set_num_threads(1)
BERT = {"vocab_size": 41, "hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 20,
        "max_position_embeddings": 16, "type_vocab_size": 2, "pad_token_id": 3}
GPT2 = {"vocab_size": 43, "n_positions": 16, "n_embd": 12, "n_layer": 2, "n_head": 3, "bos_token_id": 1, "eos_token_id": 1}
ROBERTA = {**BERT, "vocab_size": 37, "type_vocab_size": 1, "max_position_embeddings": 20, "layer_norm_eps": 1e-5}
ALBERT = {**BERT, "vocab_size": 39, "embedding_size": 6, "num_hidden_layers": 3, "num_hidden_groups": 2, "inner_group_num": 2}
DISTILBERT = {"vocab_size": 35, "dim": 12, "n_layers": 2, "n_heads": 3, "hidden_dim": 20, "max_position_embeddings": 16,
              "pad_token_id": 3}
GPT = {"vocab_size": 42, "n_positions": 16, "n_embd": 12, "n_layer": 2, "n_head": 3, "pad_token_id": 2, "eos_token_id": 1}
DECODER = {"is_decoder": True, "add_cross_attention": True, "eos_token_id": 2}
ADAMW = {"lr": 1e-3, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.01}
STEPS = 20


def redraw(model, g):
    for name, p in model.named_parameters():
        if p.dim() == 1:
            mean, std = (0.0, 0.05) if "bias" in name else (1.0, 0.1)
        else:
            embedding = any(part in name for part in ("embeddings", "wte", "wpe", "_embed."))
            fan_in = p.shape[0] if "c_" in name else p.shape[1]
            mean, std = 0.0, 0.25 if embedding else 0.85 / math.sqrt(fan_in)
        p.copy_(torch.randn(p.shape, generator=g) * std + mean)


def ids(g, batch, length, vocab):
    return torch.randint(4, vocab, (batch, length), generator=g)


def text_inputs(g, config):
    x = bert_inputs(g, config)
    del x["token_type_ids"]
    return x


def bert_inputs(g, config):
    mask = torch.tensor([[1] * 9, [1] * 5 + [0] * 4])
    x = torch.where(mask == 1, ids(g, 2, 9, config.vocab_size), torch.tensor(config.pad_token_id))
    x[0, 6] = config.pad_token_id if config.pad_token_id is not None else 0  # a pad that is read: its row takes no gradient
    types = torch.tensor([[0] * 4 + [1] * 5, [0] * 2 + [1] * 3 + [0] * 4])
    return {"input_ids": x, "attention_mask": mask, "token_type_ids": types}


def pretraining_inputs(g, config):
    x = bert_inputs(g, config)
    labels = torch.full((2, 9), -100)
    labels[0, [1, 4, 7]] = ids(g, 1, 3, config.vocab_size)[0]
    labels[1, 2] = 7
    return {**x, "labels": labels, "next_sentence_label": torch.tensor([1, 0])}


def masked_inputs(g, config):
    x = pretraining_inputs(g, config)
    del x["next_sentence_label"]
    if getattr(config, "type_vocab_size", 0) < 2:
        del x["token_type_ids"]
    return x


def order_inputs(g, config):
    x = pretraining_inputs(g, config)
    x["sentence_order_label"] = x.pop("next_sentence_label")
    return x


def class_inputs(g, config):
    return {**text_inputs(g, config), "labels": torch.randint(config.num_labels, (2,), generator=g)}


def several_inputs(g, config):
    """1 or 0 for each class, which the labels' type alone says."""
    return {**text_inputs(g, config), "labels": (torch.rand(2, config.num_labels, generator=g) > 0.5).float()}


def number_inputs(g, config):
    return {**text_inputs(g, config), "labels": torch.randn(2, generator=g)}


def token_inputs(g, config):
    x = text_inputs(g, config)
    labels = torch.randint(config.num_labels, (2, 9), generator=g)
    return {**x, "labels": torch.where(x["attention_mask"] == 1, labels, torch.tensor(-100))}


def span_inputs(g, config):
    """The end of the second answer lies beyond the text, where it counts for nothing."""
    x = text_inputs(g, config)
    return {**x, "start_positions": torch.tensor([2, 4]), "end_positions": torch.tensor([5, 11])}


def choice_inputs(g, config):
    rows = [text_inputs(g, config) for _ in range(2)]
    return {**{k: torch.stack([row[k] for row in rows]) for k in rows[0]}, "labels": torch.tensor([1, 0])}


def double_inputs(g, config):
    """Without a mask, which OpenAI GPT does not take here."""
    x = ids(g, 6, 7, config.vocab_size).view(2, 3, 7)
    x[0, 1, 5:] = config.pad_token_id
    labels = torch.where(x == config.pad_token_id, torch.tensor(-100), x)
    places = torch.tensor([[6, 4, 2], [6, 6, 0]])
    return {"input_ids": x, "mc_token_ids": places, "labels": labels, "mc_labels": torch.tensor([1, 2])}


def cross_inputs(g, config):
    """A decoder's text, and an encoder's output."""
    x = causal_inputs(g, config)
    source = torch.randn(2, 5, config.hidden_size, generator=g)
    return {**x, "encoder_hidden_states": source, "encoder_attention_mask": torch.tensor([[1] * 5, [1] * 3 + [0] * 2])}


def cached_inputs(g, config):
    """The same without labels: what the decoder keeps is among its outputs."""
    x = cross_inputs(g, config)
    return {k: v for k, v in x.items() if k != "labels"}


def positioned_inputs(g, config):
    x = {"input_ids": ids(g, 2, 6, config.vocab_size)}
    return {**x, "position_ids": torch.randint(config.max_position_embeddings, (2, 6), generator=g)}


def causal_inputs(g, config):
    mask = torch.tensor([[1] * 8, [0] * 3 + [1] * 5])
    x = ids(g, 2, 8, config.vocab_size)
    return {"input_ids": x, "attention_mask": mask, "labels": torch.where(mask == 1, x, torch.tensor(-100))}


def past_inputs(g, config):
    mask = torch.ones(2, 9, dtype=torch.long)
    mask[1, :2] = 0
    x = {"input_ids": ids(g, 2, 5, config.vocab_size), "attention_mask": mask}
    shape = (2, config.n_head, 4, config.n_embd // config.n_head)
    for layer in range(config.n_layer):
        for kind in ("key", "value"):
            x[f"past_key_values.{layer}.{kind}"] = torch.randn(shape, generator=g)
    return x


def vectors_of(inputs, width):
    """The same inputs with vectors in the place of the ids."""

    def made(g, config):
        x = inputs(g, config)
        shape = x.pop("input_ids").shape
        return {"inputs_embeds": torch.randn((*shape, width), generator=g) * 0.5, **x}

    return made


CASES = [
    ("bert-BertForPreTraining", "BertConfig", BERT, pretraining_inputs),
    ("bert-BertModel-position-ids", "BertConfig", {**BERT, "hidden_act": "relu", "pad_token_id": None}, positioned_inputs),
    ("bert-BertForMaskedLM-untied", "BertConfig", {**BERT, "tie_word_embeddings": False, "hidden_act": "gelu_new"},
     masked_inputs),
    ("bert-BertForSequenceClassification-several", "BertConfig", {**BERT, "num_labels": 3}, several_inputs),
    ("bert-BertForQuestionAnswering", "BertConfig", {**BERT, "num_hidden_layers": 1}, span_inputs),
    ("bert-BertForMultipleChoice", "BertConfig", {**BERT, "num_hidden_layers": 1}, choice_inputs),
    ("bert-BertLMHeadModel-cross", "BertConfig", {**BERT, **DECODER}, cached_inputs),
    ("distilbert-DistilBertForMaskedLM", "DistilBertConfig", {**DISTILBERT, "sinusoidal_pos_embds": True}, masked_inputs),
    ("distilbert-DistilBertForSequenceClassification-number", "DistilBertConfig", {**DISTILBERT, "num_labels": 1},
     number_inputs),
    ("roberta-RobertaForMaskedLM", "RobertaConfig", {**ROBERTA, "hidden_act": "relu"}, masked_inputs),
    ("roberta-RobertaForSequenceClassification", "RobertaConfig", {**ROBERTA, "num_labels": 3}, class_inputs),
    ("roberta-RobertaForCausalLM-cross", "RobertaConfig", {**ROBERTA, **DECODER}, cross_inputs),
    ("albert-AlbertForPreTraining", "AlbertConfig", ALBERT, order_inputs),
    ("albert-AlbertForTokenClassification", "AlbertConfig", {**ALBERT, "num_labels": 3, "num_hidden_layers": 1}, token_inputs),
    ("openai-gpt-OpenAIGPTLMHeadModel", "OpenAIGPTConfig", GPT, causal_inputs),
    ("openai-gpt-OpenAIGPTDoubleHeadsModel", "OpenAIGPTConfig", {**GPT, "summary_activation": "tanh"}, double_inputs),
    ("gpt2-GPT2LMHeadModel", "GPT2Config", {**GPT2, "scale_attn_by_inverse_layer_idx": True}, causal_inputs),
    ("gpt2-GPT2LMHeadModel-cross", "GPT2Config", {**GPT2, "add_cross_attention": True}, cross_inputs),
    ("gpt2-GPT2Model-past", "GPT2Config", {**GPT2, "n_inner": 20, "activation_function": "relu"}, past_inputs),
    ("gpt2-GPT2ForSequenceClassification", "GPT2Config", {**GPT2, "num_labels": 3, "pad_token_id": 2}, class_inputs),
    ("bert-BertForMaskedLM-embeds", "BertConfig", {**BERT, "num_hidden_layers": 1}, vectors_of(masked_inputs, 12)),
    ("bert-BertForMultipleChoice-embeds", "BertConfig", {**BERT, "num_hidden_layers": 1}, vectors_of(choice_inputs, 12)),
    ("distilbert-DistilBertModel-embeds", "DistilBertConfig", {**DISTILBERT, "n_layers": 1}, vectors_of(text_inputs, 12)),
    ("roberta-RobertaModel-embeds", "RobertaConfig", {**ROBERTA, "num_hidden_layers": 1}, vectors_of(text_inputs, 12)),
    ("albert-AlbertForPreTraining-embeds", "AlbertConfig", {**ALBERT, "num_hidden_layers": 1, "num_hidden_groups": 1},
     vectors_of(order_inputs, 6)),
    ("openai-gpt-OpenAIGPTLMHeadModel-embeds", "OpenAIGPTConfig", {**GPT, "n_layer": 1}, vectors_of(causal_inputs, 12)),
    ("gpt2-GPT2LMHeadModel-embeds", "GPT2Config", {**GPT2, "n_layer": 1}, vectors_of(causal_inputs, 12)),
    ("gpt2-GPT2ForSequenceClassification-embeds", "GPT2Config", {**GPT2, "n_layer": 1, "num_labels": 3, "pad_token_id": 2},
     vectors_of(class_inputs, 12)),
]


def run(model, x):
    x = dict(x)
    if "past_key_values.0.key" in x:
        cache = transformers.DynamicCache()
        for layer in range(model.config.n_layer):
            cache.update(x.pop(f"past_key_values.{layer}.key"), x.pop(f"past_key_values.{layer}.value"), layer)
        x["past_key_values"] = cache
    return model(**x, output_hidden_states=True, output_attentions=True)


def flat(output):
    named = {}
    for name, value in output.items():
        if name == "past_key_values":
            for kind in ("", "cross_"):
                cache = getattr(value, "cross_attention_cache" if kind else "self_attention_cache", None if kind else value)
                for i, layer in enumerate(cache.layers if cache else []):
                    named |= {f"{name}.{i}.{kind}key": layer.keys, f"{name}.{i}.{kind}value": layer.values}
        elif isinstance(value, tuple):
            named |= {f"{name}.{i}": item for i, item in enumerate(value)}
        else:
            named[name] = value
    return named


def loss_of(out):
    if "mc_loss" in out:
        return out["loss"] + out["mc_loss"], "loss + mc_loss"
    if "loss" in out:
        return out["loss"], "loss"
    names = [n for n in ("last_hidden_state", "pooler_output", "logits") if n in out]
    return sum(out[n].pow(2).mean() for n in names), " + ".join(f"mean({n}**2)" for n in names)


def train(model, x):
    model = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(model.parameters(), **ADAMW, foreach=False)
    losses = []
    for step in range(STEPS + 1):
        optimizer.zero_grad(set_to_none=True)
        loss, _ = loss_of(flat(run(model, x)))
        losses.append(loss.item())
        if step < STEPS:
            loss.backward()
            optimizer.step()
    return losses, model


@torch.no_grad()
def drawn(cls, config, g):
    model = getattr(transformers, cls)(config).eval()
    redraw(model, g)
    model.tie_weights()
    return model


def class_of(name):
    return next(part for part in name.split("-") if hasattr(transformers, part) and part[0].isupper())


def stored_names(model, folder):
    """Parameter -> the name under which the file holds it, which for tied ones is one of several."""
    keys = load_file(folder / "model.safetensors").keys()
    aliases = {}
    for name, p in model.named_parameters(remove_duplicate=False):
        aliases.setdefault(id(p), []).append(name)
    return {n: next((a for a in aliases[id(p)] if a in keys), n) for n, p in model.named_parameters()}


def make(name, config_class, settings, inputs, root):
    cls = class_of(name)
    g = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    config = getattr(transformers, config_class)(**settings, attn_implementation="eager")
    model = drawn(cls, config, g)
    x = inputs(g, config)
    folder = root / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    out = flat(run(model, x))
    loss, formula = loss_of(out)
    loss.backward()
    names = stored_names(model, folder)
    stored = {names[n]: p for n, p in model.named_parameters()}
    gradients = {n: p.grad for n, p in stored.items() if p.grad is not None}
    tensors = {f"input.{k}": v for k, v in x.items()} | {f"output.{k}": v for k, v in out.items()}
    tensors |= {f"grad.{k}": v for k, v in gradients.items()}
    rounding = [n for n, grad in gradients.items() if grad.abs().max() < 1e-6]
    reference = {
        "class": cls,
        "framework": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__},
        "loss": formula,
        "no_gradient": [n for n, p in stored.items() if p.grad is None],
        "gradient_zero_but_for_rounding": rounding,
        "deviation_from_float64": deviation(model, x, out, gradients),
    }
    if "loss" in out:
        losses, trained = train(model, x)
        firm = [n for n, grad in gradients.items() if grad.abs().max() > 1e-4]
        watched = [firm[0], firm[len(firm) // 2], firm[-1]]
        tensors |= {f"output.trained.{n}": trained.get_parameter(n) for n in watched}
        reference["training"] = {"optimizer": "AdamW", **ADAMW, "steps": STEPS, "losses": losses}
    if name in ("gpt2-GPT2LMHeadModel", "openai-gpt-OpenAIGPTLMHeadModel"):
        reference["generation"] = generations(model)
    save_file({k: v.detach().contiguous().clone() for k, v in tensors.items()}, folder / "reference.safetensors")
    (folder / "reference.json").write_text(json.dumps(reference, indent=1) + "\n")
    (folder / "generation_config.json").unlink(missing_ok=True)


def generations(model):
    """Continued prompts: greedy and by beams, unpadded and padded on the left."""
    g = torch.Generator().manual_seed(7)
    x = ids(g, 2, 4, model.config.vocab_size)
    padded = {"input_ids": x.clone(), "attention_mask": torch.tensor([[1, 1, 1, 1], [0, 0, 1, 1]])}
    padded["input_ids"][1, :2] = 0
    entries = []
    for batch, kwargs in [
        ({"input_ids": x}, {"max_new_tokens": 8}),
        ({"input_ids": x}, {"max_new_tokens": 6, "num_beams": 3, "num_return_sequences": 2, "repetition_penalty": 1.2}),
        (padded, {"max_new_tokens": 6, "no_repeat_ngram_size": 2}),
        (padded, {"max_new_tokens": 6, "num_beams": 2, "length_penalty": 2.0}),
    ]:
        out = model.generate(**batch, **kwargs, do_sample=False, pad_token_id=0, return_dict_in_generate=True, output_scores=True)
        entry = {"kwargs": {**kwargs, "pad_token_id": 0}, **{k: v.tolist() for k, v in batch.items()}, "output_ids": out.sequences.tolist()}
        if kwargs.get("num_beams"):
            entry["sequences_scores"] = out.sequences_scores.tolist()
        entries.append(entry)
    return entries


def deviation(model, x, out, gradients):
    """Largest absolute difference from the same computation in float64."""
    twin = copy.deepcopy(model).double()
    twin.zero_grad(set_to_none=True)
    exact = flat(run(twin, {k: v.double() if v.is_floating_point() else v for k, v in x.items()}))
    loss_of(exact)[0].backward()
    worst = lambda pairs: max((a.double() - b.double()).abs().max().item() for a, b in pairs)  # noqa: E731
    parameters = dict(twin.named_parameters(remove_duplicate=False))
    return {
        "outputs": float(f"{worst((out[k], exact[k]) for k in out):.1e}"),
        "gradients": float(f"{worst((grad, parameters[n].grad) for n, grad in gradients.items()):.1e}"),
    }


if __name__ == "__main__":
    for case in CASES:
        if len(sys.argv) == 1 or any(part in case[0] for part in sys.argv[1:]):
            make(*case, Path(__file__).parent)
            print(case[0])

#!/usr/bin/env python3
"""Makes a reference folder from a checkpoint: what Python's transformers computes with it, for `cloze verify`.

    pip install torch==2.15.0 transformers==5.23.0
    python scripts/make-reference.py CHECKPOINT CLASS OUTPUT [options]
    cloze verify OUTPUT

CHECKPOINT is a model folder or an id on the hub, CLASS a class of transformers such as BertForMaskedLM. OUTPUT gets the
model (config.json, model.safetensors) and beside it reference.json and reference.safetensors: inputs, outputs, gradients,
the losses of some AdamW steps, continued prompts of models that generate. docs/references.md describes them.

All is computed in float32 on one thread, with eager attention and without dropout. Inputs are drawn at random, with rows of
different lengths, and labels for the class's own loss; or give them in a safetensors file: --inputs FILE.
"""
import argparse
import copy
import inspect
import json
import re
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file

IGNORED = -100  # a label that counts for nothing
MAIN_OUTPUTS = ("last_hidden_state", "pooler_output", "logits")  # what is differentiated where there is no loss
SEARCHES = ({}, {"num_beams": 4}, {"num_beams": 4, "length_penalty": 2.0}, {"repetition_penalty": 1.3}, {"no_repeat_ngram_size": 2})


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="a model folder, or an id on the hub")
    parser.add_argument("cls", metavar="CLASS", help="a model class of transformers")
    parser.add_argument("output", type=Path, help="the folder to make; it must not exist")
    parser.add_argument("--inputs", type=Path, metavar="FILE", help="a safetensors file with the model's arguments, labels too")
    parser.add_argument("--batch", type=int, default=3, metavar="N", help="rows of drawn inputs (default: 3)")
    parser.add_argument("--length", type=int, default=12, metavar="N", help="tokens of the longest row (default: 12)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of what is drawn, a new head too (default: 0)")
    parser.add_argument("--steps", type=int, default=20, metavar="N", help="training steps; 0 for none (default: 20)")
    parser.add_argument("--learning-rate", type=float, default=1e-3, metavar="X", help="of the training steps (default: 0.001)")
    parser.add_argument("--new-tokens", type=int, default=8, metavar="N", help="tokens of each continuation; 0 for none (default: 8)")
    return parser.parse_args()


# ---------------------------------------------------------------------------------------------------- inputs


def drawn_ids(g, shape, config):
    """Ids of the vocabulary without the special ones."""
    special = {getattr(config, f"{kind}_token_id", None) for kind in ("pad", "bos", "eos", "cls", "sep", "mask", "decoder_start")}
    allowed = torch.tensor([token for token in range(config.vocab_size) if token not in special])
    return allowed[torch.randint(len(allowed), shape, generator=g)]


def drawn_inputs(model, batch, length, g):
    """Arguments for the model's own forward: ids, mask, segments, and labels of its task."""
    config, name = model.config, type(model).__name__
    accepted = inspect.signature(model.forward).parameters
    choices = (2,) if "MultipleChoice" in name or "DoubleHeads" in name else ()
    shape = (batch, *choices, length)
    ids = drawn_ids(g, shape, config)
    mask = torch.ones(shape, dtype=torch.long)
    pad = getattr(config, "pad_token_id", None)
    if pad is not None:  # without a padding token, rows of different lengths cannot be told apart
        for row, kept in enumerate([length, max(2, length - 4), max(2, length // 3), length - 1] * batch):
            if row < batch:
                mask[row, ..., kept:] = 0
        ids = torch.where(mask == 1, ids, torch.tensor(pad))
    x = {"input_ids": ids}
    if "attention_mask" in accepted:
        x["attention_mask"] = mask
    if "token_type_ids" in accepted and getattr(config, "type_vocab_size", 0) > 1:
        x["token_type_ids"] = (torch.arange(length) * 2 // length).expand(shape) * mask
    return x | drawn_labels(name, accepted, config, x, mask, g)


def drawn_labels(name, accepted, config, x, mask, g):
    batch, length = mask.shape[0], mask.shape[-1]
    number = lambda high, *shape: torch.randint(high, shape, generator=g)  # noqa: E731
    chosen = lambda labels, share: torch.where((torch.rand(mask.shape, generator=g) < share) & (mask == 1), labels, IGNORED)  # noqa: E731
    if "SequenceClassification" in name:
        if config.problem_type == "multi_label_classification":
            return {"labels": number(2, batch, config.num_labels).float()}
        if config.problem_type == "regression" or config.num_labels == 1:
            shape = (batch,) if config.num_labels == 1 else (batch, config.num_labels)
            return {"labels": torch.randn(shape, generator=g)}
        return {"labels": number(config.num_labels, batch)}
    if "TokenClassification" in name:
        return {"labels": chosen(number(config.num_labels, *mask.shape), 0.8)}
    if "QuestionAnswering" in name:
        start = number(length // 3, batch)
        return {"start_positions": start, "end_positions": start + number(length // 3, batch)}
    if "MultipleChoice" in name:
        return {"labels": number(2, batch)}
    if "NextSentence" in name:
        return {"labels": number(2, batch)}
    if "labels" not in accepted:
        return {}
    causal = "LMHead" in name or "CausalLM" in name or "DoubleHeads" in name
    labels = torch.where(mask == 1, x["input_ids"], IGNORED) if causal else chosen(drawn_ids(g, mask.shape, config), 0.4)
    if not causal:
        labels[0, 1] = x["input_ids"][0, 1]  # a label at least
    pair = next((key for key in ("next_sentence_label", "sentence_order_label") if key in accepted), None)
    found = {"labels": labels}
    if pair is not None:
        found[pair] = number(2, batch)
    if "mc_labels" in accepted:
        found |= {"mc_token_ids": mask.sum(-1) - 1, "mc_labels": number(2, batch)}
    return found


# ---------------------------------------------------------------------------------------------------- running


def flattened(outputs):
    """Every tensor of the outputs by a dotted name; of caches the keys and values."""
    flat = {}

    def put(name, value):
        if isinstance(value, torch.Tensor):
            flat[name] = value
        elif isinstance(value, (list, tuple)):
            for index, item in enumerate(value):
                put(f"{name}.{index}", item)
        elif value is not None:
            own, cross = getattr(value, "self_attention_cache", value), getattr(value, "cross_attention_cache", None)
            for prefix, cache in (("", own), ("cross_", cross)):
                for index, layer in enumerate(cache.layers if cache is not None else ()):
                    if layer.keys is not None and layer.keys.numel():
                        flat[f"{name}.{index}.{prefix}key"] = layer.keys
                        flat[f"{name}.{index}.{prefix}value"] = layer.values

    for name, value in outputs.items():
        put(name, value)
    return flat


def run(model, x):
    """All outputs, the loss and how it is made."""
    out = flattened(model(**x, output_hidden_states=True, output_attentions=True, return_dict=True))
    if "loss" in out and "mc_loss" in out:
        return out, out["loss"] + out["mc_loss"], "loss + mc_loss"
    if "loss" in out:
        return out, out["loss"], "loss"
    names = [name for name in MAIN_OUTPUTS if name in out]
    return out, sum(out[name].pow(2).mean() for name in names), " + ".join(f"mean({name}**2)" for name in names)


def differentiated(model, x):
    model.zero_grad(set_to_none=True)
    out, loss, formula = run(model, x)
    loss.backward()
    return out, formula


def trained(model, x, steps, settings):
    """The loss before each step and after the last, and the trained copy."""
    model = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(model.parameters(), foreach=False, **settings)
    losses = []
    for step in range(steps + 1):
        optimizer.zero_grad(set_to_none=True)
        _, loss, _ = run(model, x)
        losses.append(loss.item())
        if step < steps:
            loss.backward()
            optimizer.step()
    return losses, model


def as_double(x):
    return {name: value.double() if value.is_floating_point() else value for name, value in x.items()}


def largest_difference(pairs):
    differences = [(a.double() - b.double()).abs() for a, b in pairs]
    return max((d[torch.isfinite(d)].max().item() for d in differences if torch.isfinite(d).any()), default=0.0)


def generations(model, new_tokens, g):
    """Continued prompts, by greedy and beam search; those that rounding alone would change are left out."""
    prompts = drawn_ids(g, (2, 5), model.config)
    batch = {"input_ids": prompts, "attention_mask": torch.ones_like(prompts)}
    twin = copy.deepcopy(model).double()
    entries = []
    for search in SEARCHES:
        kwargs = {**search, "max_new_tokens": new_tokens, "do_sample": False}
        wanted = {**kwargs, "return_dict_in_generate": True, "output_scores": True}
        out = model.generate(**batch, **wanted)
        if out.sequences.tolist() != twin.generate(**batch, **wanted).sequences.tolist():
            print(f"left out, because float64 chooses other tokens: {kwargs}", file=sys.stderr)
            continue
        entry = {"kwargs": kwargs, **{name: value.tolist() for name, value in batch.items()}, "output_ids": out.sequences.tolist()}
        if getattr(out, "sequences_scores", None) is not None:
            entry["sequences_scores"] = out.sequences_scores.tolist()
        entries.append(entry)
    return entries


# ---------------------------------------------------------------------------------------------------- writing


def stored_names(model, folder):
    """Name of each parameter → the name in the file; and further names of tied ones → the name in the file."""
    held = {key for file in folder.glob("*.safetensors") for key in load_file(file)}
    groups = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        groups.setdefault(id(parameter), []).append(name)
    names, tied = {}, {}
    for first, parameter in model.named_parameters():
        aliases = groups[id(parameter)]
        names[first] = next((alias for alias in aliases if alias in held), first)
        tied |= {alias: names[first] for alias in aliases if alias != names[first]}
    return names, tied


def watched(gradients, after, exact_after):
    """A first, a middle and a last parameter whose values after training are kept: small ones with firm gradients.

    AdamW divides a gradient by its own size, so where one cancels to about its epsilon, float32's rounding decides the step.
    A parameter with such an element differs from its float64 twin, and is not kept.
    """
    sound = lambda name: largest_difference([(after[name], exact_after[name])]) < 2e-6 * after[name].abs().max()  # noqa: E731
    firm = [name for name, gradient in gradients.items() if gradient.abs().max() > 1e-4 and sound(name)]
    small = [name for name in firm if gradients[name].numel() <= 5000] or firm
    return {name: after[name] for name in dict.fromkeys(small[index] for index in (0, len(small) // 2, -1) if small)}


def write_json(path, value):
    """Indented, with lists of numbers on one line."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda found: "[" + re.sub(r"\s*\n\s*", " ", found[1]) + "]", text)
    path.write_text(text + "\n", encoding="utf-8")


def make(model, x, args, g):
    reference = {
        "class": type(model).__name__,
        "family": model.config.model_type,
        "framework": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__},
        "inputs": {name: {"dtype": str(value.dtype).removeprefix("torch."), "shape": list(value.shape)} for name, value in x.items()},
        "arguments": {},
    }
    out, formula = differentiated(model, x)
    names, tied = stored_names(model, args.output)
    parameters = dict(model.named_parameters())
    gradients = {held: parameters[first].grad.clone() for first, held in names.items() if parameters[first].grad is not None}
    flat = [name for name, gradient in gradients.items() if gradient.abs().max() < 1e-6]
    twin = copy.deepcopy(model).double()
    exact, _ = differentiated(twin, as_double(x))
    exact_gradients = {held: dict(twin.named_parameters())[first].grad for first, held in names.items()}
    deviation = {
        "outputs": largest_difference((exact[name], value) for name, value in out.items() if value.is_floating_point()),
        "gradients": largest_difference((exact_gradients[name], value) for name, value in gradients.items()),
    }
    reference |= {
        "outputs": list(out),
        "loss": formula,
        "tied": tied,
        "no_gradient": [held for first, held in names.items() if parameters[first].requires_grad and held not in gradients],
        "gradient_zero_but_for_rounding": flat,
        "frozen": [held for first, held in names.items() if not parameters[first].requires_grad],
        "deviation_from_float64": {name: float(f"{value:.1e}") for name, value in deviation.items()},
    }
    tensors = {f"input.{name}": value for name, value in x.items()}
    tensors |= {f"output.{name}": value for name, value in out.items()}
    tensors |= {f"grad.{name}": value for name, value in gradients.items()}
    if args.steps > 0:
        settings = {"lr": args.learning_rate, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01}
        losses, after = trained(model, x, args.steps, settings)
        _, exact_after = trained(twin, as_double(x), args.steps, settings)
        kept = watched({name: gradients[name] for name in names.values() if name in gradients and name not in flat},
                       {held: p for (_, p), held in zip(after.named_parameters(), names.values())},
                       {held: p for (_, p), held in zip(exact_after.named_parameters(), names.values())})  # fmt: skip
        tensors |= {f"output.trained.{name}": value for name, value in kept.items()}
        reference["training"] = {"optimizer": "AdamW", **settings, "betas": [0.9, 0.999], "steps": args.steps, "decoupled": True,
                                 "dropout": 0, "losses": losses, "trained": list(kept)}  # fmt: skip
    if args.new_tokens > 0 and model.can_generate() and "DoubleHeads" not in reference["class"]:
        reference["generation"] = generations(model, args.new_tokens, g)
    reference["notes"] = [f"made by scripts/make-reference.py with seed {args.seed}"]
    contiguous = {name: value.detach().contiguous().clone() for name, value in tensors.items()}
    save_file(contiguous, args.output / "reference.safetensors", metadata={"format": "pt"})
    write_json(args.output / "reference.json", reference)
    return reference


def main():
    args = arguments()
    if args.output.exists():
        sys.exit(f"error: {args.output} exists already")
    model_class = getattr(transformers, args.cls, None)
    if model_class is None:
        sys.exit(f"error: transformers {transformers.__version__} has no class {args.cls}")
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)  # for a head that the checkpoint lacks
    g = torch.Generator().manual_seed(args.seed)
    model = model_class.from_pretrained(args.checkpoint, dtype=torch.float32, attn_implementation="eager").eval()
    x = load_file(args.inputs) if args.inputs else drawn_inputs(model, args.batch, args.length, g)
    model.save_pretrained(args.output)
    reference = make(model, x, args, g)
    count = lambda name: len(reference.get(name, []))  # noqa: E731
    print(f"{args.output}: {reference['class']}, {count('outputs')} outputs, loss = {reference['loss']},"
          f" {args.steps} training steps, {count('generation')} continuations")  # fmt: skip
    print(f"deviation from float64: outputs {reference['deviation_from_float64']['outputs']}, gradients {reference['deviation_from_float64']['gradients']}")
    print(f"check it: cloze verify {args.output}")


if __name__ == "__main__":
    main()

"""Small reference runs of optimizers, for the tests of src/optim.

    python make.py      # writes optimizers.json

torch 2.15.0 in float64, inputs exact in float32; LAMB and the BERT release's Adam are written from their papers. The
format is that of `cloze verify`: parameters and gradients (name -> {shape, data}), and cases with settings in the
reference's names, the values after each step and the state after the last.
"""
import json
from pathlib import Path

import torch

SHAPES = {"matrix": (3, 5), "bias": (5,), "cube": (2, 2, 3), "scalar": (1,), "zeros": (2, 2)}
STEPS = 3


class BertAdam(torch.optim.Optimizer):
    """Adam of the BERT release: no bias correction, decay within the update."""

    def __init__(self, params, lr, weight_decay=0.01, betas=(0.9, 0.999), eps=1e-6):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                state = self.state[p]
                m = state.setdefault("exp_avg", torch.zeros_like(p))
                v = state.setdefault("exp_avg_sq", torch.zeros_like(p))
                m.copy_(beta1 * m + (1 - beta1) * p.grad)
                v.copy_(beta2 * v + (1 - beta2) * p.grad**2)
                p -= group["lr"] * (m / (v.sqrt() + group["eps"]) + group["weight_decay"] * p)


class Lamb(torch.optim.Optimizer):
    """Algorithm 2 of LAMB; phi clamps the parameter norm where given, and a norm of zero takes ratio 1."""

    def __init__(self, params, lr, weight_decay=0.01, betas=(0.9, 0.999), eps=1e-6, phi=None):
        defaults = {"lr": lr, "weight_decay": weight_decay, "betas": betas, "eps": eps, "phi": phi}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                state = self.state[p]
                m = state.setdefault("exp_avg", torch.zeros_like(p))
                v = state.setdefault("exp_avg_sq", torch.zeros_like(p))
                state["step"] = step = state.get("step", 0) + 1
                m.copy_(beta1 * m + (1 - beta1) * p.grad)
                v.copy_(beta2 * v + (1 - beta2) * p.grad**2)
                direction = (m / (1 - beta1**step)) / ((v / (1 - beta2**step)).sqrt() + group["eps"])
                direction = direction + group["weight_decay"] * p
                norm, size = p.norm(), direction.norm()
                scaled = norm if group["phi"] is None else norm.clamp(*group["phi"])
                p -= group["lr"] * (scaled / size if norm > 0 and size > 0 else 1.0) * direction


T = torch.optim
CASES = [
    (T.SGD, {"lr": 0.1}, None),
    (T.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.05}, None),
    (T.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}, {"weight_decay": 0.1}),
    (T.Adam, {"lr": 0.01, "weight_decay": 0.1, "betas": (0.8, 0.98)}, None),
    (T.Adam, {"lr": 0.01, "amsgrad": True}, None),
    (T.AdamW, {"lr": 0.02, "weight_decay": 0.1}, {"weight_decay": 0.0}),
    (T.AdamW, {"lr": 0.02, "weight_decay": 0.1, "eps": 1e-3}, {"lr": 0.004}),
    (BertAdam, {"lr": 0.02}, {"weight_decay": 0.0}),
    (Lamb, {"lr": 0.02}, {"weight_decay": 0.0}),
    (Lamb, {"lr": 0.02, "phi": (0.5, 1.5), "betas": (0.7, 0.9)}, None),
    (T.Adafactor, {"lr": 0.05, "weight_decay": 0.1}, None),
    (T.Adagrad, {"lr": 0.1, "lr_decay": 0.2, "initial_accumulator_value": 0.3, "weight_decay": 0.1}, None),
    (T.Adadelta, {"lr": 0.7, "rho": 0.8}, None),
    (T.RMSprop, {"lr": 0.01, "centered": True, "momentum": 0.4, "alpha": 0.9}, None),
]


def numbers(tensor):
    """Twelve digits: more than float32 can tell apart."""
    return [float(f"{x:.12g}") for x in tensor.detach().double().flatten().tolist()]


def pack(tensor):
    return {"shape": list(tensor.shape), "data": numbers(tensor)}


def class_name(make):
    """`torch.AdamW`, or `paper.Lamb` of one that is written here."""
    return f"{'paper' if make.__module__ == '__main__' else 'torch'}.{make.__name__}"


def run(make, settings, second, start, gradients):
    params = {name: value.clone().requires_grad_() for name, value in start.items()}
    decayed = [p for p in params.values() if second is None or p.ndim > 1]
    groups = [{"params": decayed}]
    if second is not None:
        groups.append({"params": [p for p in params.values() if p.ndim <= 1], **second})
    optimizer = make(groups, **settings)
    values = []
    for step in gradients:
        for name, p in params.items():
            p.grad = step[name].clone()
        optimizer.step()
        values.append({name: numbers(p) for name, p in params.items()})
    state = {
        name: {key: pack(v) for key, v in optimizer.state[p].items() if torch.is_tensor(v) and v.ndim}
        for name, p in params.items()
    }
    return values, state


def main():
    generator = torch.Generator().manual_seed(7)
    draw = lambda shape: torch.randn(*shape, generator=generator).float().double()
    start = {name: torch.zeros(shape).double() if name == "zeros" else draw(shape) for name, shape in SHAPES.items()}
    gradients = [{name: draw(shape) for name, shape in SHAPES.items()} for _ in range(STEPS)]
    gradients[1]["bias"].zero_()
    cases = []
    for make, settings, second in CASES:
        values, state = run(make, settings, second, start, gradients)
        cases.append(
            {"name": f"{make.__name__} {json.dumps(settings)}", "optimizer": class_name(make), "settings": settings,
             "second_group": second, "lr_factors": None, "values": values, "state_after": state}
        )
    result = {
        "versions": {"torch": torch.__version__.split("+")[0]},
        "parameters": {name: pack(t) for name, t in start.items()},
        "gradients": [{name: pack(t) for name, t in step.items()} for step in gradients],
        "cases": cases,
    }
    text = json.dumps(result, separators=(",", ":"))
    Path(__file__).with_name("optimizers.json").write_text(text + "\n")
    print(len(cases), "cases,", len(text), "bytes")


main()

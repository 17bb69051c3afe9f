"""What a golden case of an operator is: inputs, attributes, and what PyTorch makes of them in float64.

Inputs are exact in float32. Gradients are those of sum(output · cotangent) over the outputs that have a cotangent.
A dimension is a number or one of SIZES' names; attributes may name products and sums of them, such as "B*T + 1", so that
the test can build the same graph with numbers and with names.
"""
import json
from pathlib import Path

import numpy as np
import torch

SIZES = {"Z": 0, "U": 1, "B": 2, "T": 3, "E": 4, "D": 5}
FLOATS = {"float32"}
NUMPY = {"float32": np.float32, "int64": np.int64, "int32": np.int32, "uint8": np.uint8, "bool": np.bool_}
SMALLEST = float(np.finfo(np.float32).min)


def size(dimension):
    """The number that a dimension stands for."""
    return dimension if isinstance(dimension, int) else int(eval(dimension, {"__builtins__": {}}, SIZES))


class Value:
    """An input: `dims` as text, such as "B T 4", and its elements."""

    def __init__(self, dims, values, type="float32"):
        self.dims = [int(d) if d.isdigit() else d for d in dims.split()]
        self.shape = [size(d) for d in self.dims]
        self.type = type
        self.array = np.asarray(values, dtype=np.float64 if type in FLOATS else NUMPY[type])
        self.array = self.array.astype(NUMPY[type]).reshape(self.shape)

    def tensor(self):
        t = torch.from_numpy(self.array.copy())
        return t.double().requires_grad_() if self.type in FLOATS else t


class Family:
    """The cases of one file of src/graph/operators/."""

    def __init__(self, name):
        self.name = name
        self.cases = []
        self.random = np.random.RandomState(1234)

    def floats(self, dims, low=-2.0, high=2.0):
        shape = [size(int(d) if d.isdigit() else d) for d in dims.split()]
        return Value(dims, np.round(self.random.uniform(low, high, shape), 3))

    def integers(self, dims, below, low=0, type="int64"):
        shape = [size(int(d) if d.isdigit() else d) for d in dims.split()]
        return Value(dims, self.random.randint(low, below, shape), type)

    def add(self, operator, name, reference, *inputs, attributes=None, differentiable=None, smooth=True, elementwise=False):
        """
        `reference` gets the inputs as tensors. `differentiable` lists the outputs with a cotangent (default: all floats).
        `smooth` says that central differences make sense here, `elementwise` that every element is to be as exact as the
        largest one.
        """
        tensors = [value.tensor() for value in inputs]
        outputs = reference(*tensors)
        outputs = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
        wanted = [i for i, y in enumerate(outputs) if y.is_floating_point()] if differentiable is None else differentiable
        cotangents = [None] * len(outputs)
        total = torch.zeros((), dtype=torch.float64)
        for i in wanted:
            cotangents[i] = np.round(self.random.uniform(-1, 1, tuple(outputs[i].shape)), 2).astype(np.float32)
            total = total + (outputs[i] * torch.from_numpy(np.asarray(cotangents[i])).double()).sum()
        leaves = [t for t in tensors if t.requires_grad]
        found = iter(torch.autograd.grad(total, leaves, allow_unused=True) if leaves and total.requires_grad else [None] * len(leaves))
        gradients = [next(found) if t.requires_grad else None for t in tensors]
        self.cases.append({
            "operator": operator,
            "name": name,
            "inputs": [{"type": v.type, "shape": v.dims, "values": plain(v.array)} for v in inputs],
            "attributes": attributes or {},
            "outputs": [described(y) for y in outputs],
            "cotangents": [None if c is None else plain(c) for c in cotangents],
            "gradients": [None if g is None else plain(g) for g in gradients],
            "smooth": smooth and any(g is not None for g in gradients),
            "elementwise": elementwise,
        })

    def write(self):
        versions = {"torch": torch.__version__, "numpy": np.__version__}
        head = {"versions": versions, "sizes": SIZES}
        lines = ",\n".join(json.dumps(case, separators=(",", ":"), allow_nan=False) for case in self.cases)
        text = json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}\n"
        path = Path(__file__).with_name(f"{self.name}.json")
        path.write_text(text)
        print(f"{path.name}: {len(self.cases)} cases, {len(text)} bytes")


def described(y):
    kinds = {torch.int64: "int64", torch.int32: "int32", torch.uint8: "uint8", torch.bool: "bool"}
    kind = "float32" if y.is_floating_point() else kinds[y.dtype]
    return {"type": kind, "shape": list(y.shape), "values": plain(y)}


def plain(values):
    """Elements in order: floats in the shortest text that gives the same float32, infinities and NaN as texts."""
    array = values.detach().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)
    if array.dtype.kind != "f":
        return [int(v) for v in array.reshape(-1)]
    with np.errstate(over="ignore"):
        return [number(v) for v in array.astype(np.float32).reshape(-1)]


def number(value):
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    exact = float(str(value))
    return int(exact) if exact.is_integer() and abs(exact) < 1e6 else exact

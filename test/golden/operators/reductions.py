"""Cases of src/graph/operators/reductions.ts."""
import torch
import torch.nn.functional as F

from cases import SMALLEST, Family, Value

family = Family("reductions")
add, floats = family.add, family.floats

AXES = [
    ("all axes", "B T D", None), ("last axis", "B T D", [-1]), ("first axis", "B T D", [0]), ("middle axis", "B T D", [1]), ("all but the last", "B T D", [0, 1]),
    ("all but the last, unordered", "B T D", [1, 0]), ("outer axes", "B T D", [0, 2]), ("no axis", "B D", []), ("matrix columns", "B D", [0]), ("matrix rows", "B D", [1]),
    ("vector", "D", None), ("vector, last axis", "D", [-1]), ("scalar", "", None), ("length 1", "U D 1", [0, 2]), ("one element", "1 1", None),
]
EMPTY = [("empty, all", "Z D", None), ("empty, folded", "Z D", [0]), ("empty, kept", "Z D", [1]), ("empty last axis", "B Z", [-1]), ("empty middle axis", "B Z D", [0, 1])]


def folded(reduce):
    """The reference for axes that may be none or all."""
    def reference(t, axes, keep):
        axes = list(range(t.dim())) if axes is None else axes
        return reduce(t, axes, keep) if axes else t * 1
    return reference


REDUCTIONS = [
    ("sum", folded(lambda t, axes, keep: t.sum(axes, keepdim=keep)), AXES + EMPTY),
    ("mean", folded(lambda t, axes, keep: t.mean(axes, keepdim=keep)), AXES + [EMPTY[2]]),
    ("max", folded(lambda t, axes, keep: t.amax(axes, keepdim=keep)), AXES + [EMPTY[2]]),
]
for operator, reference, shapes in REDUCTIONS:
    for name, dims, axes in shapes:
        for keep in (False, True):
            attributes = {**({} if axes is None else {"axes": axes}), **({"keepDims": True} if keep else {})}
            # Largest elements apart by more than the steps of the differences.
            x = floats(dims)
            if operator == "max":
                order = family.random.permutation(x.array.size).reshape(x.shape)
                x = Value(dims, order * 0.25 - 1)
            add(operator, f"{name}{', kept' if keep else ''}", lambda t, r=reference, a=axes, k=keep: r(t, a, k), x, attributes=attributes)
add("sum", "large and small", lambda t: t.sum(-1), Value("2 3", [1e30, -1e30, 1, 1e-30, 1e-30, 1]), attributes={"axes": [-1]}, smooth=False)
add("mean", "large", lambda t: t.mean(-1), Value("2 2", [1e38, 2e38, -1e38, 1e38]), attributes={"axes": [-1]}, smooth=False)
add("max", "ties", lambda t: t.amax(-1), Value("3 4", [1, 1, 0, 1, 2, 2, 2, 2, -1, -2, -1, -3]), attributes={"axes": [-1]}, smooth=False)
add("max", "ties over all", lambda t: t.amax(), Value("B T", [1, 3, 0, 3, 2, 3]), smooth=False)
add("max", "very negative", lambda t: t.amax(-1), Value("2 3", [SMALLEST, SMALLEST, -1e30, SMALLEST, SMALLEST, SMALLEST]), attributes={"axes": [-1]}, smooth=False)

for operator, reference in [("softmax", lambda t: F.softmax(t, -1)), ("logSoftmax", lambda t: F.log_softmax(t, -1))]:
    for name, dims in [("matrix", "B D"), ("heads", "B 2 T E"), ("vector", "D"), ("one class", "B 1"), ("one element", "U U"), ("empty", "Z D"), ("long", "2 40")]:
        add(operator, name, reference, floats(dims, -3, 3))
    add(operator, "large", reference, Value("3 3", [1e4, 0, -1e4, 1e4, 1e4, 0, -1e4, -1e4, -1e4]), smooth=False)
    add(operator, "far apart", reference, Value("2 3", [100, 0, -100, 50, 49, 0]), smooth=False)
    add(operator, "masked", reference, Value("2 4", [1, 2, SMALLEST, SMALLEST, SMALLEST, 0.5, SMALLEST, -1]), smooth=False)
    add(operator, "fully masked", reference, Value("2 4", [SMALLEST] * 8), smooth=False)
add("softmax", "masked with infinity", lambda t: F.softmax(t, -1), Value("2 3", [1, 2, float("-inf"), float("-inf"), 0.5, float("-inf")]), smooth=False)


def normalized(epsilon):
    return lambda x, gain, bias: torch.native_layer_norm(x, [x.shape[-1]], gain, bias, epsilon)


def layer_norm(name, x, width, epsilon=1e-5, gain=None, **options):
    gain = gain or floats(str(width), 0.5, 1.5)
    add("layerNorm", name, normalized(epsilon), x, gain, floats(str(width)), attributes={"epsilon": epsilon}, differentiable=[0], **options)


layer_norm("tensor", floats("B T 8"), 8)
layer_norm("matrix", floats("B 8"), 8)
layer_norm("vector", floats("8"), 8)
layer_norm("small epsilon", floats("B T 8"), 8, 1e-12)
layer_norm("large epsilon", floats("B T 8"), 8, 0.1)
layer_norm("width 2", floats("B 2"), 2)
layer_norm("width 1", floats("B 1"), 1, smooth=False)
layer_norm("empty", floats("Z 4"), 4)
layer_norm("equal elements", Value("2 4", [3] * 4 + [0] * 4), 4, smooth=False)
layer_norm("large elements", Value("2 4", [1e6, -1e6, 5e5, 2e6, 1e-3, 2e-3, -1e-3, 0]), 4, 1e-12, smooth=False)
layer_norm("offset", Value("2 4", [100.5, 101, 99.25, 100, -50, -51, -50.5, -49]), 4, smooth=False)
layer_norm("negative and zero gain", floats("B T 4"), 4, gain=Value("4", [1, -1, 0, 2]))


def first_largest(t):
    return torch.as_tensor(t.detach().numpy().argmax(-1))


add("argMax", "rows", first_largest, floats("B T D"))
add("argMax", "vector", first_largest, floats("D"))
add("argMax", "equal elements", first_largest, Value("2 4", [0, 2, 2, 1, 3, 3, 3, 3]), smooth=False)

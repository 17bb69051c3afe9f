"""Cases of src/graph/operators/elementwise.ts."""
import torch
import torch.nn.functional as F

from cases import SMALLEST, Family, Value

family = Family("elementwise")
add, floats, integers = family.add, family.floats, family.integers

# name, reference, a range where it is smooth, points near its limits
UNARY = [
    ("neg", torch.neg, (-2, 2), [0, 1e30, -1e30, 1e-38]),
    ("exp", torch.exp, (-2, 2), [0, 88.5, -87, -104, -1e4, 88]),
    ("log", torch.log, (0.1, 3), [1, 1e-37, 3e38, 1e-10, 2]),
    ("sqrt", torch.sqrt, (0.1, 3), [1e-30, 3e38, 1, 4, 1e-12]),
    ("tanh", torch.tanh, (-2, 2), [0, 30, -30, 1e-4, 9, -9, 1e30]),
    ("sigmoid", torch.sigmoid, (-2, 2), [0, 30, -30, 80, -80, 1e-4, 1e30, -1e30]),
    ("erf", torch.erf, (-2, 2), [0, 30, -30, 3, -3, 1e-4, 1e30]),
    ("relu", F.relu, (0.1, 2), [0, -1, 1, 1e30, -1e30, 1e-38]),
    ("gelu", F.gelu, (-2, 2), [0, 30, -30, 5, -5, 1e-4, 1e10, -1e10]),
]
for name, reference, (low, high), limits in UNARY:
    add(name, "matrix", reference, floats("B D", low, high))
    add(name, "scalar", reference, floats("", low, high))
    add(name, "one element", reference, floats("U 1", low, high))
    add(name, "empty", reference, floats("Z D"))
    add(name, "limits", reference, Value(f"{len(limits)}", limits), smooth=False, elementwise=True)
add("relu", "negative", F.relu, floats("B D", -2, -0.1))

tanh_gelu = lambda x: F.gelu(x, approximate="tanh")
add("gelu", "tanh", tanh_gelu, floats("B T E", -3, 3), attributes={"approximate": "tanh"})
add("gelu", "tanh, limits", tanh_gelu, Value("8", [0, 30, -30, 5, -5, 1e-4, 1e4, -1e4]), attributes={"approximate": "tanh"}, smooth=False, elementwise=True)
add("gelu", "none", F.gelu, floats("B T E", -3, 3), attributes={"approximate": "none"})

SHAPES = [
    ("equal shapes", "B D", "B D"),
    ("scalars", "", ""),
    ("right is a scalar", "B D", ""),
    ("left is a scalar", "", "B D"),
    ("right lacks an axis", "B T D", "D"),
    ("left lacks axes", "D", "B T D"),
    ("right has length 1", "B T D", "B 1 D"),
    ("left has length 1", "B 1 D", "B T D"),
    ("both have length 1", "B 1 D", "1 T D"),
    ("both, ranks differ", "T 1", "B 1 D"),
    ("named length 1", "B U", "B U"),
    ("empty", "Z D", "D"),
    ("empty and length 1", "B Z", "1 1"),
]
positive = lambda dims: floats(dims, 0.5, 2)
for name, reference, make in [("add", torch.add, floats), ("sub", torch.sub, floats), ("mul", torch.mul, floats), ("div", torch.div, positive)]:
    for label, left, right in SHAPES:
        add(name, label, reference, make(left), make(right))
for label, left, right in SHAPES:  # apart, so that neither ties nor crosses within a step of the differences
    add("maximum", f"{label}, left larger", torch.maximum, floats(left, 1.2, 2), floats(right, 0, 1))
    add("maximum", f"{label}, right larger", torch.maximum, floats(left, 0, 1), floats(right, 1.2, 2))
add("maximum", "each larger somewhere", torch.maximum, Value("B T", [1, 2, 3, -1, 0, 5]), Value("T", [0.5, 3, -2]))
add("add", "large", torch.add, Value("3", [1e30, -1e30, 3e38]), Value("3", [1e30, 1e30, -3e38]), smooth=False)
add("sub", "minus itself", torch.sub, Value("3", [1e30, 5, -2]), Value("3", [1e30, 5, -2]), smooth=False)
add("mul", "by zero", torch.mul, Value("4", [0, 1, -2, 1e-30]), Value("4", [3, 0, 0, 1e-30]), smooth=False)
add("div", "negative and large", torch.div, Value("4", [-1, 1e30, 1, 0]), Value("4", [-4, 1e5, 1e20, -3]), smooth=False)
add("maximum", "ties", torch.maximum, Value("B T", [1, 2, 3, -1, 0, 5]), Value("B T", [1, 3, 2, -1, 0, 5]), smooth=False)
add("maximum", "ties, broadcast", torch.maximum, Value("B T", [1, 2, 3, -1, 1, 5]), Value("", 1), smooth=False)
for name, reference in [("add", torch.add), ("sub", torch.sub), ("mul", torch.mul), ("maximum", torch.maximum)]:
    for kind in ("int64", "int32"):
        add(name, kind, reference, integers("B D", 9, -9, kind), integers("D", 9, -9, kind))

COMPARISONS = [("equal", torch.eq), ("less", torch.lt), ("lessOrEqual", torch.le)]
for name, reference in COMPARISONS:
    for kind in ("float32", "int64", "int32"):
        add(name, kind, reference, integers("B T D", 3, -1, kind), integers("T 1", 3, -1, kind))
    add(name, "left lacks axes", reference, integers("D", 3, 0, "float32"), integers("B D", 3, 0, "float32"))
    add(name, "empty", reference, floats("Z D"), floats("D"))
    add(name, "scalars", reference, Value("", 1), Value("", 1))
    add(name, "infinite", reference, Value("4", [float("inf"), float("-inf"), float("inf"), 0]), Value("4", [float("inf"), float("-inf"), float("-inf"), -0.0]))
add("equal", "bool", torch.eq, integers("B D", 2, 0, "bool"), integers("D", 2, 0, "bool"))
add("logicalAnd", "broadcast", torch.logical_and, integers("B T D", 2, 0, "bool"), integers("T 1", 2, 0, "bool"))
add("logicalAnd", "left lacks axes", torch.logical_and, integers("D", 2, 0, "bool"), integers("B D", 2, 0, "bool"))
add("logicalAnd", "empty", torch.logical_and, integers("Z D", 2, 0, "bool"), integers("D", 2, 0, "bool"))
add("logicalNot", "matrix", torch.logical_not, integers("B D", 2, 0, "bool"))
add("logicalNot", "empty", torch.logical_not, integers("Z", 2, 0, "bool"))

add("where", "equal shapes", torch.where, integers("B D", 2, 0, "bool"), floats("B D"), floats("B D"))
add("where", "condition lacks axes", torch.where, integers("T 1", 2, 0, "bool"), floats("B T D"), floats("D"))
add("where", "condition is largest", torch.where, integers("B T D", 2, 0, "bool"), floats(""), floats("T 1"))
add("where", "empty", torch.where, integers("Z D", 2, 0, "bool"), floats("D"), floats(""))
add("where", "hides an infinity", torch.where, Value("4", [1, 0, 1, 0], "bool"), Value("4", [1, float("inf"), 2, float("-inf")]), floats("4"), smooth=False)
add("where", "mask", torch.where, integers("B 1 1 T", 2, 0, "bool"), Value("", 0), Value("", SMALLEST), smooth=False)
add("where", "int64", torch.where, integers("B D", 2, 0, "bool"), integers("B D", 99), integers("D", 99))
add("where", "int32", torch.where, integers("B D", 2, 0, "bool"), integers("B D", 99, type="int32"), integers("", 99, type="int32"))

KINDS = {"float32": torch.float64, "int64": torch.int64, "int32": torch.int32, "uint8": torch.uint8, "bool": torch.bool}
for source in KINDS:
    for target in KINDS:
        x = Value("B T", [-2.7, -1, -0.5, 0, 1.5, 100], source) if source in ("float32",) and target not in ("uint8",) else \
            Value("B T", [0, 1, 2, 3, 100, 1], source) if source != "float32" else Value("B T", [0, 1, 2.5, 3.99, 100, 1], source)
        add("cast", f"{source} to {target}", lambda t, k=KINDS[target]: t.to(k), x, attributes={"to": target})
add("cast", "large int64 to float32", lambda t: t.double(), Value("2", [2**53 + 2, -(2**40)], "int64"), attributes={"to": "float32"})
add("cast", "empty", lambda t: t.long(), floats("Z D"), attributes={"to": "int64"})

masked = lambda scale: lambda x, mask: x * mask * scale
add("applyMask", "tensor", masked(1.25), floats("B T D"), integers("B T D", 2, 0, "uint8"), attributes={"scale": 1.25})
add("applyMask", "scale 1", masked(1), floats("B D"), integers("B D", 2, 0, "uint8"), attributes={"scale": 1})
add("applyMask", "all dropped", masked(2), floats("B D"), Value("B D", [0] * 10, "uint8"), attributes={"scale": 2})
add("applyMask", "scalar", masked(2), floats(""), Value("", 1, "uint8"), attributes={"scale": 2})
add("applyMask", "empty", masked(2), floats("Z D"), Value("Z D", [], "uint8"), attributes={"scale": 2})

"""Cases of src/graph/operators/movement.ts."""
import torch

from cases import Family, Value, size

family = Family("movement")
add, floats, integers = family.add, family.floats, family.integers


def case(operator, name, reference, x, others=(), **attributes):
    add(operator, name, reference, x, *others, attributes=attributes)


def reshaped(name, dims, *shape, x=None):
    case("reshape", name, lambda t: t.reshape([size(d) for d in shape]), x or floats(dims), shape=list(shape))


reshaped("merges", "B T E", "B*T", "E")
reshaped("splits", "B*T E", "B", "T", "E")
reshaped("splits heads", "B T 6", "B", "T", 2, 3)
reshaped("same", "B D", "B", "D")
reshaped("to a vector", "B T E", "B*T*E")
reshaped("to one column", "B T", "B*T", 1)
reshaped("to a scalar", "1 1")
reshaped("from a scalar", "", 1, 1)
reshaped("length 1 added", "B D", "B", 1, "D", 1)
reshaped("length 1 removed", "U B 1", "B", "U")
reshaped("empty", "Z E", "E", "Z")
reshaped("empty, merged", "Z T E", "Z*T", "E")
reshaped("empty, fixed", "Z 4", 2, "Z", 2)
reshaped("empty, split", "B Z 4", "B", "Z", 2, 2)
reshaped("two empty", "Z T Z", "Z", "Z", "T")
for kind in ("int64", "int32", "uint8", "bool"):
    reshaped(kind, "", "B*D", x=integers("B D", 2, type=kind))

for name, dims, permutation in [("matrix", "B D", [1, 0]), ("heads", "B T E 2", [0, 2, 1, 3]), ("cycle", "B T D", [2, 0, 1]), ("same", "B T", [0, 1]),
                                ("negative", "B T D", [0, -1, -2]), ("vector", "D", [0]), ("scalar", "", []), ("empty", "B Z T", [1, 2, 0]), ("length 1", "U 1 T", [2, 1, 0])]:
    case("transpose", name, lambda t, p=permutation: t.permute(p), floats(dims), permutation=permutation)
for kind in ("int64", "int32", "uint8", "bool"):
    case("transpose", kind, lambda t: t.t(), integers("B D", 2, type=kind), permutation=[1, 0])

for name, axis, dims in [("first axis", 0, ["B D", "T D", "1 D"]), ("last axis", -1, ["B D", "B T", "B 1"]), ("middle axis", 1, ["B T D", "B E D"]), ("vectors", 0, ["B", "T"]),
                         ("one operand", 0, ["B D"]), ("with an empty one", 0, ["B D", "Z D"]), ("all empty", 1, ["Z B", "Z T"]), ("same dimension twice", -1, ["B T", "B T"])]:
    add("concat", name, lambda *xs, a=axis: torch.cat(xs, a), *[floats(d) for d in dims], attributes={"axis": axis})
for kind in ("int64", "int32", "uint8", "bool"):
    add("concat", kind, lambda *xs: torch.cat(xs, 1), integers("B T", 2, type=kind), integers("B D", 2, type=kind), attributes={"axis": 1})

for name, dims, axis, sizes in [("last axis", "B T 6", -1, [2, 3, 1]), ("thirds", "B 6", 1, [2, 2, 2]), ("first axis", "4 B", 0, [1, 3]), ("one part", "B 4", 1, [4]),
                                ("with an empty part", "B 4", 1, [0, 4]), ("empty", "Z 4", -1, [3, 1]), ("vector", "5", 0, [2, 3])]:
    case("split", name, lambda t, a=axis, s=sizes: torch.split(t, s, a), floats(dims), axis=axis, sizes=sizes)
add("split", "one part unused", lambda t: torch.split(t, [2, 4], 1), floats("B 6"), attributes={"axis": 1, "sizes": [2, 4]}, differentiable=[1])
case("split", "int64", lambda t: torch.split(t, [1, 2], 1), integers("B 3", 9), axis=1, sizes=[1, 2])


def sliced(name, dims, axis, start, length, x=None):
    case("slice", name, lambda t: t.narrow(axis, size(start), size(length)), x or floats(dims), axis=axis, start=start, length=length)


sliced("from the front", "B D E", 1, 0, "T")
sliced("from a name", "B D E", 1, "B", "T")
sliced("to the end", "B D E", 1, "B", "D - B")
sliced("one element", "B D", -1, 2, 1)
sliced("last element", "B D", -1, "D - 1", 1)
sliced("everything", "B D", 0, 0, "B")
sliced("nothing", "B D", 1, 2, 0)
sliced("nothing at the end", "B D", 1, "D", "Z")
sliced("negative axis", "B D E", -2, 1, 3)
sliced("vector", "D", 0, 1, 3)
sliced("empty operand", "Z D", 1, 1, 2)
for kind in ("int64", "int32", "uint8", "bool"):
    sliced(kind, "", 1, 1, "T", x=integers("B D", 2, type=kind))


def padded(name, dims, axis, before, after, x=None):
    def reference(t):
        part = lambda n: torch.zeros([n if i == axis % t.dim() else s for i, s in enumerate(t.shape)], dtype=t.dtype)
        return torch.cat([part(size(before)), t, part(size(after))], axis)

    case("pad", name, reference, x or floats(dims), axis=axis, before=before, after=after)


padded("both sides", "B T D", 1, 1, 2)
padded("by names", "B T D", 1, "B", "T")
padded("before", "B D", -1, 3, 0)
padded("after", "B D", 0, 0, "D - T")
padded("by nothing", "B D", 1, 0, 0)
padded("vector", "D", 0, 1, 1)
padded("empty along the axis", "B Z", 1, 1, 2)
padded("empty beside the axis", "Z B", 1, 1, 2)
for kind in ("int64", "int32", "uint8", "bool"):
    padded(kind, "", 1, 1, "T", x=integers("B D", 2, type=kind))


def broadcast(name, dims, *shape, x=None):
    case("broadcastTo", name, lambda t: t.expand([size(d) for d in shape]), x or floats(dims), shape=list(shape))


broadcast("a scalar", "", "B", "T")
broadcast("a scalar to a scalar", "")
broadcast("new axes", "D", "B", "T", "D")
broadcast("length 1", "B 1 D", "B", "T", "D")
broadcast("every axis", "1 1", "B*T", "D")
broadcast("same", "B D", "B", "D")
broadcast("named length 1", "U D", "B", "U", "D")
broadcast("to empty", "1 D", "Z", "D")
broadcast("empty", "Z D", "B", "Z", "D")
for kind in ("int64", "int32", "uint8", "bool"):
    broadcast(kind, "", "B", "D", x=integers("D", 2, type=kind))

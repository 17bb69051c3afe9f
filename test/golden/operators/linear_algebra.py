"""Cases of src/graph/operators/linear-algebra.ts."""
import torch

from cases import Family

family = Family("linear-algebra")
add, floats = family.add, family.floats

BATCHES = [
    ("matrices", "", ""), ("batches", "B", "B"), ("two leading axes", "B T", "B T"), ("right shared", "B T", ""), ("left shared", "", "B"),
    ("right broadcast", "B T", "1 T"), ("left broadcast", "B 1", "B T"), ("both broadcast", "B 1", "1 T"), ("right lacks an axis", "B T", "T"),
]


def product(name, left, right, left_transposed=False, right_transposed=False, alpha=None):
    attributes = {**({"transposeLeft": True} if left_transposed else {}), **({"transposeRight": True} if right_transposed else {}), **({} if alpha is None else {"alpha": alpha})}

    def reference(a, b):
        a = a.mT if left_transposed else a
        b = b.mT if right_transposed else b
        return torch.matmul(a, b) * (1 if alpha is None else alpha)

    add("matmul", name, reference, floats(left), floats(right), attributes=attributes)


for name, left, right in BATCHES:
    for left_transposed in (False, True):
        for right_transposed in (False, True):
            label = f"{name}{', left transposed' if left_transposed else ''}{', right transposed' if right_transposed else ''}"
            product(label, f"{left} {'E 2' if left_transposed else '2 E'}", f"{right} {'3 E' if right_transposed else 'E 3'}", left_transposed, right_transposed)
product("alpha", "B 2 E", "B E 3", alpha=0.125)
product("alpha, transposed", "B T E", "B D E", False, True, 0.35)
product("alpha, right shared", "B T E", "E D", alpha=-2)
product("alpha, both transposed", "B E T", "D E", True, True, 0.5)
product("row times column", "1 E", "E 1")
product("column times row", "T 1", "1 D")
product("one element", "1 1", "1 1")
product("named length 1", "B U E", "B E U")
for a, b in ((False, False), (False, True), (True, False)):
    suffix = f"{', left transposed' if a else ''}{', right transposed' if b else ''}"
    product(f"no rows{suffix}", "E Z" if a else "Z E", "D E" if b else "E D", a, b)
    product(f"no inner dimension{suffix}", "Z B" if a else "B Z", "D Z" if b else "Z D", a, b)
    product(f"empty batch{suffix}", "Z E 2" if a else "Z 2 E", "Z 3 E" if b else "Z E 3", a, b)
    if not a:  # The runtime's FusedMatMul does not broadcast its left operand over an empty batch.
        product(f"empty batch, right shared{suffix}", "Z 2 E", "3 E" if b else "E 3", a, b)


def projection(name, x, transposed, inner=4, outer=3):
    weight = f"{outer} {inner}" if transposed else f"{inner} {outer}"
    add("linear", name, lambda t, w, b: t @ (w.t() if transposed else w) + b, floats(x), floats(weight), floats(str(outer)), attributes={"transposeWeight": transposed})


for transposed, label in ((True, "[out, in]"), (False, "[in, out]")):
    projection(f"{label} tensor", "B T 4", transposed)
    projection(f"{label} matrix", "B 4", transposed)
    projection(f"{label} vector", "4", transposed)
    projection(f"{label} four axes", "B 2 T 4", transposed)
    projection(f"{label} one row", "U 1 4", transposed)
    projection(f"{label} one feature", "B 1", transposed, 1, 3)
    projection(f"{label} one result", "B T 4", transposed, 4, 1)
    projection(f"{label} empty", "Z T 4", transposed)


def column_groups(name, left, right):
    add("groupedMatmul", name, lambda a, b: torch.einsum("kcm,kn->cmn", a, b), floats(left), floats(right))


column_groups("named rows", "B 3 4", "B 2")
column_groups("fixed rows", "5 2 3", "5 4")
column_groups("one group", "B 1 3", "B 2")
column_groups("groups of one", "B 3 1", "B 1")
column_groups("one row", "U 2 3", "U 2")

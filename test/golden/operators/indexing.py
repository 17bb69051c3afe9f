"""Cases of src/graph/operators/indexing.ts."""
import torch
import torch.nn.functional as F

from cases import Family, Value, size

family = Family("indexing")
add, floats, integers = family.add, family.floats, family.integers
INT = "int64"


def gathered(name, table, indices, padding=None, unique=None):
    attributes = {**({} if padding is None else {"paddingIndex": padding}), **({} if unique is None else {"uniqueIndices": unique})}

    def reference(t, i):
        if padding is None:
            return t[i]
        keep = (i != padding).reshape(list(i.shape) + [1] * (t.dim() - 1))
        return torch.where(keep, t[i], t[i].detach())

    # A padding row is looked up, yet gets no gradient on purpose.
    add("gather", name, reference, table, indices, attributes=attributes, smooth=padding is None)


gathered("embedding", floats("6 E"), integers("B T", 6))
gathered("repeated", floats("4 3"), Value("5", [1, 1, 3, 1, 0], INT))
gathered("all the same", floats("4 3"), Value("B T", [2] * 6, INT))
gathered("padding", floats("5 3"), Value("B T", [0, 1, 4, 1, 0, 2], INT), padding=0)
gathered("padding only", floats("5 3"), Value("3", [4, 4, 4], INT), padding=4)
gathered("unique", floats("B*T D"), Value("4", [5, 0, 3, 2], INT), unique=True)
gathered("unique, padding", floats("5 3"), Value("3", [4, 1, 0], INT), padding=1, unique=True)
gathered("unique, padding repeated", floats("5 3"), Value("4", [1, 4, 1, 0], INT), padding=1, unique=True)
gathered("one index", floats("4 3"), Value("", 2, INT))
gathered("vector table", floats("D"), Value("B T", [0, 4, 4, 1, 2, 0], INT))
gathered("vector table, padding", floats("D"), Value("3", [0, 4, 4], INT), padding=4)
gathered("matrix rows", floats("4 2 3"), Value("3", [3, 0, 3], INT))
gathered("one row", floats("1 3"), Value("B", [0, 0], INT))
gathered("no index", floats("4 3"), Value("Z", [], INT))
gathered("no index, unique", floats("4 3"), Value("Z", [], INT), unique=True)
gathered("int64 table", integers("4 3", 9), Value("B", [3, 1], INT))
gathered("bool table", integers("4 3", 2, type="bool"), Value("B", [3, 1], INT))


def scattered(name, indices, rows, shape, padding=None, unique=None):
    attributes = {"shape": shape, **({} if padding is None else {"paddingIndex": padding}), **({} if unique is None else {"uniqueIndices": unique})}

    def reference(i, r):
        sizes = [size(d) for d in shape]
        flat = r.reshape([i.numel()] + sizes[1:])
        if padding is not None:
            flat = flat * (i.reshape(-1) != padding).reshape([-1] + [1] * (len(sizes) - 1))
        return torch.zeros(sizes, dtype=r.dtype).index_add(0, i.reshape(-1), flat)

    add("scatterRows", name, reference, indices, rows, attributes=attributes)


scattered("matrix", integers("B T", 6), floats("B T E"), [6, "E"])
scattered("repeated", Value("5", [1, 1, 3, 1, 0], INT), floats("5 3"), [4, 3])
scattered("rows flattened", integers("B T", 6), floats("B*T E"), [6, "E"])
scattered("named rows", Value("3", [0, 5, 0], INT), floats("3 E"), ["B*T", "E"])
scattered("padding", Value("B T", [0, 1, 4, 1, 0, 2], INT), floats("B T 3"), [5, 3], padding=0)
scattered("padding only", Value("3", [4, 4, 4], INT), floats("3 2"), [5, 2], padding=4)
scattered("unique", Value("4", [5, 0, 3, 2], INT), floats("4 D"), [6, "D"], unique=True)
scattered("unique, padding", Value("3", [4, 1, 0], INT), floats("3 2"), [5, 2], padding=1, unique=True)
scattered("one index", Value("", 2, INT), floats("3"), [4, 3])
scattered("vector", Value("B T", [0, 4, 4, 1, 2, 0], INT), floats("B T"), ["D"])
scattered("vector, unique", Value("3", [0, 4, 2], INT), floats("3"), ["D"], unique=True)
scattered("matrix rows", Value("3", [3, 0, 3], INT), floats("3 2 3"), [4, 2, 3])
scattered("matrix rows, padding", Value("3", [3, 0, 3], INT), floats("3 2 3"), [4, 2, 3], padding=3)
scattered("no index", Value("Z", [], INT), floats("Z 3"), [4, 3])

for name, start, length in [("from 0", 0, "D"), ("from a name", "B", "T"), ("from a number", 7, "T"), ("negative start", -3, "D"), ("nothing", 2, 0), ("one", 5, 1), ("difference", 0, "D - B"), ("product", "B", "B*T")]:
    add("range", name, lambda s=start, n=length: torch.arange(size(s), size(s) + size(n)), attributes={"start": start, "length": length})


def loss(name, logits, labels, ignored=-100, **options):
    def reference(x, y):
        counted = max(int((y != ignored).sum()), 1)
        total = F.cross_entropy(x, y, ignore_index=ignored, reduction="sum") if len(y) else x.sum() * 0
        inverse = torch.tensor(1 / counted, dtype=torch.float64)
        return total * inverse, F.log_softmax(x, -1), inverse

    add("crossEntropy", name, reference, logits, labels, attributes={"ignoreIndex": ignored}, differentiable=[0], **options)


def loss_gradient(name, logits, labels, scale=0.5, ignored=-100):
    x = torch.from_numpy(logits.array).double()
    log_probabilities = Value(" ".join(map(str, logits.dims)), F.log_softmax(x, -1).numpy())

    def reference(lp, y, s):
        lp = lp.detach().requires_grad_()
        total = F.cross_entropy(lp, y, ignore_index=ignored, reduction="sum")
        return torch.autograd.grad(total, lp)[0] * s.detach()

    add("crossEntropyGradient", name, reference, log_probabilities, labels, Value("", scale), attributes={"ignoreIndex": ignored}, differentiable=[], smooth=False)


labels = lambda dims, *values: Value(dims, values, INT)
CROSS_ENTROPY = [
    ("all count", floats("E 5"), labels("E", 0, 4, 2, 2), -100),
    ("one ignored", floats("E 5"), labels("E", 0, -100, 2, 1), -100),
    ("all ignored", floats("E 5"), labels("E", -100, -100, -100, -100), -100),
    ("a class is ignored", floats("E 5"), labels("E", 0, 3, 0, 1), 0),
    ("one row", floats("U 3"), labels("U", 1), -100),
    ("one class", floats("B 1"), labels("B", 0, 0), -100),
    ("named classes", floats("T D"), labels("T", 4, 0, 1), -1),
    ("certain", Value("2 3", [1e4, 0, -1e4, 30, 0, 0]), labels("2", 0, 0), -100),
    ("certain and wrong", Value("2 3", [1e4, 0, -1e4, 30, 0, 0]), labels("2", 2, 1), -100),
]
for name, logits, targets, ignored in CROSS_ENTROPY:
    loss(name, logits, targets, ignored, smooth="certain" not in name)
    loss_gradient(name, logits, targets, ignored=ignored)
loss("no row", floats("Z 5"), labels("Z"))
loss_gradient("no row", floats("Z 5"), labels("Z"))
loss_gradient("scale 1", floats("E 5"), labels("E", 0, 4, 2, 2), scale=1)


def loss_in_parts(name, hidden, weight, labels, parts, groups=1, bias=None, ignored=-100):
    def reference(x, w, y, b=None):
        logits = F.linear(x, w, b)
        counted = max(int((y != ignored).sum()), 1)
        total = F.cross_entropy(logits, y, ignore_index=ignored, reduction="sum") if len(y) else logits.sum() * 0
        scale = ((y != ignored).double() / counted)[:, None]
        p = F.softmax(logits, -1).detach()
        expected = (p.T @ (x.detach() * scale)).reshape(groups, w.shape[0] // groups, w.shape[1])
        results = (total / counted, torch.tensor(1 / counted, dtype=torch.float64), p @ w.detach(), expected)
        return results if b is None else (*results, (p * scale).sum(0))

    operands = [hidden, weight, labels] + ([] if bias is None else [bias])
    attributes = {"ignoreIndex": ignored, "parts": parts, "groups": groups}
    add("partedLoss", name, reference, *operands, attributes=attributes, differentiable=[0])


SIX = labels("B T", 0, 4, -100, 2, 5, 1)
SIX = Value("B*T", SIX.array, INT)
for name, parts, groups, bias in [("two parts", 2, 1, None), ("parts of unlike size", 4, 3, None), ("a bias", 3, 2, floats("6")), ("one part", 1, 6, floats("6")), ("more parts than rows", 8, 2, floats("6"))]:
    loss_in_parts(name, floats("B*T D"), floats("6 D"), SIX, parts, groups, bias)
loss_in_parts("all ignored", floats("E 3"), floats("4 3"), labels("E", -100, -100, -100, -100), 2, 2, floats("4"))
loss_in_parts("no row", floats("Z 3"), floats("4 3"), labels("Z"), 2, 2, floats("4"))
loss_in_parts("a class is ignored", floats("E 3"), floats("4 3"), labels("E", 0, 3, 0, 1), 2, ignored=0)

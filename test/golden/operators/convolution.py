"""Cases of src/graph/operators/convolution.ts."""
import torch
import torch.nn.functional as F

from cases import Family, size

family = Family("convolution")
add, floats = family.add, family.floats


def convolved(name, x, weight, **attributes):
    options = dict(stride=1, padding=0, dilation=1, groups=1) | attributes
    add("conv1d", name, lambda t, w, b: F.conv1d(t, w, b, **options), floats(x), floats(weight), floats(weight.split()[0]), attributes=attributes)


def put_back(name, x, weight, length, **attributes):
    options = dict(stride=1, padding=0, dilation=1, groups=1) | attributes

    def reference(t, w):
        kernel = w.shape[2]
        reached = (t.shape[2] - 1) * options["stride"] + options["dilation"] * (kernel - 1) + 1 - 2 * options["padding"]
        return F.conv_transpose1d(t, w, output_padding=size(length) - reached, **options)

    add("convTranspose1d", name, reference, floats(x), floats(weight), attributes={**attributes, "length": length})


convolved("window of 3", "B 2 D", "4 2 3")
convolved("window of 1", "B 2 D", "3 2 1")
convolved("one window", "B 2 3", "3 2 3")
convolved("one channel", "U 1 D", "1 1 2")
convolved("padding", "B 2 D", "3 2 3", padding=1)
convolved("padding alone", "B 2 1", "3 2 3", padding=1)
convolved("dilation", "B 2 D", "3 2 2", dilation=2)
convolved("dilation and padding", "B 2 D", "3 2 3", dilation=2, padding=2)
convolved("stride", "B 2 7", "3 2 3", stride=2)
convolved("stride, a position left over", "B 2 8", "3 2 3", stride=2)
convolved("stride, more left over", "B 2 9", "3 2 2", stride=4)
convolved("stride, dilation, padding", "B 2 9", "3 2 3", stride=2, dilation=2, padding=1)
convolved("stride 3, dilation 2, left over", "B 2 10", "3 2 2", stride=3, dilation=2)
convolved("groups", "B 4 D", "6 2 3", groups=2)
convolved("groups, padding", "B 4 D", "2 2 3", groups=2, padding=2)
convolved("each channel for itself", "B 3 D", "3 1 3", groups=3, padding=1)
convolved("groups, stride, dilation", "B 4 8", "4 2 2", groups=2, stride=2, dilation=2)
convolved("named channels", "B T D", "E T 2")
convolved("many positions", "B 3 20", "4 3 5", padding=2)

put_back("window of 3", "B 4 T", "4 2 3", "T + 2")
put_back("window of 1", "B 3 D", "3 2 1", "D")
put_back("padding", "B 3 D", "3 2 3", "D", padding=1)
put_back("dilation", "B 3 T", "3 2 2", "T + 2", dilation=2)
put_back("stride", "B 3 3", "3 2 3", 7, stride=2)
put_back("stride, a position left over", "B 3 3", "3 2 3", 8, stride=2)
put_back("stride, dilation, padding", "B 3 4", "3 2 3", 9, stride=2, dilation=2, padding=1)
put_back("groups", "B 6 T", "6 2 3", "T + 2", groups=2)
put_back("groups, stride", "B 4 3", "4 2 2", 6, groups=2, stride=2)

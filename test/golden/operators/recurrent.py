"""Cases of src/graph/operators/recurrent.ts."""
import torch

from cases import Family, Value

family = Family("recurrent")
add, floats = family.add, family.floats


def lstm_cell(width):
    """PyTorch's own cell, its input weights the identity, so that its input is the sums before the activations."""
    module = torch.nn.LSTMCell(4 * width, width, dtype=torch.float64)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        module.weight_ih.copy_(torch.eye(4 * width))

    def reference(gates, cell):
        hidden, new_cell = module(gates, (torch.zeros_like(cell), cell))
        i, f, g, o = gates.chunk(4, 1)
        return hidden, new_cell, i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid(), new_cell.tanh()

    return reference


for name, gates, cell, width in [("matrix", "B 12", "B 3", 3), ("one example", "U 8", "U 2", 2), ("one unit", "T 4", "T 1", 1), ("empty", "Z 8", "Z 2", 2)]:
    add("lstmCell", name, lstm_cell(width), floats(gates, -3, 3), floats(cell), differentiable=[0, 1])
add("lstmCell", "hidden state alone", lstm_cell(3), floats("B 12", -3, 3), floats("B 3"), differentiable=[0])
add("lstmCell", "cell alone", lstm_cell(3), floats("B 12", -3, 3), floats("B 3"), differentiable=[1])
add("lstmCell", "saturated", lstm_cell(1), Value("4 4", [50, -50, 50, 50, -50, 50, 50, -50, 100, 100, -100, 100, 0, 0, 0, 0]), floats("4 1"), differentiable=[0, 1], smooth=False)

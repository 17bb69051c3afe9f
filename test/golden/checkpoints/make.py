"""Makes the files of this folder with the reference implementations, deterministically.

    pip install torch==2.15.0 safetensors==0.8.0 && python make.py

layout.safetensors  one tensor of each type and some unusual names, as the reference lays them out
half.safetensors    `values` (float32), and PyTorch's own conversion of them to `float16` and `bfloat16`
half-widened.safetensors  those two, converted back to float32 by PyTorch
pytorch.bin         what torch.save makes of an ordered dictionary with strides, offsets and shared storages
pytorch.safetensors the same values
"""

import struct
from pathlib import Path

import torch
from safetensors.torch import save_file

here = Path(__file__).parent
generator = torch.Generator().manual_seed(7)


def edges() -> torch.Tensor:
    """Every place where rounding changes its mind: ties, subnormals, overflow, and random bits."""
    bits = []
    for exponent in (0, 1, 90, 101, 102, 103, 104, 110, 112, 113, 114, 126, 127, 128, 141, 142, 143, 254):
        for fraction in (0, 1, 0xFFF, 0x1000, 0x1001, 0x1FFF, 0x2000, 0x3000, 0x7FFF, 0x8000, 0x8001, 0x18000, 0x7FE000, 0x7FEFFF, 0x7FF000, 0x7FFFFF):
            bits.append(exponent << 23 | fraction)
    bits += [bit | 0x80000000 for bit in bits] + [0x7F800000, 0xFF800000, 0x00000000, 0x80000000]
    named = torch.tensor([struct.unpack("<f", struct.pack("<I", bit))[0] for bit in bits])
    scales = 2.0 ** torch.randint(-30, 18, (1500,), generator=generator).float()
    return torch.cat([named, torch.randn(1500, generator=generator) * scales])


values = edges()
half = {"values": values, "float16": values.half(), "bfloat16": values.bfloat16()}
save_file(half, here / "half.safetensors", metadata={"format": "pt"})
widened = {name: half[name].float() for name in ("float16", "bfloat16")}
save_file(widened, here / "half-widened.safetensors", metadata={"format": "pt"})

layout = {
    "scalar": torch.tensor(-5, dtype=torch.int64),
    "float64": torch.tensor([1.5, -2.25], dtype=torch.float64),
    "float32": torch.tensor([[0.1, -0.0], [3.0, float("inf")]]),
    "float16": torch.tensor([1.0, 65504.0, 6e-8], dtype=torch.float16),
    "bfloat16": torch.tensor([1.0, -3.0e38], dtype=torch.bfloat16),
    "int32": torch.tensor([-(2**31)], dtype=torch.int32),
    "int16": torch.tensor([-(2**15), 7], dtype=torch.int16),
    "int8": torch.tensor([-128], dtype=torch.int8),
    "uint8": torch.tensor([255, 1, 2], dtype=torch.uint8),
    "uint16": torch.tensor([65535], dtype=torch.uint16),
    "uint32": torch.tensor([2**32 - 1], dtype=torch.uint32),
    "uint64": torch.tensor([2**64 - 1], dtype=torch.uint64),
    "bool": torch.tensor([True, False]),
    "empty": torch.zeros(0, 3),
    "Zeta": torch.ones(1),
    "emoji 😀": torch.ones(1) * 2,
    "private \ue000": torch.ones(1) * 3,
    'quote " and \\ and \n and \x7f and \u2028': torch.ones(1) * 4,
}
save_file(layout, here / "layout.safetensors", metadata={"format": "pt"})

strided = torch.arange(24.0).reshape(2, 3, 4)
shared = torch.arange(10.0)
state = torch.nn.Linear(3, 2).state_dict()
state["weight"].copy_(torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
state["bias"].copy_(torch.tensor([7.0, 8.0]))
state |= {
    "transposed": strided.permute(2, 0, 1),
    "part": strided[1, 1:, ::2],
    "half_transposed": strided[0].half().t(),
    "bfloat16": torch.tensor([1.5], dtype=torch.bfloat16),
    "float64": torch.tensor([0.1], dtype=torch.float64),
    "int64": torch.tensor([[-(2**62)]]),
    "bool": torch.tensor([True, False]),
    "scalar": torch.tensor(3.5),
    "empty": torch.zeros(0, 2),
    "shared.0": shared[2:5],
    "shared.1": shared[4:],
    "parameter": torch.nn.Parameter(torch.tensor([9.0])),
}
torch.save(state, here / "pytorch.bin")
save_file({name: value.detach().clone().contiguous() for name, value in state.items()}, here / "pytorch.safetensors", metadata={"format": "pt"})

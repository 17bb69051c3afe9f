"""The encoder of a BERT folder as transformers.js would get it, an ONNX file that nobody optimized: export_onnx.py FOLDER FILE."""
import sys
import warnings

import torch
from transformers import BertModel

warnings.filterwarnings("ignore")
model = BertModel.from_pretrained(sys.argv[1], attn_implementation="eager", dtype=torch.float32).eval()
names = ["input_ids", "attention_mask", "token_type_ids"]


class Encoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.model = model

    def forward(self, *inputs):
        return self.model(**dict(zip(names, inputs))).last_hidden_state


example = torch.ones(2, 16, dtype=torch.long)
torch.onnx.export(
    Encoder(),
    (example, example, example),
    sys.argv[2],
    input_names=names,
    output_names=["last_hidden_state"],
    dynamic_axes={name: {0: "batch", 1: "tokens"} for name in [*names, "last_hidden_state"]},
    opset_version=14,
    dynamo=False,
)

"""Opens folders that Cloze saved: transformers must say nothing, miss nothing, and compute the same.

    pip install torch==2.15.0 transformers==5.23.0
    node --conditions=@cloze/source --import tsx test/golden/saved-folders/save.ts test/golden/models FOLDERS
    python test/golden/saved-folders/check.py FOLDERS

Not part of the tests, which need no Python. Last run by hand on 2026-11-22, with all reference folders of six families:
344 folders, 0 with problems.
"""
import json
import logging
import re
import sys
import warnings
from pathlib import Path

import torch
import transformers

torch.set_num_threads(1)
transformers.utils.logging.disable_progress_bar()
messages = []


class Collect(logging.Handler):
    def emit(self, record):
        messages.append(record.getMessage())


logger = logging.getLogger("transformers")
logger.handlers = [Collect()]
logger.setLevel(logging.WARNING)
warnings.showwarning = lambda message, *_: messages.append(str(message))
# What the class itself says of a configuration or of inputs, whoever wrote the folder.
EXPECTED = ("If you want to use `", "We strongly recommend passing in an `attention_mask`", "`loss_type=None` was set",
            "GPT2ForSequenceClassification will not detect padding tokens in `inputs_embeds`")  # fmt: skip


def snake(name):
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda m: "_" + m[1].lower(), name)


def tensor(value):
    kind = torch.float32 if value.get("type") == "float32" else torch.long
    return torch.tensor(value["data"], dtype=kind).reshape(value["dims"])


def problems(folder):
    expected = json.loads((folder / "expected.json").read_text())
    messages.clear()
    cls = getattr(transformers, expected["class"])
    model, info = cls.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32, output_loading_info=True)
    found = [f"{kind}: {sorted(keys)}" for kind, keys in info.items() if keys]
    with torch.no_grad():
        outputs = model.eval()(**{snake(k): tensor(v) for k, v in expected["inputs"].items()})
    for name, value in expected["outputs"].items():
        ours = torch.tensor(value["data"]).reshape(value["dims"])
        theirs = outputs[snake(name)]
        worst = (ours - theirs).abs().max().item()
        if not worst <= 2e-5 * theirs.abs().max().item() + 1e-6:
            found.append(f"{name} differs by {worst}")
    return found + [m for m in messages if not m.startswith(EXPECTED)]


if __name__ == "__main__":
    folders = sorted(p.parent for p in Path(sys.argv[1]).glob("*/expected.json"))
    failed = 0
    for folder in folders:
        found = problems(folder)
        failed += bool(found)
        if found:
            print(folder.name, *found, sep="\n    ")
    print(f"{len(folders)} folders opened by transformers {transformers.__version__}, {failed} with problems")
    sys.exit(failed > 0)

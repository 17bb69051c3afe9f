"""Writes the golden cases of all operators: one JSON file for each file of src/graph/operators/.

    python test/golden/operators/make.py     # torch 2.15.0, numpy 2.4.6

The numbers are those of float64, rounded to float32. Another machine may give another last digit.
"""
from importlib import import_module
from pathlib import Path

for path in sorted(Path(__file__).parent.glob("*.py")):
    if path.stem not in ("make", "cases"):
        import_module(path.stem).family.write()

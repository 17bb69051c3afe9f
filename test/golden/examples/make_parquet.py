"""Small Parquet files as pyarrow writes them (versions in VERSION below), for the readers of labelled data.

    python make_parquet.py
"""
from pathlib import Path

import pyarrow
import pyarrow.parquet

VERSION = "26.0.1"
HERE = Path(__file__).parent

assert pyarrow.__version__ == VERSION, pyarrow.__version__

SQUAD = {
    "id": [f"q{i}" for i in range(5)],
    "question": [f"Which number is it, {i}?" for i in range(5)],
    "context": [f"It is the number {i}, no other. 北京 😀" for i in range(5)],
    "answers": [{"text": [str(i)] if i else [], "answer_start": [17] if i else []} for i in range(5)],
}
CLASSES = {"sentence": [f"text {i}" for i in range(6)], "label": [i % 2 for i in range(6)], "unused": [0.5] * 6}
TAGS = {"tokens": [["a", "b"], ["c"]], "ner_tags": [[0, 3], [1]]}


def write(name, columns, compression, rows, **types):
    schema = pyarrow.schema([(k, types[k]) for k in columns]) if types else None
    table = pyarrow.table(columns, schema=schema)
    pyarrow.parquet.write_table(table, HERE / name, compression=compression, row_group_size=rows)


answers = pyarrow.struct([("text", pyarrow.list_(pyarrow.string())), ("answer_start", pyarrow.list_(pyarrow.int32()))])
text = pyarrow.string()
write("squad-snappy.parquet", SQUAD, "snappy", 2, id=text, question=text, context=text, answers=answers)
write("classes-zstd.parquet", CLASSES, "zstd", 4)
write("tags-gzip.parquet", TAGS, "gzip", 2)

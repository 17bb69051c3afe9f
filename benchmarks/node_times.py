"""Where a run of a BERT file spends its time, by kind of node: node_times.py FILE BATCH TOKENS THREADS RUNS.

Needs onnxruntime. Of each node counts the least of all runs, which neighbours on the machine hardly touch.
"""
import collections
import json
import os
import sys

import numpy as np
import onnxruntime as ort

file, batch, tokens, threads, runs = sys.argv[1], *map(int, sys.argv[2:6])
options = ort.SessionOptions()
options.intra_op_num_threads = threads
options.log_severity_level = 3
options.enable_mem_pattern = False
options.enable_profiling = True
session = ort.InferenceSession(file, options, providers=["CPUExecutionProvider"])
ids = np.array([(index * 7919 + 13) % 30522 for index in range(batch * tokens)], dtype=np.int64)


def value(name):
    name = name.lower()
    if "mask" in name:
        return np.ones((batch, tokens), np.int64)
    return ids.reshape(batch, tokens) if "input" in name else np.zeros((batch, tokens), np.int64)


feeds = {given.name: value(given.name) for given in session.get_inputs()}
for _ in range(runs):
    session.run(None, feeds)
profile = session.end_profiling()
with open(profile) as lines:
    events = json.load(lines)
os.remove(profile)
least = {}
for event in events:
    if event["cat"] == "Node" and event["name"].endswith("_kernel_time"):
        key = (event["args"]["op_name"], event["name"])
        least[key] = min(least.get(key, event["dur"]), event["dur"])
sums, counts = collections.Counter(), collections.Counter()
for (kind, _), microseconds in least.items():
    sums[kind] += microseconds / 1000
    counts[kind] += 1
total = sum(sums.values())
print(f"{total:9.2f} ms in {len(least)} nodes")
for kind, milliseconds in sums.most_common(12):
    print(f"{milliseconds:9.2f} ms {100 * milliseconds / total:5.1f}%  {counts[kind]:4} {kind}")

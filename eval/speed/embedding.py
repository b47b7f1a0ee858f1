"""Embeds the same corpus with Trawl and with sentence-transformers in alternating runs, and prints the ratio.

    python eval/speed/embedding.py TRAWL_BINARY CORPUS.jsonl [--limit N] [--rounds N]

Needs sentence-transformers (PyPI) and the model that `make models` brings. Both sides read texts from a file, embed them
with MiniLM (maximum length 256) on all cores and write float32 vectors; Trawl's time is that of the whole process,
sentence-transformers' is that of `encode` alone, with the model loaded and the library imported.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

import numpy

parser = argparse.ArgumentParser()
parser.add_argument("trawl")
parser.add_argument("corpus")
parser.add_argument("--limit", type=int, default=1000)
parser.add_argument("--rounds", type=int, default=5)
options = parser.parse_args()

os.environ["HF_HUB_OFFLINE"] = "1"
from sentence_transformers import SentenceTransformer  # noqa: E402

home = os.environ.get("TRAWL_HOME") or os.path.expanduser("~/.cache/trawl")
model = SentenceTransformer(home + "/models/all-MiniLM-L6-v2", device="cpu")
with open(options.corpus) as lines:
    documents = [json.loads(line) for line in lines][: options.limit]
texts = [(d.get("title", "") + " " + d["text"]).strip() for d in documents]
tokens = sum(min(256, len(ids)) for ids in model.tokenizer(texts)["input_ids"])

with tempfile.TemporaryDirectory() as folder:
    source, target = folder + "/texts.jsonl", folder + "/vectors.f32"
    with open(source, "w") as out:
        for number, text in enumerate(texts):
            out.write(json.dumps({"id": str(number), "text": text}) + "\n")
    ours, theirs = [], []
    for _ in range(options.rounds):
        start = time.perf_counter()
        subprocess.run(
            [options.trawl, "embed", source, "--format", "f32", "--output", target, "--quiet"], check=True)
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        reference = model.encode(texts, batch_size=32, show_progress_bar=False)
        theirs.append(time.perf_counter() - start)
    vectors = numpy.fromfile(target, dtype=numpy.float32).reshape(len(texts), -1)

print(f"{len(texts)} texts, {tokens} tokens, {options.rounds} alternating rounds, medians")
print(f"trawl                 {statistics.median(ours):8.2f} s  {tokens / statistics.median(ours):9.0f} tokens/s")
print(f"sentence-transformers {statistics.median(theirs):8.2f} s  {tokens / statistics.median(theirs):9.0f} tokens/s")
print(f"ratio {statistics.median(theirs) / statistics.median(ours):.2f}x, largest difference {abs(vectors - reference).max():.2e}")

"""Embeds the same passages with Trawl, sentence-transformers and ONNX Runtime in alternating runs, on two threads.

    python3 -m venv PEERS && PEERS/bin/pip install -r eval/speed/peers/requirements.txt
    PEERS/bin/python eval/speed/embedding/embedding.py SCIFACT/ --trawl .build/release/trawl [--int8] [--peak GFLOPS]
        [--passages N] [--rounds N]

Every engine gets 1,000 passages of 20 to 256 tokens as text, in the same order, and gives normalised float32 vectors;
tokenising is part of the time, loading the model is not. Only Trawl is a whole process that also loads its model, reads
the texts from a file and writes the vectors to one: the columns "less start-up" are without the time in which it embeds
one word. The share of the peak counts the multiplications of the model for the tokens there are, without padding, over
that time. Cosines and differences are to sentence-transformers' vectors.

The second table is a single query of 10 tokens, one after the other; for Trawl see `trawl models bench`.
"""
import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial

from pathlib import Path
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))
import models  # before the libraries that would ask a hub
import minilm_onnx
import numpy
import onnxruntime
import scifact
import torch
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer

THREADS = 2
BATCH = 32
LAYERS, WIDTH, INNER_WIDTH = 6, 384, 1536
QUERY = "why do the oceans rise and fall?"
QUERY_TOKENS = 10
REFERENCE = "sentence-transformers"


class OnnxEmbedder:
    """MiniLM in ONNX Runtime: batches of texts of about the same length, mean pooling, normalised."""

    def __init__(self, graph: str, tokenizer: Tokenizer):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        self.session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self.tokenizer = tokenizer

    def __call__(self, texts: list[str]) -> numpy.ndarray:
        encodings = self.tokenizer.encode_batch_fast(texts)
        order = sorted(range(len(texts)), key=lambda place: len(encodings[place]))
        vectors = numpy.empty((len(texts), WIDTH), numpy.float32)
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            vectors[places] = self.embed([encodings[place].ids for place in places])
        return vectors

    def embed(self, rows: list[list[int]]) -> numpy.ndarray:
        tokens = numpy.zeros((len(rows), max(map(len, rows))), numpy.int64)
        mask = numpy.zeros_like(tokens)
        for row, ids in enumerate(rows):
            tokens[row, : len(ids)] = ids
            mask[row, : len(ids)] = 1
        inputs = dict(zip(minilm_onnx.INPUTS, (tokens, mask, numpy.zeros_like(tokens))))
        hidden = self.session.run([minilm_onnx.OUTPUT], inputs)[0]
        # The sum instead of the mean: normalising makes them the same.
        pooled = numpy.matmul(mask[:, None].astype(numpy.float32), hidden)[:, 0]
        return pooled / numpy.linalg.norm(pooled, axis=1, keepdims=True)


class TrawlEmbedder:
    """`trawl embed` as a process of its own. The files with the texts are written beforehand, outside of the time."""

    def __init__(self, binary: str, folder: str, texts: list[str], flags: list[str]):
        self.binary, self.folder, self.flags = binary, folder, flags
        self.write("passages", texts)
        self.write("word", ["tide"])

    def write(self, name: str, texts: list[str]) -> None:
        with open(f"{self.folder}/{name}.jsonl", "w") as out:
            for number, text in enumerate(texts):
                out.write(json.dumps({"id": str(number), "text": text}) + "\n")

    def run(self, name: str) -> numpy.ndarray:
        source, target = f"{self.folder}/{name}.jsonl", f"{self.folder}/{name}.f32"
        command = [self.binary, "embed", source, "--format", "f32", "--output", target, "--quiet", *self.flags]
        subprocess.run(command, check=True)
        return numpy.fromfile(target, numpy.float32).reshape(-1, WIDTH)


class Engine:
    """Something that embeds all passages, its times, and the times in which it starts if they are part of those."""

    def __init__(self, run, start=None):
        self.run, self.start = run, start
        self.seconds, self.start_seconds = [], []
        self.vectors = None

    def round(self) -> None:
        if self.start:
            self.start_seconds.append(timed(self.start)[0])
        seconds, self.vectors = timed(self.run)
        self.seconds.append(seconds)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def median_less_start(self) -> float:
        return self.median - (statistics.median(self.start_seconds) if self.start else 0)


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def operations(lengths: list[int]) -> int:
    """Floating-point operations of the model's matrix products for texts of these lengths."""
    projections = 2 * (4 * WIDTH * WIDTH + 2 * WIDTH * INNER_WIDTH)
    return sum(LAYERS * length * (projections + 4 * length * WIDTH) for length in lengths)


def passages_table(engines: dict[str, Engine], lengths: list[int], peak: float | None) -> None:
    tokens = sum(lengths)
    reference = engines[REFERENCE]
    print("| engine | seconds | tokens/s | ratio | less start-up: seconds | ratio | share of peak | least cosine "
          "| largest difference |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for name, engine in engines.items():
        seconds, working = engine.median, engine.median_less_start
        share = f"{operations(lengths) / working / 1e9 / peak:.0%}" if peak else ""
        cosine = (engine.vectors * reference.vectors).sum(axis=1).min()
        difference = abs(engine.vectors - reference.vectors).max()
        print(f"| {name} | {seconds:.2f} | {tokens / seconds:,.0f} | {reference.median / seconds:.2f} "
              f"| {working:.2f} | {reference.median / working:.2f} | {share} | {cosine:.5f} | {difference:.1e} |")


def query_table(embedders: dict) -> None:
    print("\n| one query of 10 tokens | median ms |\n|---|---:|")
    for name, embed in embedders.items():
        seconds = statistics.median(timed(lambda: embed([QUERY]))[0] for _ in range(100))
        print(f"| {name} | {1000 * seconds:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("scifact", help="folder with corpus.jsonl")
    parser.add_argument("--trawl", help="the binary; without it only the peers run")
    parser.add_argument("--int8", action="store_true", help="also run trawl embed --precision int8")
    parser.add_argument("--peak", type=float, help="the machine's sgemm peak on two threads, in GFLOP/s")
    parser.add_argument("--passages", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    torch.set_num_threads(THREADS)
    folder = models.folder(models.MINILM)
    tokenizer = Tokenizer.from_file(folder + "/tokenizer.json")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    texts = scifact.passages(options.scifact, tokenizer, options.passages)
    lengths = [len(encoding) for encoding in tokenizer.encode_batch_fast(texts)]
    if len(tokenizer.encode(QUERY)) != QUERY_TOKENS:
        raise SystemExit(f"the query does not have {QUERY_TOKENS} tokens")

    model = SentenceTransformer(folder, device="cpu")
    embedders = {REFERENCE: lambda batch: model.encode(batch, batch_size=BATCH, show_progress_bar=False)}
    for name, graph in minilm_onnx.graphs().items():
        embedders[f"ONNX Runtime, {name} graph"] = OnnxEmbedder(graph, tokenizer)
    for embed in embedders.values():
        embed(texts[:BATCH])

    with tempfile.TemporaryDirectory() as scratch:
        engines = {}
        flags = {"f32": []}
        if options.int8:
            flags["int8"] = ["--precision", "int8"]
        for precision in flags if options.trawl else []:
            trawl = TrawlEmbedder(options.trawl, scratch, texts, flags[precision])
            engines[f"trawl, {precision}"] = Engine(partial(trawl.run, "passages"), partial(trawl.run, "word"))
        for name, embed in embedders.items():
            engines[name] = Engine(partial(embed, texts))
        for number in range(options.rounds):
            for name, engine in engines.items():
                engine.round()
                print(f"round {number + 1}: {name} {engine.seconds[-1]:.2f} s", file=sys.stderr)

    print(f"{len(texts):,} passages, {sum(lengths):,} tokens, {operations(lengths) / 1e9:,.0f} GFLOP, "
          f"{options.rounds} alternating rounds, medians; ratio: times as fast as {REFERENCE}\n")
    passages_table(engines, lengths, options.peak)
    query_table(embedders)


if __name__ == "__main__":
    main()

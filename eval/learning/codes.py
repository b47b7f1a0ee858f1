#!/usr/bin/env python3
"""Compares ways to make binary codes of embeddings: how many of the exact 10 nearest are among the 500 best by code.

    python3 eval/learning/codes.py WORK --scifact DATA/scifact --leads SUMMARIES.json --bits 128 --seeds 1,2,3

Vectors are those of all-MiniLM-L6-v2 in an index of trawl; queries are SciFact's test claims, and the titles of 1,000 Wikipedia leads
in turn. Codes are signs of an image of the vector less its mean; a query is not coded, its image's dot product with the signs,
scaled as RaBitQ does, orders the vectors.

    rotated    a random orthonormal projection to so many dimensions: the codes of --vector-structure binary, cut to the size
    PCA        the principal components, rotated at random
    ITQ        the principal components, rotated by iterative quantisation (Gong and Lazebnik 2011), 50 rounds
    trained    ITQ, then a linear map trained straight through the signs: softmax over products of codes to softmax over cosines
    paragraph  with --paragraph-vectors: Binary Paragraph Vectors (Grzegorczyk and Kurdziel 2017, arXiv 1611.01116), PV-DBOW over the words
               of the texts themselves, without any model; documents and queries are compared by Hamming distance

Embeddings are kept in WORK as NAME.npy and NAME-queries.npy. Needs numpy.
"""

import argparse
import collections
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

TRAWL = os.environ.get("TRAWL_BINARY", str(Path(__file__).resolve().parents[2] / ".build/release/trawl"))


def run(*arguments: object) -> None:
    done = subprocess.run([TRAWL, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"trawl {' '.join(map(str, arguments))}: {done.stderr}")


def embedded(work: Path, name: str, texts: list[str], role: str) -> np.ndarray:
    source, target = work / f"{name}.jsonl", work / f"{name}.npy"
    if not target.exists():
        source.write_text("".join(json.dumps({"id": str(i), "text": t}) + "\n" for i, t in enumerate(texts)))
        run("embed", source, "--model", "all-MiniLM-L6-v2", "--role", role, "--format", "npy", "--output", target, "--quiet")
    x = np.load(target).astype(np.float32)
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)


def orthonormal(generator: np.random.Generator, n: int) -> np.ndarray:
    q, r = np.linalg.qr(generator.standard_normal((n, n)))
    return (q * np.sign(np.diag(r))).astype(np.float32)


def components(x: np.ndarray, bits: int) -> np.ndarray:
    return np.linalg.eigh(x.T @ x)[1][:, ::-1][:, :bits].astype(np.float32)


def itq(x: np.ndarray, bits: int, generator: np.random.Generator, rounds: int = 50) -> np.ndarray:
    p = components(x, bits)
    v, r = x @ p, orthonormal(generator, bits)
    for _ in range(rounds):
        u, _, w = np.linalg.svd(np.where(v @ r > 0, 1.0, -1.0).T.astype(np.float32) @ v)
        r = (u @ w).T
    return p @ r


def trained(x: np.ndarray, start: np.ndarray, generator: np.random.Generator, steps: int = 1500, batch: int = 256) -> np.ndarray:
    """Adam on the soft cross entropy between softmax(20 cosine) and softmax(20 scaled product of codes); d sign(y) = (1 - tanh² y) dy."""
    p, m, v, bits = start.copy(), np.zeros_like(start), np.zeros_like(start), start.shape[1]
    for step in range(1, steps + 1):
        a = x[generator.choice(len(x), min(batch, len(x)), replace=False)]
        y = a @ p * 8
        b = np.where(y > 0, 1.0, -1.0).astype(np.float32)
        target, model = 20 * a @ a.T, 20 * b @ b.T / bits
        for s in (target, model):
            np.fill_diagonal(s, -1e9)
            s -= s.max(1, keepdims=True)
            np.exp(s, out=s)
            s /= s.sum(1, keepdims=True)
        d = (model - target) / len(a)
        g = a.T @ ((20 / bits) * (d + d.T) @ b * (1 - np.tanh(y) ** 2) * 8)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        p -= 1e-3 * (1 - step / steps) * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
    return p


def paragraph_scores(texts: list[str], queries: list[str], bits: int, generator: np.random.Generator, epochs: int = 10) -> np.ndarray:
    words = [re.findall(r"[a-z]+", text.lower()) for text in texts]
    counts = collections.Counter(word for text in words for word in text)
    vocabulary = {word: number for number, (word, count) in enumerate(counts.most_common()) if count >= 5}
    size = len(vocabulary)
    noise = np.log((np.arange(size) + 2) / (np.arange(size) + 1)) / np.log(size + 1)
    vectors = (generator.standard_normal((size, bits)) / np.sqrt(bits)).astype(np.float32)
    bias = np.zeros(size, np.float32)
    sums = {"vectors": np.full_like(vectors, 0.1), "bias": np.full_like(bias, 0.1)}

    def train(tokens: list[list[int]], rate: float, epochs: int, learns_words: bool) -> np.ndarray:
        """Adagrad on softmax over the word and 64 sampled ones; the gradient passes the rounding as if it were not there."""
        owners = np.repeat(np.arange(len(tokens)), [len(t) for t in tokens])
        flat = np.array([w for t in tokens for w in t])
        documents = (0.1 * generator.standard_normal((len(tokens), bits))).astype(np.float32)
        squares = np.full_like(documents, 0.1)
        for _ in range(epochs):
            order = generator.permutation(len(flat))
            for start in range(0, len(order), 512):
                part = order[start : start + 512]
                d, w = owners[part], flat[part]
                s = generator.choice(size, 64, p=noise)
                share = 1 / (1 + np.exp(-documents[d]))
                b = (share > 0.5).astype(np.float32)
                logits = np.concatenate([((vectors[w] * b).sum(1) + bias[w] - np.log(noise[w]))[:, None], b @ vectors[s].T + bias[s] - np.log(noise[s])], 1)
                logits -= logits.max(1, keepdims=True)
                p = np.exp(logits)
                p /= p.sum(1, keepdims=True)
                p[:, 0] -= 1
                p = p.astype(np.float32)
                slope = (p[:, :1] * vectors[w] + p[:, 1:] @ vectors[s]) * share * (1 - share)
                if learns_words:
                    rows = np.concatenate([w, s])
                    step, shift = np.concatenate([p[:, :1] * b, p[:, 1:].T @ b]), np.concatenate([p[:, 0], p[:, 1:].sum(0)])
                    np.add.at(sums["vectors"], rows, step * step)
                    np.add.at(vectors, rows, -rate * step / np.sqrt(sums["vectors"][rows]))
                    np.add.at(sums["bias"], rows, shift * shift)
                    np.add.at(bias, rows, -rate * shift / np.sqrt(sums["bias"][rows]))
                np.add.at(squares, d, slope * slope)
                np.add.at(documents, d, -rate * slope / np.sqrt(squares[d]))
        return np.where(documents > 0, 1, -1).astype(np.float32)

    codes = train([[vocabulary[w] for w in text if w in vocabulary] for text in words], 0.3, epochs, True)
    asked = [[vocabulary[w] for w in re.findall(r"[a-z]+", q.lower()) if w in vocabulary] or [0] for q in queries]
    return train(asked, 0.3, 100, False) @ codes.T


def linear_scores(x: np.ndarray, q: np.ndarray, p: np.ndarray) -> np.ndarray:
    image = x @ p
    factor = (image**2).sum(1) / np.maximum(np.abs(image).sum(1), 1e-9)
    return (q @ p) @ np.where(image > 0, 1.0, -1.0).astype(np.float32).T * factor


def recall(scores: np.ndarray, exact: np.ndarray, rescored: int) -> float:
    found = np.argpartition(-scores, rescored - 1, axis=1)[:, :rescored]
    return float(np.mean([len(np.intersect1d(a, b)) / 10 for a, b in zip(exact, found)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--scifact", type=Path)
    parser.add_argument("--leads", type=Path)
    parser.add_argument("--bits", default="128")
    parser.add_argument("--rescored", default="100,500")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--paragraph-vectors", action="store_true", help="measure Binary Paragraph Vectors alone")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    sets = []
    if options.scifact:
        documents = [json.loads(line) for line in (options.scifact / "corpus.jsonl").read_text().splitlines()]
        asked = {line.split("\t")[0] for line in (options.scifact / "qrels/test.tsv").read_text().splitlines()[1:]}
        queries = [q["text"] for q in map(json.loads, (options.scifact / "queries.jsonl").read_text().splitlines()) if q["_id"] in asked]
        sets.append(("SciFact", [f"{d['title']} {d['text']}" for d in documents], queries))
    if options.leads:
        leads = list(json.loads(options.leads.read_text()).values())
        sets.append(("Wikipedia leads", [d["extract"] for d in leads], [d["title"] for d in leads[:: max(1, len(leads) // 1000)]][:1000]))
    rescored = [int(n) for n in options.rescored.split(",")]
    print("| collection | bits | codes | " + " | ".join(f"R@10 after {n}" for n in rescored) + " | seconds |")
    print("|---|---:|---|" + "---:|" * (len(rescored) + 1))
    for name, texts, queries in sets:
        stem = name.split()[0].lower()
        x, q = embedded(options.work, stem, texts, "passage"), embedded(options.work, f"{stem}-queries", queries, "query")
        exact = np.argsort(-(q @ x.T), axis=1)[:, :10]
        centred = x - x.mean(0)
        for bits in map(int, options.bits.split(",")):
            found: dict[str, list[list[float]]] = collections.defaultdict(list)
            seconds: dict[str, list[float]] = collections.defaultdict(list)
            for seed in map(int, options.seeds.split(",")):
                learnt = itq(centred, bits, np.random.default_rng(seed)) if bits <= x.shape[1] else None
                ways = {
                    "rotated": lambda g: linear_scores(centred, q, orthonormal(g, x.shape[1])[:, :bits]),
                    "PCA": lambda g: linear_scores(centred, q, components(centred, bits) @ orthonormal(g, bits)),
                    "ITQ": lambda g: linear_scores(centred, q, itq(centred, bits, g)),
                    "trained": lambda g: linear_scores(centred, q, trained(centred, learnt, g)),
                }
                if options.paragraph_vectors:
                    ways = {"paragraph": lambda g: paragraph_scores(texts, queries, bits, g)}
                for way, scores in ways.items():
                    begin = time.time()
                    result = scores(np.random.default_rng(seed))
                    seconds[way].append(time.time() - begin)
                    found[way].append([recall(result, exact, n) for n in rescored])
            for way, values in found.items():
                cells = [f"{np.mean(v):.4f} ± {np.std(v):.4f}" for v in zip(*values)]
                print(f"| {name} | {bits} | {way} | " + " | ".join(cells) + f" | {np.mean(seconds[way]):.0f} |", flush=True)


if __name__ == "__main__":
    main()

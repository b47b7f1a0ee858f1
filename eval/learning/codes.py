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

Embeddings are kept in WORK as NAME.npy and NAME-queries.npy. Needs numpy.
"""

import argparse
import collections
import json
import os
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

#!/usr/bin/env python3
"""Measures what a query adapter that was fitted to training judgements does to other queries.

    python3 eval/learning/query_adapter.py WORK scifact=/data/scifact nfcorpus=/data/nfcorpus … --seeds 1,2,3

Each data set is a folder in BEIR's layout: corpus.jsonl, queries.jsonl, qrels/train.tsv, and qrels/test.tsv or qrels/dev.tsv, on
which the adapter is tested. An index WORK/NAME.trawl of words and vectors is used if it is there, else built. Adapters are fitted
to copies. Printed are the quality of dense and hybrid search without and with the adapter, the difference on test queries whose
relevant documents answered no training query ("new"), and the seconds of the fit.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

TRAWL = os.environ.get("TRAWL_BINARY", str(Path(__file__).resolve().parents[2] / ".build/release/trawl"))


def run(*arguments: object) -> str:
    done = subprocess.run([TRAWL, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"trawl {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


def relevant(path: Path) -> dict[str, set[str]]:
    judged: dict[str, set[str]] = {}
    for line in path.read_text().splitlines():
        fields = line.split("\t")
        if len(fields) == 3 and fields[2].lstrip("-").isdigit() and int(fields[2]) > 0:
            judged.setdefault(fields[0], set()).add(fields[1])
    return judged


def scores(index: Path, data: Path, qrels: Path, mode: str, *flags: str) -> dict[str, float]:
    """nDCG@10 of each query."""
    out = run("eval", index, "--queries", data / "queries.jsonl", "--qrels", qrels, "--mode", mode, "--measures", "nDCG@10", "--json", "-q", "--quiet", *flags)
    return {name: values["nDCG@10"] for name, values in json.loads(out.splitlines()[0])["queries"].items()}


def chance(differences: list[float]) -> float:
    """Two-sided paired randomisation test."""
    generator, observed = random.Random(1), abs(sum(differences))
    hits = sum(abs(sum(d if generator.random() < 0.5 else -d for d in differences)) >= observed - 1e-12 for _ in range(2000))
    return (hits + 1) / 2001


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("sets", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--flags", default="", help="flags of train query-adapter")
    options = parser.parse_args()
    print("| collection | training queries | dense | adapted | p | new documents | hybrid | adapted | p | seconds |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    for entry in options.sets:
        name, folder = entry.split("=")
        data = Path(folder)
        index, copy = options.work / f"{name}.trawl", options.work / f"{name}-adapted.trawl"
        if not index.exists():
            run("index", data / "corpus.jsonl", "--output", index, "--build", "lexical,dense", "--quiet")
        qrels = next(path for path in (data / "qrels/test.tsv", data / "qrels/dev.tsv") if path.exists())
        train, test = relevant(data / "qrels/train.tsv"), relevant(qrels)
        seen = set().union(*train.values())
        before = {mode: scores(index, data, qrels, mode, *flags) for mode, flags in MODES}
        after: dict[str, list[dict[str, float]]] = {mode: [] for mode, _ in MODES}
        seconds = 0.0
        for seed in options.seeds.split(","):
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(index, copy)
            started = time.monotonic()
            report = json.loads(run("train", "query-adapter", copy, "--queries", data / "queries.jsonl", "--qrels", data / "qrels/train.tsv", "--seed", seed, "--json", "--quiet", *options.flags.split()))
            seconds = time.monotonic() - started
            print(name, seed, json.dumps(report), file=sys.stderr, flush=True)
            for mode, flags in MODES:
                after[mode].append(scores(copy, data, qrels, mode, *flags))
        cells = [name, str(report["queries"])]
        for mode, _ in MODES:
            names = sorted(before[mode])
            averaged = {query: mean([scored[query] for scored in after[mode]]) for query in names}
            differences = [averaged[query] - before[mode][query] for query in names]
            new = [averaged[query] - before[mode][query] for query in names if not test.get(query, set()) & seen]
            cells += [f"{mean(list(before[mode].values())):.4f}", f"{mean(list(averaged.values())):.4f}", f"{chance(differences):.4f}"]
            if mode == "dense":
                cells.append(f"{mean(new):+.4f} ({len(new)} of {len(names)})" if new else "none")
        print("| " + " | ".join(cells + [f"{seconds:.0f}"]) + " |", flush=True)
        shutil.rmtree(copy, ignore_errors=True)


MODES = [("dense", []), ("hybrid", ["--weights", "lexical=1,dense=1.5"])]

if __name__ == "__main__":
    main()

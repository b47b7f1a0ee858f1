#!/usr/bin/env python3
"""Measures the options of the trainers: the same training without and with each of them, of equal steps, over several seeds.

    python3 eval/learning/options.py WORK DATA/scifact --seeds 1,2,3 --minutes 4

DATA is a folder in BEIR's layout with qrels/train.tsv and qrels/test.tsv. It is made small, so that two cores do a training in a
minute or two: all judged documents and --distractors others, each cut after --words words. The embedding model, the generator and the
rerankers (a cross-encoder and Conv-KNRM) are trained on the training judgements, and tested by nDCG@10 on the test judgements: dense
search with a new index of the trained model, generated n-grams alone (100 queries), BM25's best 20 documents by the reranker's scores.
Nothing is held out, and the last state of a training is tested. `--models decoder` trains adapters of SmolLM2 as an embedding model; WORK has a
symbolic link to its folder, under its name.

A run that is done is kept in WORK/options.jsonl. --minutes ends the program when so much time is over, after a run; the next call goes on with
the next one. The tables have what is done so far.
"""

import argparse
import json
import os
import random
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

TRAWL = os.environ.get("TRAWL_BINARY", str(Path(__file__).resolve().parents[2] / ".build/release/trawl"))

OF_RERANKERS = [
    "",
    "--curriculum reciprocal",
    "--curriculum normalised",
    "--curriculum kde",
    "--curriculum reciprocal --anti-curriculum",
    "--curriculum kde --anti-curriculum",
    "--reweight linupper",
    "--pacing linear",
]
OPTIONS = {
    "embedder": [
        "",
        "--reweight linupper",
        "--pacing linear",
        "--order angle",
    ],
    "decoder": [
        "",
        "--instruction 'Find the abstract that tells whether a claim holds'",
        "--instruction 'Find the abstract that tells whether a claim holds' --examples-shown 2",
    ],
    "generator": [
        "",
        "--reweight linupper",
        "--beta-mml 0.25",
        "--pacing linear",
        "--span-pacing linear",
    ],
    "cross-encoder": OF_RERANKERS,
    "conv-knrm": OF_RERANKERS,
}
TEST: list[object] = ["--first-queries", 100]
TRAINING = {
    "embedder": "--hold-out 0 --queries-per-step 16 --negatives 1 --maximum-tokens 40 --encoder-layers 1",
    "decoder": "--from {work}/smollm2-135m-instruct --hold-out 0 --queries-per-step 16 --negatives 1 --maximum-tokens 64",
    "generator": "--hold-out 0 --self-samples 0 --sources-per-step 12 --spans-per-source 2",
    "cross-encoder": "--hold-out 0 --queries-per-step 16 --negatives 1 --maximum-tokens 96 --encoder-layers 2 --learning-rate 3e-4 --loss cross-entropy "
    "--mode lexical",
    "conv-knrm": "--architecture conv-knrm --hold-out 0 --queries-per-step 16 --negatives 1 --maximum-tokens 96 --loss cross-entropy "
    "--mode lexical",
}
RERANKERS = ("cross-encoder", "conv-knrm")
EMBEDDERS = ("embedder", "decoder")
COMMANDS = {"cross-encoder": "reranker", "conv-knrm": "reranker", "decoder": "embedder"}


def run(*arguments: object) -> str:
    done = subprocess.run([TRAWL, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"trawl {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


def judged(path: Path) -> set[str]:
    return {line.split("\t")[1] for line in path.read_text().splitlines()[1:]}


def prepare(work: Path, data: Path, words: int, distractors: int) -> Path:
    """The small collection, and its index."""
    corpus, index = work / "corpus.jsonl", work / "small.trawl"
    if not corpus.exists():
        documents = [json.loads(line) for line in (data / "corpus.jsonl").read_text().splitlines()]
        known = judged(data / "qrels/train.tsv") | judged(data / "qrels/test.tsv")
        others = [document["_id"] for document in documents if document["_id"] not in known]
        known |= set(random.Random(1).sample(others, min(distractors, len(others))))
        with corpus.open("w") as file:
            for document in documents:
                if document["_id"] in known:
                    document["text"] = " ".join(document["text"].split()[:words])
                    file.write(json.dumps(document) + "\n")
    if not index.exists():
        run("index", corpus, "--output", index, "--build", "lexical,dense,generative", "--passage-size", "none", "--quiet")
    return index


def score(index: Path, data: Path, *flags: object) -> float:
    out = run("eval", index, "--queries", data / "queries.jsonl", "--qrels", data / "qrels/test.tsv", "--measures", "nDCG@10", "--json", "--quiet", *flags)
    return float(json.loads(out.splitlines()[0])["nDCG@10"])


def measure(model: str, option: str | None, seed: int, options: argparse.Namespace, index: Path) -> dict[str, Any]:
    """A training and its score; without an option, the score of the model that is not trained."""
    if option is None:
        modes: dict[str, list[object]] = {"embedder": ["dense"], "decoder": ["dense"], "generator": ["generative", *TEST]}
        before = modes.get(model, ["lexical"])
        if model == "decoder":
            # A symbolic link to the installed model, beside which its adapters are stored.
            start, index = options.work / "smollm2-135m-instruct", options.work / "decoder.trawl"
            run("index", options.work / "corpus.jsonl", "--output", index, "--build", "dense", "--embedder", start, "--precision", "int8", "--passage-size", "none", "--quiet")
        value = score(index, options.data, "--mode", *before)
        return {"model": model, "option": None, "seed": seed, "nDCG@10": value, "seconds": 0}
    output, other = options.work / "trained", options.work / "trained.trawl"
    shutil.rmtree(output, ignore_errors=True)
    shutil.rmtree(other, ignore_errors=True)
    started = time.monotonic()
    steps = options.reranker_steps if model in RERANKERS else options.generator_steps if model == "generator" else options.embedder_steps
    # A curriculum is over after two thirds of the training.
    more = ["--curriculum-samples", steps * 16 * 2 // 3] if "--curriculum" in option else []
    run(
        "train", COMMANDS.get(model, model), index,
        "--queries", options.data / "queries.jsonl", "--qrels", options.data / "qrels/train.tsv", "--output", output,
        "--steps", steps, "--seed", seed, "--quiet", *TRAINING[model].format(work=options.work).split(), *shlex.split(option), *more,
    )
    seconds = time.monotonic() - started
    if model in EMBEDDERS:
        run("index", options.work / "corpus.jsonl", "--output", other, "--build", "dense", "--embedder", output, "--precision", "int8", "--passage-size", "none", "--quiet")
        value = score(other, options.data, "--mode", "dense")
    elif model in RERANKERS:
        value = score(index, options.data, "--mode", "lexical", "--rerank", f"cross={output}:20", "--precision", "int8")
    else:
        value = score(index, options.data, "--mode", "generative", "--generator", output, *TEST)
    return {"model": model, "option": option, "seed": seed, "steps": steps, "nDCG@10": value, "seconds": seconds}


def table(model: str, done: list[dict[str, Any]]) -> None:
    command = f"train reranker --architecture {model}" if model in RERANKERS else f"train {COMMANDS.get(model, model)}"
    print(f"\n| `{command}` | nDCG@10 by seed | mean | range | against off | seconds |\n|---|---|---:|---:|---:|---:|")
    for run in done:
        if run["model"] == model and run["option"] is None:
            print(f"| not trained | {run['nDCG@10']:.4f} | | | | |")
    plain: dict[int, float] = {}
    for option in OPTIONS[model]:
        found = sorted((run for run in done if run["model"] == model and run["option"] == option), key=lambda run: run["seed"])
        if not found:
            continue
        values = {run["seed"]: run["nDCG@10"] for run in found}
        plain = plain or values
        mean = sum(values.values()) / len(values)
        pairs = [values[seed] - plain[seed] for seed in values if seed in plain]
        cells = [
            f"`{option}`" if option else "off", ", ".join(f"{value:.4f}" for value in values.values()), f"{mean:.4f}",
            f"{max(values.values()) - min(values.values()):.4f}",
            f"{sum(pairs) / len(pairs):+.4f} ({min(pairs):+.4f} to {max(pairs):+.4f})" if option and pairs else "",
            f"{sum(run['seconds'] for run in found) / len(found):.0f}",
        ]
        print("| " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--models", default="embedder,generator")
    parser.add_argument("--options", help="those to measure, separated by commas, beside none; default: all")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--embedder-steps", type=int, default=100)
    parser.add_argument("--generator-steps", type=int, default=100)
    parser.add_argument("--reranker-steps", type=int, default=100)
    parser.add_argument("--words", type=int, default=40)
    parser.add_argument("--distractors", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=1e9)
    options = parser.parse_args()
    if options.options is not None:
        wanted = {"", *options.options.split(",")}
        for model, known in OPTIONS.items():
            OPTIONS[model] = [option for option in known if option in wanted]
    options.work.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + 60 * options.minutes
    index = prepare(options.work, options.data, options.words, options.distractors)
    log = options.work / "options.jsonl"
    done = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    runs: list[tuple[str, str | None, int]] = [(model, None, 0) for model in options.models.split(",")]
    # One seed after the other, so that what is there can be compared at any time.
    for seed in map(int, options.seeds.split(",")):
        runs += [(model, option, seed) for model in options.models.split(",") for option in OPTIONS[model]]
    for model, option, seed in runs:
        if any((run["model"], run["option"], run["seed"]) == (model, option, seed) for run in done):
            continue
        if time.monotonic() > end:
            break
        done.append(measure(model, option, seed, options, index))
        with log.open("a") as file:
            file.write(json.dumps(done[-1]) + "\n")
        print(json.dumps(done[-1]), file=sys.stderr, flush=True)
    for model in options.models.split(","):
        table(model, done)


if __name__ == "__main__":
    main()

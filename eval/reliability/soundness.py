#!/usr/bin/env python3
"""`trawl check` passes on sound indexes: every kind of embedder x format of vectors x structure, and the other parts.

    python3 eval/reliability/soundness.py

Each index is checked after it is built, after documents were removed and added, and after it was compacted; `check --repair`
must save all of it. TRAWL_BINARY names another program than that of the release build.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from damage import GOLDEN, Run, corpus, documents

EMBEDDERS = {name: str(GOLDEN / "EmbeddingsTests/Golden" / name) for name in (
    "all-poolings", "norm-then-dense", "sentence-t5", "tiny-mistral", "tiny-qwen3", "tiny-roberta")} | {
    "all-MiniLM-L6-v2": "all-MiniLM-L6-v2"}
LATE = {name: str(GOLDEN / "EmbeddingsTests/Golden" / name) for name in ("tiny-colbert", "tiny-pylate", "all-poolings")}


def configurations(short: bool) -> dict[str, list[str]]:
    found = {"words": ["--build", "lexical"], "n-grams": ["--build", "lexical,generative", "--generator", "minilm-generator"]}
    for name, path in EMBEDDERS.items():
        for vectors in ("f32", "f16", "int8"):
            for structure in ("exact", "binary", "graph"):
                if short and (vectors, structure) not in (("f32", "exact"), ("int8", "graph")):
                    continue
                found[f"{name}, {vectors}, {structure}"] = [
                    "--build", "dense", "--embedder", path, "--vector-format", vectors, "--vector-structure", structure]
    for name, path in LATE.items():
        for bits in ("2",) if short else ("1", "2", "4"):
            found[f"late {name}, {bits} bits"] = ["--build", "lexical,late", "--late-model", path, "--late-bits", bits]
    return found


def failures(flags: list[str], folder: Path) -> list[str]:
    """The commands that fail on an index that was built with `flags`."""
    wrong = []

    def run(*arguments: str) -> None:
        outcome = Run(list(arguments), folder, 300)
        if outcome.code != 0:
            wrong.append(f"{' '.join(arguments)}: exit {outcome.code}: {outcome.out[-400:]}{outcome.errors[-400:]}")

    for name in ("i.trawl", "saved.trawl"):
        shutil.rmtree(folder / name, ignore_errors=True)
    run("index", "corpus.jsonl", "--output", "i.trawl", "--quiet", *flags)
    run("check", "i.trawl", "--quiet", "--sample", "0")
    run("rm", "i.trawl", "d1", "d5", "d77", "--quiet")
    run("index", "more.jsonl", "--output", "i.trawl", "--add", "--quiet")
    run("check", "i.trawl", "--quiet", "--sample", "0")
    run("check", "i.trawl", "--repair", "saved.trawl", "--quiet")
    if documents(folder / "i.trawl", folder) != documents(folder / "saved.trawl", folder):
        wrong.append("check --repair saved other documents")
    run("compact", "i.trawl", "--quiet")
    run("check", "i.trawl", "--quiet", "--sample", "0")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="two of the nine kinds of vectors")
    options = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus(folder / "corpus.jsonl", 0, 120, 30)
        corpus(folder / "more.jsonl", 500, 20, 30)
        found = configurations(options.short)
        for title, flags in found.items():
            wrong = failures(flags, folder)
            failed += bool(wrong)
            print(f"{'FAIL' if wrong else 'ok  '} {title}", flush=True)
            for line in wrong:
                print(f"     {line}", flush=True)
    print(f"{len(found) - failed} of {len(found)} sound")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Whether shards answer as one index does: every query in every mode, document by document.

    python3 eval/cluster/identity.py --trawl .build/release/trawl --data DATA --work WORK [--shards 1,3,8] [--queries 300] [--http 3]

DATA has scifact/ and squad-v1.1/ (BEIR layout). Of SQuAD the passages of the development questions are indexed. For each collection
one index and the shards are built in WORK (kept for the next run), the same queries are run over both with `trawl query --run`, and
the runs are compared: the same documents in the same order, scores to 1e-6. --http N also serves the N shards, each by a process of
its own, and asks them over HTTP. The exit code is 1 if anything differs.
"""
import argparse
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent))

from shards import build, manifest, served  # noqa: E402

MODES = ["lexical", "dense", "generative", "hybrid"]
DEPTH = 100


def collection(data: Path, work: Path, name: str, queries: int, documents: int) -> Tuple[Path, Path]:
    """The files of passages and of queries that are measured."""
    if name == "scifact":
        source, qrels = data / "scifact", "test.tsv"
    else:
        source, qrels = data / "squad-v1.1", "test.tsv"
    judged: Dict[str, str] = {}
    for line in (source / "qrels" / qrels).read_text().splitlines()[1:]:
        query, document, _ = line.split("\t")
        judged.setdefault(query, document)
    texts = {}
    for line in (source / "queries.jsonl").open():
        record = json.loads(line)
        if record["_id"] in judged:
            texts[record["_id"]] = record["text"]
    step = max(1, len(texts) // queries)
    chosen = list(texts)[::step][:queries]
    work.mkdir(parents=True, exist_ok=True)
    asked = work / f"{name}.queries.tsv"
    asked.write_text("".join(f"{query}\t{' '.join(texts[query].split())}\n" for query in chosen))
    passages = work / f"{name}.jsonl"
    if not passages.exists():
        wanted = None if name == "scifact" else set(judged.values())
        with (source / "corpus.jsonl").open() as lines, passages.open("w") as out:
            taken = (line for line in lines if wanted is None or json.loads(line)["_id"] in wanted)
            out.writelines(itertools.islice(taken, documents))
    return passages, asked


def run(trawl: str, index: Path, queries: Path, mode: str, output: Path, environment: Dict[str, str]) -> None:
    done = subprocess.run(
        [trawl, "query", str(index), "--queries", str(queries), "--mode", mode, "--run", str(output), "--depth", str(DEPTH),
         "--quiet"],
        env={**os.environ, **environment})
    # 1: nothing was found.
    if done.returncode not in (0, 1):
        sys.exit(done.returncode)


def read(path: Path) -> Dict[str, List[Tuple[str, float]]]:
    rankings: Dict[str, List[Tuple[str, float]]] = {}
    for line in path.read_text().splitlines():
        query, _, document, _, score, _ = line.split()
        rankings.setdefault(query, []).append((document, float(score)))
    return rankings


def compare(expected: Path, found: Path) -> Tuple[int, int, float]:
    """Queries with hits, those with other documents or another order, and the largest difference of a score."""
    a, b = read(expected), read(found)
    different, largest = 0, 0.0
    for query in set(a) | set(b):
        left, right = a.get(query, []), b.get(query, [])
        if [document for document, _ in left] != [document for document, _ in right]:
            different += 1
        largest = max([largest, *(abs(x[1] - y[1]) for x, y in zip(left, right))])
    return len(set(a) | set(b)), different, largest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trawl", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--shards", default="1,3,8")
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--documents", type=int, default=1 << 40, help="the most documents of a collection")
    parser.add_argument("--http", type=int, default=3)
    parser.add_argument("--collections", default="scifact,squad")
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--options", default="", help="further flags of trawl index")
    arguments = parser.parse_args()
    counts = [int(count) for count in arguments.shards.split(",")]
    options = arguments.options.split()
    failed = False
    print("| collection | mode | shards | queries with hits | differ | largest difference of a score |")
    print("|---|---|---:|---:|---:|---:|")
    for name in arguments.collections.split(","):
        passages, queries = collection(
            arguments.data, arguments.work, name, arguments.queries, arguments.documents)
        whole = arguments.work / f"{name}.trawl"
        build(arguments.trawl, passages, whole, options=options)
        parts = {
            count: [
                build(arguments.trawl, passages, arguments.work / f"{name}-{number}-of-{count}.trawl", (number, count), options)
                for number in range(count)
            ]
            for count in counts
        }
        for mode in arguments.modes.split(","):
            expected = arguments.work / f"{name}-{mode}.trec"
            run(arguments.trawl, whole, queries, mode, expected, {})

            def check(label: str, index: Path, environment: Dict[str, str]) -> bool:
                found = arguments.work / f"{name}-{mode}-found.trec"
                found.unlink(missing_ok=True)
                run(arguments.trawl, index, queries, mode, found, environment)
                total, different, largest = compare(expected, found)
                print(f"| {name} | {mode} | {label} | {total} | {different} | {largest:.1e} |", flush=True)
                return total > 0 and different == 0 and largest <= 1e-6

            for count in counts:
                cluster = manifest(arguments.trawl, parts[count], arguments.work / f"{name}-{count}.shards.json")
                failed = not check(str(count), cluster, {}) or failed
            if arguments.http in counts:
                with served(arguments.trawl, parts[arguments.http], "measured") as servers:
                    cluster = manifest(
                        arguments.trawl, parts[arguments.http], arguments.work / f"{name}-http.shards.json",
                        [[server.url for server in replicas] for replicas in servers])
                    failed = not check(f"{arguments.http}, HTTP", cluster, {"TRAWL_API_KEY": "measured"}) or failed
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

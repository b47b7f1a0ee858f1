"""Trawl's search by words beside Lucene's and Tantivy's, on the same words in one run.

    TRAWL_BENCHMARKS=1 swift build -c release -Xswiftc -enable-testing --product LexicalSpeed
    python eval/speed/lexical/lexical.py data FOLDER DATA        # once: the texts of all collections in DATA in pieces of 40 words
    python eval/speed/lexical/lexical.py index FOLDER --lucene JAR
    python eval/speed/lexical/lexical.py run FOLDER --lucene JAR [--k 10] [--rounds 5]

DATA is a folder with collections in BEIR's layout, whose queries are asked too, 40 of each. Words are runs of letters and digits in small
letters, split by the script, so that all engines see the same; none is stemmed or left out. All use k1 = 1.2 and b = 0.75. JAR is Lucene with
its analysers, for example the jar of anserini in pyserini 0.22.1; Java is from Debian. Each search runs on one thread and asks for the best K
of any of the words; its time is that of the fastest round. Needs `pip install tantivy`.
"""

import argparse
import glob
import json
import os
import re
import statistics
import subprocess
import time
from collections.abc import Iterator
from typing import Any

ROOT = os.path.abspath(f"{os.path.dirname(__file__)}/../../..")
WORDS = re.compile(r"[a-z0-9]+")
PIECE = 40
QUERIES = 40


def words(text: str) -> list[str]:
    return WORDS.findall(text.lower())


def pieces(data: str) -> Iterator[list[str]]:
    for path in sorted(glob.glob(f"{data}/*/corpus.jsonl")):
        with open(path) as file:
            for line in file:
                document = json.loads(line)
                text = words(f"{document.get('title') or ''} {document['text']}")
                for start in range(0, len(text), PIECE):
                    yield text[start : start + PIECE]


def make_data(folder: str, data: str) -> None:
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/texts.txt", "w") as texts, open(f"{folder}/corpus.jsonl", "w") as corpus:
        count = 0
        for count, piece in enumerate(pieces(data), 1):
            text = " ".join(piece)
            texts.write(text + "\n")
            corpus.write(json.dumps({"_id": str(count - 1), "text": text}) + "\n")
    with open(f"{folder}/queries.txt", "w") as file:
        asked = 0
        for path in sorted(glob.glob(f"{data}/*/queries.jsonl")):
            with open(path) as queries:
                for line in list(queries)[:: max(1, sum(1 for _ in open(path)) // QUERIES)][:QUERIES]:
                    query = words(json.loads(line)["text"])
                    if query:
                        file.write(" ".join(query) + "\n")
                        asked += 1
    print(f"{count} texts, {asked} queries")


def timed(command: list[str]) -> None:
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print(f"{time.monotonic() - start:7.1f} s  {' '.join(command[:4])}", flush=True)


def size(path: str) -> int:
    return sum(os.stat(file).st_blocks * 512 for file in glob.glob(f"{path}/**", recursive=True) if os.path.isfile(file))


def lucene(jar: str, *arguments: str) -> list[str]:
    return ["java", "-cp", jar, f"{ROOT}/eval/speed/lexical/Lucene.java", *arguments]


def index(folder: str, trawl: str, jar: str | None) -> None:
    options = ["--format", "beir", "--passage-size", "none", "--build", "lexical", "--language", "none"]
    timed([trawl, "index", f"{folder}/corpus.jsonl", *options, "--output", f"{folder}/trawl.trawl"])
    if jar:
        timed(lucene(jar, "index", f"{folder}/texts.txt", f"{folder}/lucene"))
    start = time.monotonic()
    import tantivy

    os.makedirs(f"{folder}/tantivy", exist_ok=True)
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("text", stored=False, tokenizer_name="whitespace", index_option="freq")
    builder.add_unsigned_field("number", stored=True)
    made = tantivy.Index(builder.build(), path=f"{folder}/tantivy")
    writer = made.writer(512 << 20, 1)
    with open(f"{folder}/texts.txt") as file:
        for number, line in enumerate(file):
            writer.add_document(tantivy.Document(text=line.rstrip(), number=number))
    writer.commit()
    writer.wait_merging_threads()
    print(f"{time.monotonic() - start:7.1f} s  tantivy")
    for name in ("trawl.trawl", "lucene", "tantivy"):
        print(f"{size(f'{folder}/{name}') / 1e6:7.1f} MB  {name}")


def search_tantivy(folder: str, queries: list[str], k: int, rounds: int) -> list[dict[str, Any]]:
    import tantivy

    opened = tantivy.Index.open(f"{folder}/tantivy")
    searcher = opened.searcher()
    best = [float("inf")] * len(queries)
    found: list[Any] = [None] * len(queries)
    for _ in range(rounds):
        for number, query in enumerate(queries):
            start = time.perf_counter()
            parts = [
                (tantivy.Occur.Should, tantivy.Query.term_query(opened.schema, "text", word, "freq"))
                for word in dict.fromkeys(query.split())
            ]
            found[number] = searcher.search(tantivy.Query.boolean_query(parts), k, count=False)
            best[number] = min(best[number], time.perf_counter() - start)
    return [
        {"seconds": seconds, "hits": [[searcher.doc(address)["number"][0], score] for score, address in result.hits]}
        for seconds, result in zip(best, found, strict=True)
    ]


def run(folder: str, speed: str, jar: str | None, k: int, rounds: int) -> None:
    with open(f"{folder}/queries.txt") as file:
        # A word that is asked twice counts once: peers would weigh it differently.
        queries = [" ".join(dict.fromkeys(line.split())) for line in file]
    with open(f"{folder}/asked.txt", "w") as file:
        file.write("\n".join(queries) + "\n")

    def lines(command: list[str]) -> list[dict[str, Any]]:
        return [json.loads(line) for line in subprocess.run(command, check=True, capture_output=True).stdout.splitlines()]

    arguments = [f"{folder}/asked.txt", str(k), str(rounds)]
    results = {"trawl": lines([speed, f"{folder}/trawl.trawl", *arguments])}
    if jar:
        results["lucene"] = lines(lucene(jar, "search", f"{folder}/lucene", *arguments))
    results["tantivy"] = search_tantivy(folder, queries, k, rounds)
    ours = results["trawl"]
    print(f"{len(queries)} queries, the best {k}; milliseconds, and the ratio of the sums to Trawl's")
    for name, theirs in results.items():
        times = sorted(result["seconds"] * 1e3 for result in theirs)
        mean, ratio = statistics.mean(times), sum(times) / sum(result["seconds"] * 1e3 for result in ours)
        same = statistics.mean(
            len({hit[0] for hit in a["hits"]} & {hit[0] for hit in b["hits"]}) / max(1, len(a["hits"]))
            for a, b in zip(ours, theirs, strict=True)
        )
        print(
            f"{name:8} mean {mean:7.3f}  median {statistics.median(times):7.3f}  99% {times[int(0.99 * len(times))]:7.3f}"
            f"  ratio {ratio:5.2f}  same hits {same:.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("data", "index", "run"):
        command = commands.add_parser(name)
        command.add_argument("folder")
        if name == "data":
            command.add_argument("data")
            continue
        command.add_argument("--lucene", metavar="JAR")
        if name == "index":
            command.add_argument("--trawl", default=f"{ROOT}/.build/release/trawl")
        else:
            command.add_argument("--speed", default=f"{ROOT}/.build/release/LexicalSpeed")
            command.add_argument("--k", type=int, default=10)
            command.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if options.command == "data":
        make_data(options.folder, options.data)
    elif options.command == "index":
        index(options.folder, options.trawl, options.lucene)
    else:
        run(options.folder, options.speed, options.lucene, options.k, options.rounds)


if __name__ == "__main__":
    main()

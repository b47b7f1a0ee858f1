"""A mixed load for minutes, with a writer beside it: no error, every answer valid, no growth of memory.

    python3 eval/speed/server/soak.py INDEX --trawl .build/release/trawl [--minutes 30] [--readers 4]

INDEX is copied first. Readers search in all its modes, count, list next tokens, embed, rerank and read documents, one request after
the other; each answer is checked. The writer adds five documents a second, finds the newest one by a word that only it has, and
deletes those of ten minutes before, so that the index stays about as large as it was. Every ten seconds the resident memory
of the server is read: anonymous memory is its own, the rest are pages of the index, which the system takes back as it likes.

Exits with 1 where an answer was wrong, or where anonymous memory of the last fifth of the time is more than 5% above that of the
fifth after the first five minutes (or a sixth of a shorter run).
"""
import argparse
import collections
import json
import math
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Callable, Counter, Deque, Dict, List, Tuple

from running import trawl as serve

import trawl
from trawl import Client, Hits, Index

TEXTS = ["why do the oceans rise and fall", "granite cools slowly", "a city in the south of France", "the theory of relativity"]
DOCUMENTS_A_SECOND = 5
KEPT_SECONDS = 600


class Invalid(Exception):
    """An answer that cannot be right."""


def require(condition: bool, what: str) -> None:
    if not condition:
        raise Invalid(what)


class Reader(threading.Thread):
    """Makes requests of all kinds until it is told to stop."""

    def __init__(self, number: int, index: Index, titles: List[str], stop: threading.Event, pause: float) -> None:
        super().__init__(daemon=True)
        self.random = random.Random(number)
        self.index, self.titles, self.stop, self.pause = index, titles, stop, pause
        self.done: Counter[str] = collections.Counter()
        self.seconds: Dict[str, List[float]] = collections.defaultdict(list)
        self.faults: List[str] = []
        self.modes = list(index.info().modes)
        self.embedder = trawl.Embedder(client=index.client)
        self.reranker = trawl.Reranker(client=index.client)
        self.vectors = self.embedder.encode(TEXTS)
        self.ranked = [item.index for item in self.reranker.rank(TEXTS[0], TEXTS)]

    def run(self) -> None:
        # Many cheap requests, few dear ones.
        kinds: List[Tuple[int, Callable[[], None]]] = [
            (20, self.search), (4, self.searches), (10, self.embed), (3, self.rerank), (10, self.count), (5, self.next),
            (10, self.document), (1, self.ngrams), (1, self.stages),
        ]  # fmt: skip
        weights, functions = zip(*kinds)
        while not self.stop.is_set():
            function = self.random.choices(functions, weights)[0]
            start = time.perf_counter()
            try:
                function()
            except (Invalid, trawl.Error, AssertionError, KeyError, ValueError) as fault:
                self.faults.append(f"{function.__name__}: {type(fault).__name__}: {fault}")
            self.seconds[function.__name__].append(time.perf_counter() - start)
            self.done[function.__name__] += 1
            time.sleep(self.pause)

    def check(self, hits: Hits, query: str, k: int) -> None:
        require(hits.query == query, "the answer is to another query")
        require(0 < len(hits) <= k, f"{len(hits)} hits for '{query}'")
        require([hit.rank for hit in hits] == list(range(1, len(hits) + 1)), "ranks are not 1, 2, …")
        scores = [hit.score for hit in hits]
        require(all(map(math.isfinite, scores)) and scores == sorted(scores, reverse=True), "scores are not in order")
        require(len({hit.document for hit in hits}) == len(hits), "a document twice")
        require(all(hit.text for hit in hits), "a hit without a text")

    def search(self) -> None:
        query = self.random.choice(self.titles)
        cheap = [mode for mode in self.modes if mode in ("lexical", "dense", "hybrid")]
        self.check(self.index.search(query, mode=self.random.choice(cheap), k=5, explain=True), query, 5)

    def searches(self) -> None:
        queries = self.random.choices(self.titles, k=8)
        for query, hits in zip(queries, self.index.search(queries, mode="lexical", k=3)):
            self.check(hits, query, 3)

    def stages(self) -> None:
        query = self.random.choice(self.titles)
        stages = list(self.index.search_in_stages(query, mode="lexical", rerank="late:10", k=5))
        require([hits.stage for hits in stages] == ["search", "rerank"], "stages are missing")
        for hits in stages:
            self.check(hits, query, 10)

    def embed(self) -> None:
        difference = abs(self.embedder.encode(TEXTS) - self.vectors).max()
        require(difference < 1e-5, f"embeddings differ by {difference}")

    def rerank(self) -> None:
        ranked = [item.index for item in self.reranker.rank(TEXTS[0], TEXTS)]
        require(ranked == self.ranked, "texts are in another order")

    def count(self) -> None:
        word = self.random.choice(["the", "city", "theory"])
        require(self.index.count(word) > 0, f"'{word}' does not occur")

    def next(self) -> None:
        follows = self.index.next("one of the", k=5)
        require(0 < len(follows.next) <= 5, "nothing follows")
        counts = [token.count for token in follows.next]
        require(counts == sorted(counts, reverse=True), "counts are not in order")

    def document(self) -> None:
        hit = self.index.search(self.random.choice(self.titles), mode="lexical", k=1)[0]
        document = self.index.get(hit.document)
        assert hit.range is not None
        require(document.text[hit.range.start : hit.range.end] == hit.text, "the passage is not where it should be")

    def ngrams(self) -> None:
        if "generative" in self.modes:
            ngrams = self.index.ngrams(self.random.choice(self.titles), k=5)
            require(all(ngram.count > 0 for ngram in ngrams), "an n-gram that does not occur")


class Writer(threading.Thread):
    """Adds documents each second, and finds the newest."""

    def __init__(self, index: Index, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.index, self.stop = index, stop
        self.written: Deque[Tuple[float, List[str]]] = collections.deque()
        self.commits = 0
        self.seconds: List[float] = []
        self.faults: List[str] = []

    def run(self) -> None:
        number = 0
        while not self.stop.is_set():
            start = time.monotonic()
            ids = [f"soak-{number + i}" for i in range(DOCUMENTS_A_SECOND)]
            # A word of letters: numbers may be analysed otherwise.
            words = ["soak" + "".join(chr(ord("a") + int(digit)) for digit in id[5:]) + "x" for id in ids]
            try:
                self.index.add(
                    {"id": id, "title": word, "text": f"The word {word} is one of the words that are in no other document."}
                    for id, word in zip(ids, words)
                )
                self.commits += 1
                self.seconds.append(time.monotonic() - start)
                self.written.append((start, ids))
                found = [hit.document for hit in self.index.search(words[-1], mode="lexical", k=3)]
                require(found[:1] == ids[-1:], f"{ids[-1]} was added and not found: {found}")
                while self.written and self.written[0][0] < start - KEPT_SECONDS:
                    old = self.written.popleft()[1]
                    require(self.index.delete(old) == len(old), f"{old} were not all there to delete")
            except (Invalid, trawl.Error) as fault:
                self.faults.append(f"writer: {type(fault).__name__}: {fault}")
            number += DOCUMENTS_A_SECOND
            self.stop.wait(max(0.0, start + 1 - time.monotonic()))


def memory(pid: int) -> Tuple[float, float]:
    """Anonymous memory and mapped pages, in MB."""
    fields = {line.split(":")[0]: line.split()[1] for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "kB" in line}
    return int(fields["RssAnon"]) / 1024, int(fields["RssFile"]) / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    parser.add_argument("--trawl", required=True)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--pause", type=float, default=0.005, help="seconds between two requests of a reader")
    arguments = parser.parse_args()
    length = min(arguments.minutes, 240) * 60
    stop = threading.Event()
    samples: List[Tuple[float, float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "soak.trawl"
        shutil.copytree(arguments.index, copy)
        with serve(arguments.trawl, [str(copy)]) as server, Client(server.url, server.key, retries=0) as client:
            index = Index("soak", client)
            titles = [info.title for info in index.documents() if info.title][:2000]
            readers = [Reader(number, index, titles, stop, arguments.pause) for number in range(arguments.readers)]
            writer = Writer(index, stop)
            begin = time.monotonic()
            for thread in [*readers, writer]:
                thread.start()
            while time.monotonic() - begin < length:
                stop.wait(min(10, max(0.1, begin + length - time.monotonic())))
                anonymous, mapped = memory(server.pid)
                samples.append((time.monotonic() - begin, anonymous, mapped))
                if len(samples) % 6 == 1:
                    done = sum(sum(reader.done.values()) for reader in readers)
                    faults = sum(len(thread.faults) for thread in [*readers, writer])
                    print(f"{samples[-1][0]:6.0f} s  {done} requests, {writer.commits} commits, {faults} faults, "
                          f"{anonymous:.0f} MB and {mapped:.0f} MB of the index", flush=True)  # fmt: skip
            stop.set()
            for thread in [*readers, writer]:
                thread.join(60)

    faults = [fault for thread in [*readers, writer] for fault in thread.faults]
    done = sum((reader.done for reader in readers), collections.Counter())
    settled = min(300.0, length / 6)
    span = (length - settled) / 5
    early = statistics.median([m for t, m, _ in samples if settled <= t < settled + span] or [samples[0][1]])
    late = statistics.median([m for t, m, _ in samples if t >= length - span] or [samples[-1][1]])
    growth = late / early - 1
    print("\n| requests | count | median ms | p95 ms | p99 ms |\n|---|---|---|---|---|")
    for kind in sorted(done):
        times = sorted(second * 1000 for reader in readers for second in reader.seconds[kind])
        print(f"| {kind} | {done[kind]} | " + " | ".join(f"{times[int(len(times) * q)]:.1f}" for q in (0.5, 0.95, 0.99)) + " |")
    commits = sorted(second * 1000 for second in writer.seconds)
    if commits:
        print(f"| add (5 documents) | {writer.commits} | " + " | ".join(f"{commits[int(len(commits) * q)]:.1f}" for q in (0.5, 0.95, 0.99)) + " |")
    print(f"\n{length / 60:g} minutes, {len(faults)} faults; anonymous memory {early:.0f} MB after {settled:.0f} s, {late:.0f} MB at the end "
          f"({growth:+.1%})")  # fmt: skip
    for fault, count in collections.Counter(faults).most_common(10):
        print(f"{count} times: {fault}")
    print(json.dumps({"samples": [[round(value, 1) for value in sample] for sample in samples]}), file=sys.stderr)
    return 0 if not faults and growth <= 0.05 else 1


if __name__ == "__main__":
    sys.exit(main())

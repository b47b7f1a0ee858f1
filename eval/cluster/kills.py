"""Whether kills of shards change an answer: random shard processes are killed under load, and every answer is compared.

    python3 eval/cluster/kills.py CORPUS QUERIES --trawl .build/release/trawl --work WORK [--shards 4] [--replicas 2] [--kills 200]

A coordinator asks --shards shards with --replicas processes each. Clients search without a pause, in all modes in turn, while a
process chosen at random is killed (SIGKILL) and started again on its port, about once a second. An answer is right if its documents and
scores are those of one index; an error is clear if it has the status 503 and names a shard. Anything else, and an answer that takes
longer than --patience seconds, is counted apart and makes the exit code 1.
"""
import argparse
import collections
import http.client
import json
import random
import sys
import threading
import time
import urllib.parse
from pathlib import Path
from typing import Counter, Dict, List, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent))

from shards import Server, build, manifest, served  # noqa: E402

KEY = "measured"
MODES = ["lexical", "dense", "generative", "hybrid"]
Answer = List[Tuple[str, float]]


class Client:
    def __init__(self, url: str, patience: float) -> None:
        self.parts, self.patience = urllib.parse.urlsplit(url), patience
        self.connection = self._connect()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.parts.hostname or "", self.parts.port, timeout=self.patience)

    def search(self, query: str, mode: str) -> Tuple[int, bytes]:
        """The status, 0 where no answer came in time, -1 where the connection broke; and the body."""
        body = json.dumps({"query": query, "mode": mode, "k": 10}).encode()
        try:
            self.connection.request(
                "POST", "/v1/search", body, {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"})
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except TimeoutError:
            self.connection = self._connect()
            return 0, b"no answer in time"
        except (OSError, http.client.HTTPException) as error:
            self.connection = self._connect()
            return -1, repr(error).encode()


def hits(body: bytes) -> Answer:
    return [(hit["document"], hit["score"]) for hit in json.loads(body)["hits"]]


def is_same(a: Answer, b: Answer) -> bool:
    return [document for document, _ in a] == [document for document, _ in b] and all(
        abs(x - y) <= 1e-6 for (_, x), (_, y) in zip(a, b))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("queries", type=Path, help="a query a line, after a tab if there is one")
    parser.add_argument("--trawl", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--patience", type=float, default=60)
    parser.add_argument("--pause", type=float, default=0.5, help="seconds that a killed process stays away, at most")
    parser.add_argument("--options", default="", help="further flags of trawl index")
    arguments = parser.parse_args()
    options = arguments.options.split()
    name = arguments.corpus.stem
    queries = [line.split("\t")[-1] for line in arguments.queries.read_text().splitlines()][:50]
    whole = build(arguments.trawl, arguments.corpus, arguments.work / f"{name}.trawl", options=options)
    parts = [
        build(arguments.trawl, arguments.corpus, arguments.work / f"{name}-{number}-of-{arguments.shards}.trawl",
              (number, arguments.shards), options)
        for number in range(arguments.shards)
    ]
    single = Server(arguments.trawl, whole, KEY)
    client = Client(single.url, arguments.patience)
    expected: Dict[Tuple[str, str], Answer] = {}
    for query in queries:
        for mode in MODES:
            expected[query, mode] = hits(client.search(query, mode)[1])
    single.close()

    counts: Counter[str] = collections.Counter()
    strange: List[str] = []
    slowest = [0.0] * arguments.clients
    chance = random.Random(1)
    done = threading.Event()

    def load(number: int, url: str) -> None:
        own, client = random.Random(number), Client(url, arguments.patience)
        while not done.is_set():
            query, mode = own.choice(queries), own.choice(MODES)
            start = time.perf_counter()
            status, body = client.search(query, mode)
            slowest[number] = max(slowest[number], time.perf_counter() - start)
            if status == 200:
                kind = "right" if is_same(hits(body), expected[query, mode]) else "wrong"
            elif status == 503 and b"shard" in body:
                kind = "clear error"
            else:
                kind = "hang" if status == 0 else "other"
            counts[kind] += 1
            if kind not in ("right", "clear error"):
                strange.append(f"{mode} {query!r}: {status} {body[:300]!r}")

    with served(arguments.trawl, parts, KEY, replicas=arguments.replicas) as servers:
        cluster = manifest(
            arguments.trawl, parts, arguments.work / f"{name}-kills.shards.json",
            [[server.url for server in replicas] for replicas in servers])
        coordinator = Server(arguments.trawl, cluster, KEY)
        threads = [
            threading.Thread(target=load, args=(number, coordinator.url)) for number in range(arguments.clients)]
        for thread in threads:
            thread.start()
        start = time.perf_counter()
        everyone = [server for replicas in servers for server in replicas]
        for _ in range(arguments.kills):
            time.sleep(chance.random())
            # Now and then all replicas of a shard go at once, which no cluster can hide.
            victims = chance.choice(servers) if chance.random() < 0.05 else [chance.choice(everyone)]
            for victim in victims:
                victim.process.kill()
                counts["kills"] += 1
            time.sleep(arguments.pause * chance.random())
            for victim in victims:
                victim.restart()
        seconds = time.perf_counter() - start
        done.set()
        for thread in threads:
            thread.join()
        # With everything up again, every query is answered.
        last = Client(coordinator.url, arguments.patience)
        recovered = all(is_same(hits(last.search(*key)[1]), answer) for key, answer in expected.items())
        coordinator.close()
    total = sum(counts[kind] for kind in ("right", "clear error", "wrong", "hang", "other"))
    print(f"{counts['kills']} kills in {seconds:.0f} s, {total} searches: {counts['right']} right, "
          f"{counts['clear error']} errors that name the shard, {counts['wrong']} wrong, {counts['hang']} without an answer in "
          f"{arguments.patience:g} s, {counts['other']} other; the slowest took {max(slowest):.1f} s; "
          f"afterwards all {len(expected)} answers were {'right' if recovered else 'NOT right'}")
    for line in strange[:20]:
        print(line, file=sys.stderr)
    sys.exit(0 if recovered and not strange else 1)


if __name__ == "__main__":
    main()

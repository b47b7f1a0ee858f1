"""Queries per second of /v1/search, and what HTTP adds to a search.

    python3 eval/speed/server/search.py indexes/wikipedia.trawl --trawl .build/release/trawl [--seconds 10] [--rounds 3]

Hybrid search (dense + lexical) with 1 and 8 clients; wrk is the client. A query is a question about the title of a document, of
1,000 documents. The overhead is the median of a request's time at one client, over a kept connection, less the `seconds` of its
answer, which count the search alone. GET /health is what HTTP costs without any work.
"""
import argparse
import json
import socket
import statistics
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path
from typing import Any, Dict, List, Tuple

from running import Running, ask, middle, trawl, wrk

CLIENTS = [1, 8]


def titles_of(server: Running, index: str, count: int) -> List[str]:
    page = ask(server, f"/v1/indexes/{index}/documents?limit=10000")["documents"]
    titled = [document["title"] for document in page if document.get("title")]
    return titled[:: max(1, len(titled) // count)][:count]


class Connection:
    """The lightest client that Python allows: bytes to a socket, bytes from it."""

    def __init__(self, server: Running) -> None:
        parts = urllib.parse.urlsplit(server.url)
        self.key = server.key
        self.socket = socket.create_connection((parts.hostname, parts.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def exchange(self, method: str, path: str, body: bytes = b"") -> Tuple[float, bytes]:
        """Seconds until the whole answer is there, and its body."""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.key}\r\n"
        request = f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        start = time.perf_counter()
        self.socket.sendall(request)
        data = self.socket.recv(1 << 16)
        while b"\r\n\r\n" not in data:
            data += self.socket.recv(1 << 16)
        answered, _, answer = data.partition(b"\r\n\r\n")
        length = int(answered.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        while len(answer) < length:
            answer += self.socket.recv(1 << 16)
        seconds = time.perf_counter() - start
        if not answered.startswith(b"HTTP/1.1 200"):
            sys.exit(answered.decode() + "\n" + answer.decode())
        return seconds, answer


def overhead(server: Running, bodies: List[bytes]) -> Tuple[float, float, float]:
    """Medians in milliseconds: of a search, of it less the server's own time, of GET /health."""
    connection = Connection(server)
    whole, added, health = [], [], []
    for body in bodies:
        seconds, answer = connection.exchange("POST", "/v1/search", body)
        whole.append(seconds * 1000)
        added.append((seconds - json.loads(answer)["seconds"]) * 1000)
        health.append(connection.exchange("GET", "/health")[0] * 1000)
    return statistics.median(whole), statistics.median(added), statistics.median(health)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index")
    parser.add_argument("--trawl", required=True)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()

    searches: Dict[str, Dict[str, Any]] = {
        "hybrid, dense + lexical": {"mode": "hybrid", "weights": {"dense": 1, "lexical": 1}, "k": 10},
        "dense": {"mode": "dense", "k": 10},
        "lexical": {"mode": "lexical", "k": 10},
    }
    results: Dict[Any, List[Dict[str, Any]]] = {}
    with trawl(arguments.trawl, [arguments.index]) as server, tempfile.TemporaryDirectory() as folder:
        name = ask(server, "/v1/indexes")["indexes"][0]["name"]
        count = ask(server, "/v1/indexes")["indexes"][0]["passages"]
        queries = [f"what is {title} known for" for title in titles_of(server, name, 1000)]
        bodies = {title: [json.dumps({"query": query, **search}) for query in queries] for title, search in searches.items()}
        files: Dict[str, Path] = {}
        for title, lines in bodies.items():
            files[title] = Path(folder) / f"{len(files)}.jsonl"
            files[title].write_text("\n".join(lines) + "\n", encoding="utf-8")
            hits = ask(server, "/v1/search", json.loads(lines[0]))["hits"]
            if not hits:
                sys.exit(f"{title}: nothing was found for {queries[0]}")
        for number in range(arguments.rounds):
            for title, file in files.items():
                for clients in CLIENTS:
                    result = wrk(server, "/v1/search", file, clients, arguments.seconds)
                    results.setdefault((title, clients), []).append(result)
            for clients in CLIENTS:
                results.setdefault(("GET /health", clients), []).append(wrk(server, "/health", None, clients, 2))
            print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr)
        lexical = [body.encode() for body in bodies["lexical"]]
        whole, added, health = overhead(server, lexical[:500])

    print(f"{count} passages, {len(queries)} queries; {arguments.seconds:g} s, median of {arguments.rounds} rounds\n")
    print("| work | clients | requests/s | p50 ms | p95 ms | p99 ms | errors |")
    print("|---|---|---|---|---|---|---|")
    for title in [*searches, "GET /health"]:
        for clients in CLIENTS:
            result = middle(results[title, clients])
            errors = sum(one["errors"] for one in results[title, clients])
            print(
                f"| {title} | {clients} | {result['rate']:.0f} | {result['p50']:.2f} | {result['p95']:.2f} | "
                f"{result['p99']:.2f} | {errors} |"
            )
    print(f"\nHTTP at one client, medians: lexical search {whole:.3f} ms, of which {added:.3f} ms are not the search; ", end="")
    print(f"GET /health {health:.3f} ms")


if __name__ == "__main__":
    main()

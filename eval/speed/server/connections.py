"""Healthy clients beside 1,000 idle connections, 50 readers that hardly read, and 50 senders that never end (slowloris).

    python3 eval/speed/server/connections.py INDEX --trawl .build/release/trawl [--seconds 10]

Measures lexical searches of 4 clients (wrk) before, beside and after the others, and the resident memory of the server.
"""
import argparse
import json
import resource
import socket
import sys
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path
from typing import List

from running import Running, resident_megabytes, trawl, wrk
from search import titles_of

IDLE, SLOW, SLOWLORIS, HEALTHY = 1000, 50, 50, 4


class Others:
    """All the clients that are not healthy, moved by one thread that mostly sleeps."""

    def __init__(self, server: Running, index: str) -> None:
        self.server = server
        parts = urllib.parse.urlsplit(server.url)
        self.address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.stop = threading.Event()
        self.refused = 0
        self.closed = 0
        self.idle = [self.open() for _ in range(IDLE)]
        head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {server.key}\r\n"
        for connection in self.idle:
            connection.sendall(f"GET /health HTTP/1.1\r\n{head}\r\n".encode())
            if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
                self.refused += 1
        # A long answer that costs the server little: the list of all documents.
        request = f"GET /v1/indexes/{index}/documents?limit=10000 HTTP/1.1\r\n{head}\r\n".encode()
        self.slow = [self.open(window=4096) for _ in range(SLOW)]
        for connection in self.slow:
            connection.sendall(request)
        self.loris = [self.open() for _ in range(SLOWLORIS)]
        for connection in self.loris:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n")
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def open(self, window: int = 0) -> socket.socket:
        connection = socket.socket()
        if window:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        connection.settimeout(30)
        connection.connect(self.address)
        return connection

    def run(self) -> None:
        while not self.stop.wait(0.5):
            for connection in self.slow:
                try:
                    connection.recv(100, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    pass
                except OSError:
                    self.closed += 1
            for number, connection in enumerate(self.loris):
                try:
                    connection.sendall(b"X-Slow: 1\r\n")
                except OSError:
                    # Closed by the server, as it should be: the attack goes on with a new one.
                    connection.close()
                    self.closed += 1
                    self.loris[number] = self.open()
                    self.loris[number].sendall(b"GET /health HTTP/1.1\r\n")

    def count_open(self) -> int:
        """The idle connections that still answer."""
        head = f"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.server.key}\r\n\r\n".encode()
        alive = 0
        for connection in self.idle:
            try:
                connection.sendall(head)
                alive += connection.recv(4096).startswith(b"HTTP/1.1 200")
            except OSError:
                pass
        return alive

    def close(self) -> None:
        self.stop.set()
        self.thread.join()
        for connection in [*self.idle, *self.slow, *self.loris]:
            connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index")
    parser.add_argument("--trawl", required=True)
    parser.add_argument("--seconds", type=float, default=10)
    arguments = parser.parse_args()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limits[1], 65536), limits[1]))

    rows: List[str] = []
    failed = False
    with trawl(arguments.trawl, [arguments.index]) as server, tempfile.TemporaryDirectory() as folder:
        name = urllib.parse.quote(Path(arguments.index).name.removesuffix(".trawl"))
        bodies = Path(folder) / "bodies.jsonl"
        queries = titles_of(server, name, 500)
        bodies.write_text("".join(json.dumps({"query": query, "mode": "lexical", "k": 10}) + "\n" for query in queries))

        def measure(what: str) -> None:
            nonlocal failed
            wrk(server, "/v1/search", bodies, HEALTHY, 1)
            result = wrk(server, "/v1/search", bodies, HEALTHY, arguments.seconds)
            failed = failed or result["errors"] > 0
            rows.append(
                f"| {what} | {result['rate']:.0f} | {result['p50']:.2f} | {result['p95']:.2f} | {result['p99']:.2f} | "
                f"{result['errors']} | {resident_megabytes(server.pid):.0f} |"
            )

        measure("alone")
        others = Others(server, name)
        time.sleep(1)
        measure(f"beside {IDLE} idle, {SLOW} slow, {SLOWLORIS} slowloris")
        alive = others.count_open()
        closed, refused = others.closed, others.refused
        others.close()
        measure("after them")
    print(f"{HEALTHY} clients, lexical search, {arguments.seconds:g} s\n")
    print("| | requests/s | p50 ms | p95 ms | p99 ms | errors | resident MB |\n|---|---|---|---|---|---|---|")
    print("\n".join(rows))
    print(f"\n{alive} of {IDLE} idle connections answered at the end, {refused} were refused; {closed} slow ones were closed")
    return int(failed or alive < IDLE or refused > 0)


if __name__ == "__main__":
    sys.exit(main())

"""What shards cost: the latency of a search over N shards, each a process of its own, against one index.

    python3 eval/cluster/latency.py CORPUS --trawl .build/release/trawl --work WORK [--shards 1,2,4,8] [--delay 0,2] [--queries 100]

One client asks /v1/search over a kept connection, with questions about the titles of documents or with the lines of --questions (what
comes after a tab), first of a server of one index and then of a coordinator; medians in milliseconds of each query's second asking,
both servers in turn. --delay D puts a proxy before each shard that holds every question and every answer for D/2 ms; D 0 shows what
the proxy itself costs. `rounds` is how often the coordinator asked its first shard, and `kB` what all shards received and sent, a
query on average; first askings count there. `CPU` is the processor time of a query on average, of the one index's server, of all
shards' servers together, and of the coordinator.
"""
import argparse
import asyncio
import http.client
import json
import os
import statistics
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Dict, List, Optional, Sequence

sys.path.insert(0, str(Path(__file__).resolve().parent))

from shards import Server, build, manifest, served  # noqa: E402

KEY = "measured"
MODES = ["lexical", "dense", "generative", "hybrid"]


class Client:
    def __init__(self, server: Server) -> None:
        parts = urllib.parse.urlsplit(server.url)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)

    def search(self, query: str, mode: str) -> float:
        """Milliseconds until the whole answer is there."""
        body = json.dumps({"query": query, "mode": mode, "k": 10}).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
        start = time.perf_counter()
        self.connection.request("POST", "/v1/search", body, headers)
        answer = self.connection.getresponse()
        data = answer.read()
        seconds = time.perf_counter() - start
        if answer.status != 200:
            sys.exit(data.decode())
        return 1000 * seconds


def asked(server: Server) -> int:
    """How many questions a shard's server has answered, by its own count."""
    request = urllib.request.Request(server.url + "/metrics", headers={"Authorization": f"Bearer {KEY}"})
    lines = urllib.request.urlopen(request, timeout=30).read().decode().splitlines()
    return sum(
        int(float(line.rsplit(" ", 1)[1])) for line in lines
        if line.startswith("trawl_requests_total{") and "/v1/shard" in line)


def cpu(servers: Sequence[Server]) -> float:
    """Milliseconds of processor time that processes have taken."""
    ticks = 0
    for server in servers:
        fields = Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return 1000 * ticks / os.sysconf("SC_CLK_TCK")


class DelayingProxy:
    """Passes bytes on after a while, in a thread with a loop of its own."""

    def __init__(self, url: str, delay: float) -> None:
        parts = urllib.parse.urlsplit(url)
        self.target, self.delay = (parts.hostname, parts.port), delay / 2000
        self.bytes = 0
        self.loop = asyncio.new_event_loop()
        self.started = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()
        self.started.wait()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self.started.set()
        self.loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self.target)
        await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer), return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 20):
            self.bytes += len(data)
            if self.delay > 0:
                await asyncio.sleep(self.delay)
            writer.write(data)
            await writer.drain()
        writer.close()


def questions(corpus: Path, listed: Optional[Path], count: int) -> List[str]:
    if listed is not None:
        found = [line.split("\t")[-1] for line in listed.read_text().splitlines()]
    else:
        titles = [json.loads(line).get("title", "") for line in corpus.open()]
        found = [f"what is known about {title}" for title in titles if title]
    return found[:: max(1, len(found) // count)][:count]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--trawl", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--shards", default="1,2,4,8")
    parser.add_argument("--delay", default="")
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--options", default="", help="further flags of trawl index")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    options = arguments.options.split()
    name = arguments.corpus.stem
    whole = build(arguments.trawl, arguments.corpus, arguments.work / f"{name}.trawl", options=options)
    queries = questions(arguments.corpus, arguments.questions, arguments.queries)
    print("| shards | delay ms | mode | rounds | kB | one index, ms | shards, ms | ratio | more, ms | CPU: one | shards | coordinator |")
    print("|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    delays: List[Optional[float]] = [None] + [float(delay) for delay in arguments.delay.split(",") if delay]
    for count in [int(count) for count in arguments.shards.split(",")]:
        parts = [
            build(arguments.trawl, arguments.corpus, arguments.work / f"{name}-{number}-of-{count}.trawl", (number, count), options)
            for number in range(count)
        ]
        for delay in delays:
            with ExitStack() as stack:
                servers = stack.enter_context(served(arguments.trawl, parts, KEY))
                urls = [[server.url for server in replicas] for replicas in servers]
                proxies = [] if delay is None else [DelayingProxy(url, delay) for own in urls for url in own]
                if proxies:
                    urls = [[proxy.url] for proxy in proxies]
                with tempfile.TemporaryDirectory() as folder:
                    cluster = manifest(arguments.trawl, parts, Path(folder) / "cluster.shards.json", urls)
                    coordinator = Server(arguments.trawl, cluster, KEY)
                    stack.callback(coordinator.close)
                single = Server(arguments.trawl, whole, KEY)
                stack.callback(single.close)
                clients = {"one": Client(single), "shards": Client(coordinator)}
                for mode in arguments.modes.split(","):
                    times: Dict[str, List[float]] = {"one": [], "shards": []}
                    groups = [[single], [server for replicas in servers for server in replicas], [coordinator]]
                    used = [cpu(group) for group in groups]
                    before, sent = asked(servers[0][0]), sum(proxy.bytes for proxy in proxies)
                    for query in queries:
                        for which, client in clients.items():
                            client.search(query, mode)
                            times[which].append(client.search(query, mode))
                    one, many = (statistics.median(times[which]) for which in ("one", "shards"))
                    shown = "-" if delay is None else f"{delay:g}"
                    rounds = (asked(servers[0][0]) - before) / (2 * len(queries))
                    sent = sum(proxy.bytes for proxy in proxies) - sent
                    used = [(cpu(group) - start) / (2 * len(queries)) for group, start in zip(groups, used)]
                    moved = f"{sent / (2000 * len(queries)):.1f}" if proxies else "-"
                    print(
                        f"| {count} | {shown} | {mode} | {rounds:.1f} | {moved} | {one:.2f} | {many:.2f} | {many / one:.2f} | "
                        f"{many - one:.2f} | " + " | ".join(f"{time:.2f}" for time in used) + " |", flush=True)


if __name__ == "__main__":
    main()

"""Shards to measure: built, listed, and served on the loopback interface."""
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Iterator, List, Optional, Sequence, Tuple


def build(
    trawl: str, corpus: Path, output: Path, shard: Optional[Tuple[int, int]] = None, options: Sequence[str] = ()
) -> Path:
    """An index of `corpus`, or shard (number, count) of one; one that is there is kept."""
    if not (output / "data.mdb").exists():
        chosen = [] if shard is None else ["--shard", f"{shard[0]}/{shard[1]}"]
        subprocess.run([trawl, "index", str(corpus), "--output", str(output), *chosen, *options, "--quiet"], check=True)
    return output


def manifest(trawl: str, shards: Sequence[Path], output: Path, urls: Optional[List[List[str]]] = None) -> Path:
    """The manifest of shards, each with the addresses of its replicas where there are some."""
    output.unlink(missing_ok=True)
    subprocess.run([trawl, "shards", "manifest", *map(str, shards), "--output", str(output)], check=True, capture_output=True)
    if urls is not None:
        record = json.loads(output.read_text())
        for shard in record["shards"]:
            shard["replicas"] = urls[shard["number"]]
        output.write_text(json.dumps(record))
    return output


class Server:
    """A process `trawl serve`, on a free port unless one is given."""

    def __init__(self, trawl: str, index: Path, key: str, options: Sequence[str] = (), port: int = 0) -> None:
        self.trawl, self.index, self.key, self.options = trawl, index, key, options
        self._start(port)

    def restart(self) -> None:
        """Starts the process again, on the port that it had."""
        self.process.wait()
        self._start(int(self.url.rsplit(":", 1)[1]))

    def _start(self, port: int) -> None:
        self.process = subprocess.Popen(
            [self.trawl, "serve", str(self.index), "--port", str(port), *self.options], stderr=subprocess.PIPE, text=True,
            env={**os.environ, "TRAWL_API_KEY": self.key})
        assert self.process.stderr is not None
        said = ""
        while "listening on " not in said:
            said = self.process.stderr.readline()
            if not said:
                sys.exit(f"trawl serve {self.index} does not start")
        self.url = said.split("listening on ")[1].strip()
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        while True:
            try:
                urllib.request.urlopen(self.url + "/ready", timeout=30).read()
                return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


@contextmanager
def served(
    trawl: str, shards: Sequence[Path], key: str, replicas: int = 1, options: Sequence[str] = ()
) -> Iterator[List[List[Server]]]:
    """Servers of shards, a process each, by shard."""
    with ExitStack() as stack:
        servers: List[List[Server]] = []
        for shard in shards:
            servers.append([])
            for _ in range(replicas):
                servers[-1].append(Server(trawl, shard, key, options))
                stack.callback(servers[-1][-1].close)
        yield servers

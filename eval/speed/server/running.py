"""Servers to measure, and wrk, which measures them. All on the loopback interface."""
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "Sources/python"))

from trawl._server import LocalServer  # noqa: E402


class Running(NamedTuple):
    """A server that answers."""

    url: str
    key: str
    pid: int


@contextmanager
def trawl(binary: str, indexes: Sequence[str] = (), options: Sequence[str] = ()) -> Iterator[Running]:
    server = LocalServer(indexes, options=options, binary=binary)
    try:
        server.wait_until_ready()
        assert server.pid is not None
        yield Running(server.url, server.api_key, server.pid)
    finally:
        server.close()


@contextmanager
def peer(python: str, model: str, threads: int, calls: int) -> Iterator[Running]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = [python, str(HERE / "peer.py"), model, str(port), "--threads", str(threads), "--calls", str(calls)]
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                urllib.request.urlopen(url + "/health", timeout=5).read()
                break
            except (urllib.error.URLError, ConnectionError):
                if process.poll() is not None:
                    sys.exit("the peer does not start: " + " ".join(arguments))
                time.sleep(0.1)
        yield Running(url, "", process.pid)
    finally:
        process.terminate()
        process.wait()


def wrk(server: Running, path: str, bodies: Optional[Path], clients: int, seconds: float) -> Dict[str, Any]:
    """Requests per second and latencies in milliseconds; `bodies` has a request's body in each line."""
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed: apt-get install wrk")
    arguments = ["wrk", "-t1", f"-c{clients}", f"-d{seconds:g}s", "--timeout", "30s", "-s", str(HERE / "post.lua"), server.url]
    arguments += ["--", path, str(bodies or "-"), *([server.key] if server.key else [])]
    run = subprocess.run(arguments, capture_output=True, text=True, timeout=seconds + 60)
    if run.returncode != 0:
        sys.exit(run.stdout + run.stderr)
    result: Dict[str, Any] = json.loads(run.stdout.strip().splitlines()[-1])
    if result["errors"] > 0:
        print(f"{result['errors']} errors at {path}, {clients} clients", file=sys.stderr)
    result["rate"] = result["requests"] / result["seconds"]
    return result


def ask(server: Running, path: str, value: Any = None) -> Any:
    """One request, to check what the server answers before it is measured."""
    data = None if value is None else json.dumps(value).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {server.key}"}
    with urllib.request.urlopen(urllib.request.Request(server.url + path, data, headers), timeout=60) as answer:
        return json.load(answer)


def resident_megabytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def middle(results: List[Dict[str, Any]]) -> Dict[str, Any]:
    """The result with the median rate."""
    return sorted(results, key=lambda result: float(result["rate"]))[len(results) // 2]

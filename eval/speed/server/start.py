"""Milliseconds from the start of `trawl serve` to its first answer on /health, and until /ready.

    python3 eval/speed/server/start.py .build/release/trawl [INDEX…] [--runs 20]

The program and the index are in the cache of the system after the first run, which is not counted.
"""
import argparse
import http.client
import os
import socket
import statistics
import subprocess
import sys
import time
from typing import List, Tuple


def status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def run(binary: str, indexes: List[str]) -> Tuple[float, float]:
    """Milliseconds until /health and /ready answer with 200."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != "TRAWL_API_KEY"}
    start = time.perf_counter()
    process = subprocess.Popen(
        [binary, "serve", *indexes, "--port", str(port), "--quiet"], stderr=subprocess.DEVNULL, env=environment
    )
    times = []
    try:
        for path in ("/health", "/ready"):
            while status(port, path) != 200:
                if process.poll() is not None:
                    sys.exit(f"{binary} serve stopped with {process.returncode}")
                if time.perf_counter() - start > 120:
                    sys.exit(f"{path} did not answer 200 within 120 s")
                time.sleep(0.001)
            times.append((time.perf_counter() - start) * 1000)
    finally:
        process.terminate()
        process.wait()
    return times[0], times[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trawl")
    parser.add_argument("indexes", nargs="*")
    parser.add_argument("--runs", type=int, default=20)
    arguments = parser.parse_args()
    times = [run(arguments.trawl, arguments.indexes) for _ in range(arguments.runs + 1)][1:]
    print("| | median ms | worst ms |\n|---|---|---|")
    for name, values in zip(("/health", "/ready"), zip(*times)):
        print(f"| {name} | {statistics.median(values):.0f} | {max(values):.0f} |")


if __name__ == "__main__":
    main()

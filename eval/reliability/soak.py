#!/usr/bin/env python3
"""Reads and writes for hours, against one server and beside it, and watches memory, files and answers.

A server has an index of `--documents` documents with all methods. Readers search it in each mode, count phrases, embed and
read documents, over HTTP; a writer replaces and deletes documents over HTTP, so that their number stays the same; commands
beside the server add, remove, compact and check. Each document says its version, and a reader must never find a version
that was replaced before it asked. Every `--every` seconds a line has the resident memory and open files of the server and the
size of data.mdb.

Growth is judged over the second half of the time: by the line of least squares, in per cent of the mean per hour. The first
half is for caches to fill and for the file to reach its size.

usage: python3 eval/reliability/soak.py [--minutes 120] [--documents 2000] [--every 30] [--readers 2] [--pause 0.02] [--csv FILE]
"""

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import states


class Server:
    def __init__(self, folder):
        self.process = subprocess.Popen([states.TRAWL, "serve", "i.trawl", "--port", "0"], cwd=folder, text=True,
                                        stderr=subprocess.PIPE, env=states.ENVIRONMENT)
        for line in self.process.stderr:
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if found:
                self.base = f"http://127.0.0.1:{found[1]}"
                break
        threading.Thread(target=lambda: [None for _ in self.process.stderr], daemon=True).start()

    def ask(self, method, path, body=None):
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def usage(self):
        """Resident memory without the mapped index, and the index's mapped pages, in MB; open files."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        field = lambda name: int(re.search(rf"{name}:\s+(\d+)", status)[1]) / 1024
        return field("RssAnon"), field("RssFile"), len(os.listdir(f"/proc/{self.process.pid}/fd"))


def slope(points):
    """Least squares: the growth per hour in per cent of the mean. `points` are (seconds, value)."""
    n = len(points)
    if n < 3:
        return 0.0
    times, values = [p[0] for p in points], [p[1] for p in points]
    mean_time, mean_value = sum(times) / n, sum(values) / n
    spread = sum((t - mean_time) ** 2 for t in times)
    return 100 * 3600 * sum((t - mean_time) * (v - mean_value) for t, v in points) / spread / max(mean_value, 1e-9)


class Soak:
    def __init__(self, folder, options):
        self.folder, self.options = Path(folder), options
        self.versions = {number: 1 for number in range(options.documents)}
        self.lock, self.writing = threading.Lock(), threading.Lock()
        self.counts, self.findings = {}, []
        self.ends = time.monotonic() + options.minutes * 60
        (self.folder / "first.jsonl").write_text(states.documents(range(options.documents)))
        built = states.trawl("index", "first.jsonl", "-o", "i.trawl", *states.BUILD, "--quiet", cwd=folder)
        assert built.status == 0, built.errors.decode()
        self.server = Server(folder)

    def note(self, what):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    def find(self, finding):
        with self.lock:
            self.findings.append(finding)
        print(f"FINDING {finding}", file=sys.stderr, flush=True)

    def loop(self, body, seed):
        draw = random.Random(seed)
        while time.monotonic() < self.ends and self.server.process.poll() is None:
            try:
                body(draw)
            except urllib.error.HTTPError as error:
                text = error.read().decode(errors="replace")
                # Another process is writing: the answer that the API promises.
                if error.code != 409:
                    self.find(f"status {error.code}: {text}")
            except (OSError, AssertionError, subprocess.SubprocessError, KeyError, ValueError) as error:
                if time.monotonic() < self.ends:
                    self.find(f"{type(error).__name__}: {error}")

    def read(self, draw):
        time.sleep(self.options.pause)
        number, kind = draw.randrange(self.options.documents), draw.randrange(7)
        known = self.versions[number]  # before the question is put
        if kind < 4:
            mode = ("lexical", "dense", "late", "hybrid")[kind]
            answer = self.server.ask("POST", "/v1/search", {
                "query": f"number {number} of version {known}", "mode": mode, "k": 10, "highlight": draw.random() < 0.3})
            self.note(f"search {mode}")
            for hit in answer["hits"]:
                other = int(hit["document"][1:])
                # Not every passage names the version; and other documents may have changed meanwhile.
                found = re.search(r"of version (\d+)", hit["text"])
                if other == number and found and int(found[1]) < known:
                    self.find(f"d{number}: version {found[1]} was found after version {known} was committed")
        elif kind == 4:
            self.server.ask("POST", "/v1/ngrams/count", {"phrase": draw.choice(states.WORDS)})
            self.note("count")
        elif kind == 5:
            self.server.ask("POST", "/v1/embeddings", {"input": [f"text {number}", "another text"]})
            self.note("embed")
        else:
            self.server.ask("GET", f"/v1/indexes/i/documents?limit=5")
            self.note("documents")

    def write(self, draw):
        time.sleep(self.options.pause * 25)
        numbers = draw.sample(range(self.options.documents), draw.randrange(1, 40))
        with self.writing:
            if draw.random() < 0.25:
                self.server.ask("DELETE", "/v1/indexes/i/documents", {"ids": [f"d{number}" for number in numbers]})
                self.note("delete")
            lines = "".join(states.documents([number], self.versions[number] + 1) for number in numbers)
            self.server.ask("PUT", "/v1/indexes/i/documents", lines.encode())
            for number in numbers:
                self.versions[number] += 1
            self.note("replace")

    def command(self, draw):
        time.sleep(self.options.pause * 100)
        kind = draw.randrange(4)
        with self.writing:
            if kind == 0:
                outcome = states.trawl("compact", "i.trawl", "--quiet", cwd=self.folder)
            elif kind == 1:
                outcome = states.trawl("check", "i.trawl", "--sample", "5", "--quiet", cwd=self.folder)
            elif kind == 2:
                number = draw.randrange(self.options.documents)
                (self.folder / "one.jsonl").write_text(states.documents([number], self.versions[number] + 1))
                outcome = states.trawl("index", "one.jsonl", "-o", "i.trawl", "--replace", "--quiet", cwd=self.folder)
                self.versions[number] += outcome.status == 0
            else:
                outcome = states.trawl("query", "i.trawl", "apple", "--mode", "lexical", "--quiet", cwd=self.folder)
        self.note(f"command {('compact', 'check', 'replace', 'query')[kind]}")
        if outcome.status != 0:
            self.find(f"command {kind}: exit {outcome.status}: {outcome.output.decode()}{outcome.errors.decode()}")

    def run(self):
        bodies = [self.read] * self.options.readers + [self.write, self.command]
        threads = [threading.Thread(target=self.loop, args=(body, seed), daemon=True) for seed, body in enumerate(bodies)]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        rows = []
        while time.monotonic() < self.ends and self.server.process.poll() is None:
            anonymous, mapped, files = self.server.usage()
            size = (self.folder / "i.trawl/data.mdb").stat().st_size / 1e6
            rows.append((time.monotonic() - started, anonymous, mapped, files, size))
            print("%.0f s: %.0f MB, mapped %.0f MB, %d files, data.mdb %.1f MB, %d requests" % (
                *rows[-1], sum(self.counts.values())), file=sys.stderr, flush=True)
            time.sleep(min(self.options.every, max(0.1, self.ends - time.monotonic())))
        for thread in threads:
            thread.join(timeout=120)
        if self.server.process.poll() is not None:
            self.find(f"the server ended with status {self.server.process.returncode}")
        else:
            self.server.process.send_signal(signal.SIGTERM)
            if self.server.process.wait(timeout=60) != 0:
                self.find(f"the server stopped with status {self.server.process.returncode}")
        try:
            states.digest(self.folder)
        except AssertionError as problem:
            self.find(f"at the end: {problem}")
        exported = states.trawl("export", "i.trawl", "--quiet", cwd=self.folder).output.decode()
        versions = {d["id"]: int(re.search(r"of version (\d+)", d["text"])[1])
                    for d in map(json.loads, exported.splitlines())}
        expected = {f"d{number}": version for number, version in self.versions.items()}
        if versions != expected:
            self.find(f"at the end {sum(versions.get(k) != v for k, v in expected.items())} documents are not the last written")
        return rows


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--minutes", type=float, default=120)
    arguments.add_argument("--documents", type=int, default=2000)
    arguments.add_argument("--every", type=float, default=30)
    arguments.add_argument("--readers", type=int, default=2)
    arguments.add_argument("--pause", type=float, default=0.02)
    arguments.add_argument("--csv")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        soak = Soak(folder, options)
        rows = soak.run()
    if options.csv:
        Path(options.csv).write_text("seconds,anonymous_mb,mapped_mb,files,data_mb\n" + "".join(
            "%.0f,%.1f,%.1f,%d,%.2f\n" % row for row in rows))
    half = [row for row in rows if row[0] >= rows[-1][0] / 2]
    print("| watched | at the start | in the middle | at the end | growth per hour in the second half |")
    print("|---|---|---|---|---|")
    for column, name in ((1, "memory of the server, MB"), (2, "mapped pages of the index, MB"), (3, "open files"),
                         (4, "data.mdb, MB")):
        print("| %s | %.1f | %.1f | %.1f | %+.1f %% |" % (
            name, rows[0][column], half[0][column], rows[-1][column], slope([(row[0], row[column]) for row in half])))
    print("\n" + ", ".join(f"{count} {what}" for what, count in sorted(soak.counts.items())))
    print(f"{options.minutes:g} minutes, {sum(soak.counts.values())} requests and commands, {len(soak.findings)} findings")
    sys.exit(1 if soak.findings else 0)


if __name__ == "__main__":
    main()

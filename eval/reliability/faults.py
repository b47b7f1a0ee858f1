#!/usr/bin/env python3
"""Fails every call below the store, one at a time, in every operation, and looks at what is left of the index.

For each operation (build, rebuild, add, replace, remove, compact, sync), each kind of call (read, write, sync, map, open,
rename, allocate; see inject.c), each error that such a call can give, and each number of a call: the operation runs, that call
fails (once, or it and all later ones), and then
  - the index must be as before the operation or as after it, and `trawl check` must pass;
  - when the operation says that it succeeded, the index must be as after it;
  - when the index is as before, the operation must succeed when it is run again.

usage: python3 eval/reliability/faults.py [--documents 40] [--jobs 2] [--only add,remove] [--calls write,sync]
"""

import argparse
import collections
import concurrent.futures
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import states

ERRORS = {
    "read": ["EIO", "short"],
    "write": ["ENOSPC", "EIO", "short"],
    "sync": ["EIO", "ENOSPC"],
    "map": ["ENOMEM"],
    "open": ["EACCES", "EIO"],
    "rename": ["EIO"],
    "allocate": ["ENOMEM"],
}


def run(library, operation, folder, call, number, error="EIO", lasts=False):
    environment = {
        "LD_PRELOAD": library, "INJECT_CALL": call, "INJECT_AT": str(number), "INJECT_ERROR": error,
        "INJECT_LASTS": "1" if lasts else "0", "INJECT_PATH": ".trawl", "INJECT_COUNT": f"{folder}/count",
    }
    return states.trawl(*operation.arguments, "--quiet", cwd=folder, environment=environment)


class Bench:
    """A working folder that is put back before each run. Its path never changes: a synced index knows its folder by it."""

    def __init__(self, parent, size, library):
        self.folder, self.kept, self.library = parent / "work", parent / "kept", library
        states.prepare(self.folder, size)
        states.copy(self.folder, self.kept)

    def reset(self, operation):
        states.copy(self.kept, self.folder)
        if operation.builds:
            shutil.rmtree(self.folder / "i.trawl")

    def expected(self, operation):
        """The states before and after, and how many calls of each kind there are."""
        self.reset(operation)
        name = states.index_of(operation)
        before = states.digest(self.folder, name)
        outcome = states.trawl(*operation.arguments, "--quiet", cwd=self.folder)
        assert outcome.status == 0, f"{operation.name}: {outcome.errors.decode()}"
        after = states.digest(self.folder, name)
        counts = {}
        for call in ERRORS:
            self.reset(operation)
            run(self.library, operation, self.folder, call, 0)
            counts[call] = int((self.folder / "count").read_text())
        return before, after, counts

    def fault(self, operation, before, after, call, number, error, lasts):
        """What went wrong, or None; and how the operation ended."""
        self.reset(operation)
        name = states.index_of(operation)
        try:
            outcome = run(self.library, operation, self.folder, call, number, error, lasts)
        except subprocess.TimeoutExpired:
            return "it did not end in 120 s", "hang"
        ended = signal.Signals(-outcome.status).name if outcome.status < 0 else f"exit {outcome.status}"
        try:
            state = states.digest(self.folder, name)
        except AssertionError as problem:
            return f"afterwards: {problem}", ended
        if state not in (before, after):
            return "the index is neither as before nor as after", ended
        if outcome.status == 0 and state != after:
            return "it reported success, and the index is as before", ended
        if outcome.status not in (0, 2) and outcome.status > 0:
            return f"exit code {outcome.status}: {outcome.errors.decode()}", ended
        if outcome.status == 2 and not outcome.errors:
            return "it failed without a message", ended
        if state == before and state != after:
            again = states.trawl(*operation.arguments, "--quiet", cwd=self.folder)
            if again.status != 0 or states.digest(self.folder, name) != after:
                return f"run again: exit {again.status}: {again.errors.decode()}", ended
        return None, ended


def work(parent, size, library, share, shares, only, calls):
    """One job's share of the runs: (operation, call, end) counted, and the findings."""
    bench = Bench(parent, size, library)
    ends, findings, position = collections.Counter(), [], 0
    for operation in states.operations(size):
        if only and operation.name not in only:
            continue
        before, after, counts = bench.expected(operation)
        for call, errors in ERRORS.items():
            if calls and call not in calls:
                continue
            for number in range(1, counts[call] + 1):
                for error in errors:
                    for lasts in (False, True):
                        position += 1
                        if position % shares != share:
                            continue
                        problem, ended = bench.fault(operation, before, after, call, number, error, lasts)
                        ends[operation.name, call, ended] += 1
                        if problem:
                            times = "and all later ones fail" if lasts else "fails"
                            findings.append(f"{operation.name}: {call} {number} {times} with {error} ({ended}): {problem}")
                            print(findings[-1], file=sys.stderr, flush=True)
    return ends, findings


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--documents", type=int, default=40)
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--only", type=lambda text: text.split(","), default=[])
    arguments.add_argument("--calls", type=lambda text: text.split(","), default=[])
    options = arguments.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        library = f"{folder}/inject.so"
        source = Path(__file__).with_name("inject.c")
        compiler = os.environ.get("CC") or shutil.which("cc") or "clang"
        subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
            jobs = []
            for share in range(options.jobs):
                parent = Path(folder) / str(share)
                parent.mkdir()
                jobs.append(pool.submit(
                    work, parent, options.documents, library, share, options.jobs, options.only, options.calls))
            ends, findings = collections.Counter(), []
            for job in jobs:
                ends.update(job.result()[0])
                findings += job.result()[1]
    print("| operation | call | points x errors | exit 0 | exit 2 | signals |")
    print("|---|---|---|---|---|---|")
    for operation, call in dict.fromkeys((operation, call) for operation, call, _ in sorted(ends)):
        row = {end: count for (o, c, end), count in ends.items() if (o, c) == (operation, call)}
        signals = ", ".join(f"{count} {end}" for end, count in sorted(row.items()) if not end.startswith("exit"))
        print(f"| {operation} | {call} | {sum(row.values())} | {row.get('exit 0', 0)} | {row.get('exit 2', 0)} | {signals or 0} |")
    print(f"\n{sum(ends.values())} runs in {time.monotonic() - started:.0f} s, {len(findings)} findings")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()

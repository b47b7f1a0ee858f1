#!/usr/bin/env python3
"""Kills every operation at random points, and looks at what is left of the index.

Each round puts the index back, starts an operation (build, rebuild, add, replace, remove, compact, sync), kills it by SIGKILL
after a random time up to a little more than it takes, and then
  - the index must be as before the operation or as after it, and `trawl check` must pass;
  - when it is as before, the operation must succeed when it is run again.

usage: python3 eval/reliability/kills.py [--rounds 1000] [--documents 40] [--seed 1] [--jobs 2]
"""

import argparse
import collections
import concurrent.futures
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import states


def work(parent, size, rounds, seed):
    """Counts of (operation, how it ended), and the findings."""
    draw = random.Random(seed)
    folder, kept = parent / "work", parent / "kept"
    states.prepare(folder, size)
    states.copy(folder, kept)

    def reset(operation):
        states.copy(kept, folder)
        if operation.builds:
            shutil.rmtree(folder / "i.trawl")

    expected = []
    for operation in states.operations(size):
        reset(operation)
        before, started = states.digest(folder, states.index_of(operation)), time.monotonic()
        assert states.trawl(*operation.arguments, "--quiet", cwd=folder).status == 0, operation.name
        took = time.monotonic() - started
        expected.append((operation, before, states.digest(folder, states.index_of(operation)), took))

    ends, findings = collections.Counter(), []
    for number in range(rounds):
        operation, before, after, took = expected[number % len(expected)]
        reset(operation)
        delay = draw.uniform(0, 1.15 * took)
        process = subprocess.Popen([states.TRAWL, *operation.arguments, "--quiet"], cwd=folder, env=states.ENVIRONMENT,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        process.kill()
        killed = process.wait() == -9
        problem = None
        try:
            state = states.digest(folder, states.index_of(operation))
            if state not in (before, after):
                problem = "the index is neither as before nor as after"
            elif not killed and state != after:
                problem = "it succeeded, and the index is as before"
            elif state == before != after:
                again = states.trawl(*operation.arguments, "--quiet", cwd=folder)
                if again.status != 0 or states.digest(folder, states.index_of(operation)) != after:
                    problem = f"run again: exit {again.status}: {again.errors.decode()}"
            end = "ended before" if not killed else "same" if before == after else "before" if state == before else "after"
            ends[operation.name, end] += 1
        except AssertionError as damage:
            problem = str(damage)
        if problem:
            findings.append(f"{operation.name} killed after {delay:.4f} s of {took:.4f} (seed {seed}, round {number}): {problem}")
            print(findings[-1], file=sys.stderr, flush=True)
    return ends, findings


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rounds", 1000), ("documents", 40), ("seed", 1), ("jobs", 2)):
        arguments.add_argument(f"--{name}", type=int, default=default)
    options = arguments.parse_args()
    ends, findings = collections.Counter(), []
    with tempfile.TemporaryDirectory(prefix="kills-") as folder, concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        jobs = []
        for job in range(options.jobs):
            parent = Path(folder) / str(job)
            parent.mkdir()
            rounds = options.rounds // options.jobs + (job < options.rounds % options.jobs)
            jobs.append(pool.submit(work, parent, options.documents, rounds, options.seed * 1000 + job))
        for job in jobs:
            ends.update(job.result()[0])
            findings += job.result()[1]
    print("| operation | killed, index as before | killed, as after | killed, before equals after | ended first |")
    print("|---|---|---|---|---|")
    for name in dict.fromkeys(operation.name for operation in states.operations(options.documents)):
        print(f"| {name} | " + " | ".join(str(ends[name, end]) for end in ("before", "after", "same", "ended before")) + " |")
    print(f"\n{options.rounds} rounds, {len(findings)} findings")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()

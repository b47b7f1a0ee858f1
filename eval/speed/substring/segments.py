#!/usr/bin/env python3
"""What segments cost, and how soon a cold process answers.

    segments.py FOLDER [LIMIT]

FOLDER holds tokens.u32 (tokens.py makes it); run.sh builds SubstringSpeed. Prints Markdown: every operation over one
segment and over eight of the same text, adding the last hundredth of the passages, and a process that opens the index,
counts a trigram and ends.
"""
import os, pathlib, subprocess, sys, time
from statistics import median

OURS = ".build/release/SubstringSpeed"


def measured(*arguments):
    out = subprocess.run([OURS, *map(str, arguments)], check=True, capture_output=True, text=True).stdout
    return {name: float(value) for name, value in (line.split("\t") for line in out.splitlines())}


def row(*cells):
    print("| " + " | ".join(cells) + " |")


def shown(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def main():
    folder = pathlib.Path(sys.argv[1])
    tokens = folder / "tokens.u32"
    limit = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000
    indexes = {count: folder / f"segments-{count}" for count in (1, 8)}
    built = {count: measured("build", tokens, limit, path, count) for count, path in indexes.items()}
    # Alternating, so that what else the machine does falls on both.
    runs = [{count: measured("query", tokens, limit, path) for count, path in indexes.items()} for _ in range(3)]
    row(f"{limit:,} tokens", "1 segment", "8 segments", "ratio")
    row("---", "---:", "---:", "---:")
    for name in built[1]:
        row(name, *(shown(built[c][name]) for c in (1, 8)), f"{built[8][name] / built[1][name]:.2f}")
    for name in runs[0][1]:
        one, eight = (median(run[count][name] for run in runs) for count in (1, 8))
        row(name, shown(one), shown(eight), ("equal" if one == eight else "**differs**") if "checksum" in name
            else f"{eight / one:.2f}")
    added = measured("add", tokens, limit, folder / "added")
    print(f"\nAdding the last 1% of the passages costs {added['1% s'] / added['99% s']:.1%} of building the other 99%"
          f" ({added['1% s']:.3f} s of {added['99% s']:.2f} s).\n")
    row("cold process to first count", "median of 20, ms", "peak memory, MB")
    row("---", "---:", "---:")
    for count, path in indexes.items():
        times, memory = [], []
        for _ in range(20):
            start = time.perf_counter()
            process = subprocess.Popen([OURS, "count", path, "1996,2034,1997"], stdout=subprocess.DEVNULL)
            memory.append(os.wait4(process.pid, 0)[2].ru_maxrss / 1024)
            times.append(time.perf_counter() - start)
        row(f"{count} segment{'s' * (count > 1)}", f"{median(times) * 1000:.1f}", f"{median(memory):.0f}")


main()

#!/usr/bin/env python3
"""Prints two files of measurements, ours and a peer's, as a Markdown table with ratios: peer over ours."""
import sys


def read(path):
    return dict(line.rstrip("\n").split("\t") for line in open(path) if "\t" in line)


def shown(value):
    number = float(value)
    return f"{number:,.0f}" if abs(number) >= 1000 or number == int(number) else f"{number:.3g}"


ours, peer = read(sys.argv[1]), read(sys.argv[2])
print("| | Trawl | sdsl | ratio |\n|---|---:|---:|---:|")
for name in [*ours, *(n for n in peer if n not in ours)]:
    a, b = ours.get(name), peer.get(name)
    if a and b and name.endswith("checksum"):
        ratio = "equal" if float(a) == float(b) else "**differs**"
    else:
        ratio = f"{float(b) / float(a):.2f}" if a and b and float(a) else ""
    print(f"| {name} | {shown(a) if a else ''} | {shown(b) if b else ''} | {ratio} |")

#!/usr/bin/env python3
"""How the substring index grows with its text.

    growth.py FOLDER PLOT [MILLIONS ...]

FOLDER holds tokens.u32 (tokens.py makes it); run.sh builds SubstringSpeed. Prints a Markdown table of building, size and
queries at 1, 3, 10, 30 and 100 million tokens and writes an SVG of it, relative to the first, both axes logarithmic.
"""
import math, pathlib, subprocess, sys, time
from statistics import median

OURS = ".build/release/SubstringSpeed"
COLUMNS = [
    ("build s", "build, s"), ("peak bytes/token", "peak bytes/token"), ("FM-index bytes/token", "FM-index bytes/token"),
    ("total bytes/token", "all bytes/token"), ("extend ns", "extend, ns"),
    ("extend in batches of 16 ns", "in batches, ns"), ("distinct next tokens at depth 2 us", "next tokens of bigrams, us"),
    ("locate to document us", "locate, us"), ("cold ms", "cold count, ms"),
]
PLOTTED = ["build s", "extend ns", "extend in batches of 16 ns", "locate to document us", "total bytes/token"]


def measured(*arguments):
    out = subprocess.run([OURS, *map(str, arguments)], check=True, capture_output=True, text=True).stdout
    return {name: float(value) for name, value in (line.split("\t") for line in out.splitlines())}


def cold(path):
    times = []
    for _ in range(15):
        start = time.perf_counter()
        subprocess.run([OURS, "count", path, "1996,2034,1997"], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return median(times) * 1000


def shown(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def plot(path, sizes, rows):
    width, height, margin = 640, 400, 56
    series = {name: [row[name] / rows[0][name] for row in rows] for name in PLOTTED}
    x_range = (math.log10(sizes[0]), math.log10(sizes[-1]))
    top = math.ceil(math.log10(max(max(values) for values in series.values())))
    bottom = math.floor(math.log10(min(min(values) for values in series.values())) + 1e-9)
    x = lambda size: margin + (math.log10(size) - x_range[0]) / (x_range[1] - x_range[0]) * (width - margin - 190)
    y = lambda value: height - margin + (bottom - math.log10(value)) / (top - bottom) * (height - 2 * margin)
    colours = ["#4269d0", "#ff725c", "#6cc5b0", "#a463f2", "#97bbf5"]
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="white"/>',
           f'<text x="{margin}" y="24" font-size="14">Cost against tokens, relative to {sizes[0] / 1e6:g} million</text>']
    for power in range(bottom, top + 1):
        out.append(f'<line x1="{margin}" x2="{width - 190}" y1="{y(10 ** power):.1f}" y2="{y(10 ** power):.1f}" stroke="#ddd"/>'
                   f'<text x="{margin - 6}" y="{y(10 ** power) + 4:.1f}" text-anchor="end">{10.0 ** power:g}</text>')
    for size in sizes:
        out.append(f'<text x="{x(size):.1f}" y="{height - 12}" text-anchor="middle">{size / 1e6:g}M</text>')
    ends = []
    for (name, values), colour in sorted(zip(series.items(), colours), key=lambda item: -item[0][1][-1]):
        points = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in zip(sizes, values))
        label = y(values[-1]) + 4
        # Labels that would touch are moved apart.
        if ends and label < ends[-1] + 15:
            label = ends[-1] + 15
        ends.append(label)
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
                   f'<text x="{width - 184}" y="{label:.1f}" fill="{colour}">{dict(COLUMNS)[name].split(",")[0]}</text>')
    pathlib.Path(path).write_text("\n".join(out + ["</svg>"]) + "\n")


def main():
    folder = pathlib.Path(sys.argv[1])
    sizes = [int(float(size) * 1e6) for size in sys.argv[3:]] or [10**6, 3 * 10**6, 10**7, 3 * 10**7, 10**8]
    rows = []
    print("| tokens | " + " | ".join(title for _, title in COLUMNS) + " |\n|---:" + "|---:" * len(COLUMNS) + "|")
    for size in sizes:
        row = measured("build", folder / "tokens.u32", size, folder / "grown", 1)
        row |= measured("query", folder / "tokens.u32", size, folder / "grown")
        row["cold ms"] = cold(folder / "grown")
        rows.append(row)
        print(f"| {size / 1e6:g} million | " + " | ".join(shown(row[name]) for name, _ in COLUMNS) + " |", flush=True)
    plot(sys.argv[2], sizes, rows)


main()

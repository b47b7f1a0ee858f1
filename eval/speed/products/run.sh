#!/usr/bin/env bash
# GFLOP/s of products in single precision on one thread, by instruction set: eval/speed/products/run.sh [SECONDS]
#
# Prints a Markdown table; ratios are to the portable twin. OpenBLAS has kernels for each type of processor, and runs those
# for older ones when asked: Nehalem (SSE4) and Sandybridge (AVX) are what processors without AVX2 get, "own" what it has
# for this one. The contestants take turns, a process each, for three rounds; the table has the best of each.
set -euo pipefail
cd "$(dirname "$0")/../../.."
TRAWL_BENCHMARKS=1 swift build -c release -Xswiftc -enable-testing --product ProductSpeed >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
measure() { # NAME [VARIABLE=VALUE ...]
    local name=$1
    shift
    env -u TRAWL_ISA -u OPENBLAS_CORETYPE "$@" .build/release/ProductSpeed "$seconds" >> "$work/$name"
}
seconds=${1:-0.5}
for _ in 1 2 3; do
    measure portable TRAWL_ISA=portable
    measure nehalem TRAWL_ISA=blas OPENBLAS_CORETYPE=Nehalem
    measure sandybridge TRAWL_ISA=blas OPENBLAS_CORETYPE=Sandybridge
    measure blas TRAWL_ISA=blas
    measure avx2 TRAWL_ISA=avx2
    measure best
done
python3 - "$work" <<'P'
import pathlib
import sys

names = {
    "portable": "portable", "nehalem": "OpenBLAS, Nehalem", "sandybridge": "OpenBLAS, Sandybridge",
    "blas": "OpenBLAS, own", "avx2": "ours, AVX2", "best": "ours, best here",
}
speeds = {}
for name in names:
    for line in (pathlib.Path(sys.argv[1]) / name).read_text().splitlines():
        *case, speed = line.split("\t")
        best = speeds.setdefault(tuple(case), {})
        best[name] = max(best.get(name, 0), float(speed))
print("| weights | rows | " + " | ".join(names.values()) + " |")
print("|---|---:" + "|---:" * len(names) + "|")
for (outputs, inputs, rows), found in speeds.items():
    cells = [f"{speed:.1f} ({speed / found['portable']:.1f})" for speed in found.values()]
    print(f"| {outputs} x {inputs} | {rows} | " + " | ".join(cells) + " |")
P

#!/usr/bin/env bash
# GFLOP/s of products in single precision on one thread, with each instruction set: eval/speed/products/run.sh [SECONDS]
# Prints a Markdown table; ratios are to the portable twin.
set -euo pipefail
cd "$(dirname "$0")/../../.."
TRAWL_BENCHMARKS=1 swift build -c release -Xswiftc -enable-testing --product ProductSpeed >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for isa in portable blas avx2 best; do
    TRAWL_ISA=$isa .build/release/ProductSpeed "${1:-0.5}" > "$work/$isa"
done
echo "| weights | rows | portable | OpenBLAS | ratio | AVX2 | ratio | best here | ratio |"
echo "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
paste "$work"/{portable,blas,avx2,best} | awk -F'\t' '{
    printf "| %d x %d | %d | %.1f | %.1f | %.1f | %.1f | %.1f | %.1f | %.1f |\n",
        $1, $2, $3, $4, $8, $8 / $4, $12, $12 / $4, $16, $16 / $4 }'

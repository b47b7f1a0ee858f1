#!/usr/bin/env bash
# Time and peak memory of one query from a cold process, for each mode: eval/speed/search/query.sh TRAWL INDEX "QUERY"
set -euo pipefail
trawl=$1 index=$2 query=$3
for mode in lexical dense hybrid generative; do
    for _ in 1 2 3 4 5; do
        python3 - "$trawl" "$index" "$query" "$mode" <<'P'
import os, resource, subprocess, sys, time
trawl, index, query, mode = sys.argv[1:]
start = time.perf_counter()
subprocess.run([trawl, "query", index, query, "--mode", mode, "--quiet"], stdout=subprocess.DEVNULL, check=True)
seconds = time.perf_counter() - start
print(f"{mode:11} {seconds:6.3f} s  {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000:6.0f} MB peak")
P
    done | sort -k2 -n | sed -n 3p
done

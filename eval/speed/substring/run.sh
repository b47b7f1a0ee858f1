#!/bin/sh
# Compares the substring index with sdsl-lite and libdivsufsort on the same text in one run, on one thread.
#
#   run.sh FOLDER [LIMIT ...]
#
# FOLDER holds tokens.u32 (tokens.py makes it) and takes the indexes. Without limits: the real text of real.txt.
# Needs libsdsl-dev, libdivsufsort-dev and a C++ compiler. Prints a Markdown table for each limit.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
shift
[ $# -gt 0 ] || set -- "$(cat "$folder/real.txt")"
cd "$here/../../.."
TRAWL_BENCHMARKS=1 swift build -c release --product SubstringSpeed -Xswiftc -enable-testing > "$folder/build.log"
ours=.build/release/SubstringSpeed
c++ -O3 -DNDEBUG "$here/sdsl.cpp" -o "$folder/sdsl" -lsdsl -ldivsufsort -ldivsufsort64
for limit in "$@"; do
    rm -f "$folder/sdsl.index"
    {
        "$ours" build "$folder/tokens.u32" "$limit" "$folder/one" 1
        "$ours" query "$folder/tokens.u32" "$limit" "$folder/one"
        "$ours" sort "$folder/tokens.u32" "$limit"
    } > "$folder/ours.tsv"
    if [ "${PEERS:-1}" = 1 ]; then
        {
            "$folder/sdsl" csa "$folder/tokens.u32" "$limit" "$folder/sdsl.index"
            "$folder/sdsl" sort "$folder/tokens.u32" "$limit"
        } > "$folder/sdsl.tsv"
    else
        : > "$folder/sdsl.tsv"
    fi
    printf '\n## %s tokens\n\n' "$limit"
    "$here/compare.py" "$folder/ours.tsv" "$folder/sdsl.tsv"
done

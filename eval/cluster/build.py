"""What building shards costs: the CPU time of N shards of a million short passages, against that of one index.

    python3 eval/cluster/build.py TEXTS… --trawl .build/release/trawl --work WORK [--passages 1000000] [--embedded 100000] [--shards 8]

TEXTS are files: JSON lines with "text", or a JSON object of objects with "extract" (Wikipedia leads). Their pieces of at most 30 words are
the first passages; the others are pieces in which three words were exchanged for words of other pieces. The first --embedded
passages are embedded by the recipe's model (int8); the others get random vectors of length 1, put where an interrupted build keeps
its embeddings. User and system time of all builds, one after the other, by the kernel's account; --without-vectors leaves out dense.
The corpus and its indexes stay in WORK, named as latency.py names them.
"""
import argparse
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Dict, Iterator, List, Sequence

import numpy as np

DIMENSION = 384
WORDS = 30


def shard_of(identifier: str, count: int) -> int:
    """The shard of a document, as docs/shards.md has it."""
    mask = 2**64 - 1
    x = 0xCBF29CE484222325
    for byte in identifier.encode():
        x = (x ^ byte) * 0x100000001B3 & mask
    x = (x ^ x >> 33) * 0xFF51AFD7ED558CCD & mask
    x = (x ^ x >> 33) * 0xC4CEB9FE1A85EC53 & mask
    return (x ^ x >> 33) * count >> 64


def pieces(paths: Sequence[Path]) -> Iterator[List[str]]:
    for path in paths:
        with path.open() as lines:
            if path.suffix == ".json":
                texts = [value["extract"] for value in json.load(lines).values()]
            else:
                texts = [json.loads(line)["text"] for line in lines]
        for text in texts:
            words = text.split()
            for start in range(0, len(words), WORDS):
                if len(words) - start >= 8 or start == 0:
                    yield words[start : start + WORDS]


def corpus(paths: Sequence[Path], count: int) -> List[str]:
    chance = random.Random(1)
    originals = [piece for piece in pieces(paths) if piece]
    chance.shuffle(originals)
    print(f"{len(originals)} original pieces", file=sys.stderr)
    texts = [" ".join(piece) for piece in originals[:count]]
    while len(texts) < count:
        words = list(chance.choice(originals))
        for _ in range(3):
            words[chance.randrange(len(words))] = chance.choice(chance.choice(originals))
        texts.append(" ".join(words))
    return texts


def header(trawl: str, work: Path, texts: Sequence[str], options: Sequence[str]) -> bytes:
    """The first line of the file in which an interrupted build keeps embeddings: it names model and prompt."""
    small = work / "header.jsonl"
    small.write_text("".join(json.dumps({"_id": str(i), "text": text}) + "\n" for i, text in enumerate(texts[:4000])))
    output = work / "header.trawl"
    shutil.rmtree(output, ignore_errors=True)
    build = subprocess.Popen([trawl, "index", str(small), "--output", str(output), *options, "--quiet"])
    log = output / "unfinished" / "embeddings"
    while not (log.exists() and b"\n" in (line := log.read_bytes()[:1000])):
        if build.poll() is not None:
            sys.exit("the build left no embeddings")
        time.sleep(0.05)
    build.kill()
    build.wait()
    shutil.rmtree(output)
    return line.split(b"\n")[0] + b"\n"


def keep_vectors(output: Path, first_line: bytes, texts: Dict[int, str]) -> None:
    folder = output / "unfinished"
    folder.mkdir(parents=True)
    with (folder / "embeddings").open("wb") as log:
        log.write(first_line)
        for number, text in texts.items():
            vector = np.random.default_rng(number).standard_normal(DIMENSION, dtype=np.float32)
            payload = text.encode() + (vector / np.linalg.norm(vector)).tobytes()
            log.write(struct.pack("<II", len(text.encode()), zlib.crc32(payload)) + payload)


def measured(command: Sequence[str]) -> Dict[str, float]:
    """Seconds of CPU and of the clock, and the most memory in GB, of one process."""
    start = time.perf_counter()
    process = subprocess.Popen(command)
    # Not ru_maxrss: it begins with the memory of the process that started this one.
    peak = 0.0
    while True:
        done, status, usage = os.wait4(process.pid, os.WNOHANG)
        if done:
            break
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                peak = int(line.split()[1]) / 1e6
        time.sleep(0.1)
    if status != 0:
        sys.exit(f"{' '.join(command)}: exit code {os.waitstatus_to_exitcode(status)}")
    return {"cpu": usage.ru_utime + usage.ru_stime, "seconds": time.perf_counter() - start, "memory": peak}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path, nargs="+")
    parser.add_argument("--trawl", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--passages", type=int, default=1_000_000)
    parser.add_argument("--embedded", type=int, default=100_000)
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--without-vectors", action="store_true")
    parser.add_argument("--options", default="", help="further flags of trawl index")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    texts = corpus(arguments.texts, arguments.passages)
    source = arguments.work / "passages.jsonl"
    ids = [f"p{number:07}" for number in range(len(texts))]
    source.write_text("".join(json.dumps({"_id": own, "text": text}) + "\n" for own, text in zip(ids, texts)))
    lists = "lexical,generative" if arguments.without_vectors else "lexical,dense,generative"
    options = ["--build", lists, *arguments.options.split()]
    if not arguments.without_vectors:
        options += ["--precision", "int8", "--vector-format", "int8"]
    line = b"" if arguments.without_vectors else header(arguments.trawl, arguments.work, texts, options)
    print("| build | passages | CPU, s | time, s | most memory, GB | on disk, MB |")
    print("|---|---:|---:|---:|---:|---:|")
    rows: List[Dict[str, float]] = []
    for number in range(-1, arguments.shards):
        output = arguments.work / ("passages.trawl" if number < 0 else f"passages-{number}-of-{arguments.shards}.trawl")
        shutil.rmtree(output, ignore_errors=True)
        own = {
            i: text for i, text in enumerate(texts) if number < 0 or shard_of(ids[i], arguments.shards) == number}
        if line:
            keep_vectors(output, line, {i: text for i, text in own.items() if i >= arguments.embedded})
        chosen = [] if number < 0 else ["--shard", f"{number}/{arguments.shards}"]
        row = measured([arguments.trawl, "index", str(source), "--output", str(output), *chosen, *options, "--quiet"])
        row["disk"] = sum(file.stat().st_blocks * 512 for file in output.rglob("*") if file.is_file()) / 1e6
        label = "one index" if number < 0 else f"shard {number}"
        print(f"| {label} | {len(own)} | {row['cpu']:.1f} | {row['seconds']:.1f} | {row['memory']:.2f} | {row['disk']:.0f} |",
              flush=True)
        rows.append(row)
    many = {key: sum(row[key] for row in rows[1:]) for key in rows[0]}
    print(f"| {arguments.shards} shards | {len(texts)} | {many['cpu']:.1f} | {many['seconds']:.1f} | | {many['disk']:.0f} |")
    print(f"\nCPU time of shards to that of one index: {many['cpu'] / rows[0]['cpu']:.3f}")


if __name__ == "__main__":
    main()

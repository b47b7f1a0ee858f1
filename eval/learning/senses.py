#!/usr/bin/env python3
"""Measures the senses of pseudo-words: pairs of words that become one, so that it is known which one each occurrence was.

    python3 eval/learning/senses.py WORK NAME=CORPUS.jsonl … --pairs 40 --senses 2,3 --seeds 1,2,3

Words of like frequency (100 to 1,000 occurrences) are paired at random, and both are replaced by one new word. The adjusted Rand
index of the senses against the original words is the mean over pairs: 0 is chance, 1 is perfect. Compared are 'trawl train senses'
and k-means over MiniLM's vectors of the contexts, 10 words to either side without the word itself, with as many clusters. A seed
chooses the pairs, the training and the first centres. Needs numpy.
"""

import argparse
import collections
import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

TRAWL = os.environ.get("TRAWL_BINARY", str(Path(__file__).resolve().parents[2] / ".build/release/trawl"))
WORD = re.compile(r"(?<![\w.'’])[A-Za-z]{4,}(?!\w|[.'’]\w)")
CONTEXT = 10


def run(*arguments: object) -> str:
    done = subprocess.run([TRAWL, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"trawl {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


def rand_index(a: list[int], b: list[int]) -> float:
    """Adjusted Rand index (Hubert and Arabie 1985)."""
    pairs = lambda counts: sum(n * (n - 1) / 2 for n in counts)
    both = pairs(collections.Counter(zip(a, b)).values())
    first, second = pairs(collections.Counter(a).values()), pairs(collections.Counter(b).values())
    expected = first * second / (len(a) * (len(a) - 1) / 2)
    return 1.0 if (first + second) / 2 == expected else (both - expected) / ((first + second) / 2 - expected)


def k_means(x: np.ndarray, k: int, seed: int, restarts: int = 10) -> list[int]:
    generator, best, least = np.random.default_rng(seed), None, np.inf
    for _ in range(restarts):
        centres = x[generator.choice(len(x), k, replace=False)]
        for _ in range(50):
            nearest = (x @ centres.T - (centres**2).sum(1) / 2).argmax(1)
            moved = np.array([x[nearest == c].mean(0) if (nearest == c).any() else centres[c] for c in range(k)])
            if np.allclose(moved, centres):
                break
            centres = moved
        cost = ((x - centres[nearest]) ** 2).sum()
        if cost < least:
            best, least = nearest, cost
    return best.tolist()


def pseudo_words(documents: list[dict], count: int, seed: int) -> dict[str, tuple[str, int]]:
    """For each chosen word the word that replaces it, and which of the two it is."""
    counts = collections.Counter(w.lower() for d in documents for field in ("title", "text") for w in WORD.findall(d.get(field) or ""))
    words = [w for w, n in sorted(counts.items(), key=lambda e: (-e[1], e[0])) if 100 <= n <= 1000]
    generator = random.Random(seed)
    starts, chosen = list(range(len(words) - 5)), {}
    generator.shuffle(starts)
    for start in starts:
        a, b = words[start], words[start + generator.randint(1, 5)]
        # Forms of one word share a stem.
        if a in chosen or b in chosen or a[:4] == b[:4]:
            continue
        name = f"zq{len(chosen) // 2:02d}x"
        chosen[a], chosen[b] = (name, 0), (name, 1)
        if len(chosen) == 2 * count:
            break
    return chosen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("corpora", nargs="+", metavar="NAME=FILE")
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--senses", default="2,3")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--flags", default="", help="flags of train senses")
    parser.add_argument("--no-baseline", action="store_true")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    print("| collection | senses | Disambiguated Skip-gram | seconds | k-means of MiniLM | seconds |")
    print("|---|---:|---:|---:|---:|---:|")
    for entry in options.corpora:
        name, file = entry.split("=")
        documents = [json.loads(line) for line in Path(file).read_text().splitlines()]
        scores: dict[tuple[str, int], list[float]] = collections.defaultdict(list)
        seconds: dict[tuple[str, int], list[float]] = collections.defaultdict(list)
        for seed in map(int, options.seeds.split(",")):
            chosen = pseudo_words(documents, options.pairs, seed)
            gold: dict[str, dict[tuple[str, bool], list[int]]] = collections.defaultdict(lambda: collections.defaultdict(list))
            corpus, index = options.work / f"{name}-{seed}.jsonl", options.work / f"{name}-{seed}.trawl"
            with corpus.open("w") as out:
                for number, document in enumerate(documents):
                    new = {"_id": str(number)}
                    for field in ("title", "text"):

                        def replaced(match: re.Match) -> str:
                            found = chosen.get(match.group().lower())
                            if found is None:
                                return match.group()
                            gold[found[0]][str(number), field == "title"].append(found[1])
                            return found[0]

                        new[field] = WORD.sub(replaced, document.get(field) or "")
                    out.write(json.dumps(new) + "\n")
            run("index", corpus, "--output", index, "--build", "lexical", "--quiet")
            found: dict[str, list[tuple[str, bool, int, int, int, str]]] = {}
            for count in map(int, options.senses.split(",")):
                begin = time.time()
                run("train", "senses", index, "--senses", count, "--seed", seed, "--force", "--quiet", *options.flags.split())
                seconds["trawl", count].append(time.time() - begin)
                indices = []
                for word in sorted(gold):
                    report = json.loads(run("senses", index, word, "--words", 0, "--passages", 10**6, "--json"))
                    rows = [
                        (e["document"], e.get("passage") is None, e.get("passage") or 0, e["ranges"][0]["start"], s["sense"], e["text"])
                        for s in report["senses"]
                        for e in s["examples"]
                    ]
                    found[word] = sorted(rows)
                    places = collections.Counter((r[0], r[1]) for r in rows)
                    # A text is left out if the index sees another number of words there.
                    kept = {p for p, n in places.items() if len(gold[word][p]) == n}
                    senses = [r[4] for r in sorted(rows) if (r[0], r[1]) in kept]
                    truth = [t for p in sorted(kept) for t in gold[word][p]]
                    indices.append(rand_index(truth, senses))
                scores["trawl", count].append(sum(indices) / len(indices))
            if options.no_baseline:
                continue
            begin = time.time()
            contexts, truths = [], []
            for word, rows in sorted(found.items()):
                places = collections.Counter((r[0], r[1]) for r in rows)
                for place in sorted(places):
                    if len(gold[word][place]) != places[place]:
                        continue
                    for row, truth in zip([r for r in rows if (r[0], r[1]) == place], gold[word][place]):
                        before, after = row[5][: row[3]].split()[-CONTEXT:], row[5][row[3] + len(word) :].split()[:CONTEXT]
                        contexts.append(" ".join(before + after).replace("\t", " ") or "-")
                        truths.append((word, truth))
            texts, vectors = options.work / "contexts.txt", options.work / "contexts.npy"
            texts.write_text("\n".join(contexts) + "\n")
            run("embed", texts, "--model", "all-MiniLM-L6-v2", "--format", "npy", "--output", vectors, "--quiet")
            x = np.load(vectors)
            for count in map(int, options.senses.split(",")):
                indices = []
                for word in sorted(found):
                    rows = [i for i, t in enumerate(truths) if t[0] == word]
                    indices.append(rand_index([truths[i][1] for i in rows], k_means(x[rows], count, seed)))
                scores["k-means", count].append(sum(indices) / len(indices))
                seconds["k-means", count].append(time.time() - begin)
        for count in map(int, options.senses.split(",")):
            cells = []
            for method in ("trawl", "k-means"):
                values = scores[method, count]
                cells += [f"{np.mean(values):.4f} ± {np.std(values):.4f}", f"{np.mean(seconds[method, count]):.0f}"] if values else ["", ""]
            print(f"| {name} | {count} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()

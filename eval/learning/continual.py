#!/usr/bin/env python3
"""Measures a generator that goes on learning while four collections arrive, and what it forgets.

    python3 eval/learning/continual.py WORK --squad DATA/squad-v1.1 --scifact DATA/scifact --nfcorpus DATA/nfcorpus --minutes 1

The collections arrive one after the other in one growing index: two halves of the articles of SQuAD's development part, SciFact,
NFCorpus. After each, the generator is trained for --minutes on the training queries and the texts of what arrived:

    plain       on new documents alone
    replay      a quarter of the sources from earlier documents (--replay-share 0.25)
    levels      replay; the decoder is updated every 8 steps, two layers of the encoder every 32, with an anchor of 1e-3
    retrained   once, at the end, from the first generator, on everything, for --retrained-minutes (default: those of all arrivals together)

After each training the generator searches the collections that arrived so far, each in an index of its own that never changes, by
n-grams alone. Printed are the matrices of nDCG@10 (after arrival i, on collection j), the mean of the last row, and forgetting: the
mean over j of the highest value less the last one. Half of the passages of an article of SQuAD give training queries, the other
half test queries. Indexes and trained generators stay in WORK and are used again.
"""

import argparse
import collections
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

TRAWL = os.environ.get("TRAWL_BINARY", str(Path(__file__).resolve().parents[2] / ".build/release/trawl"))
WAYS = {
    "plain": ["--replay-share", "0"],
    "replay": ["--replay-share", "0.25"],
    "levels": ["--replay-share", "0.25", "--decoder-interval", "8", "--encoder-layers", "2", "--encoder-interval", "32", "--anchor", "1e-3"],
}


def run(*arguments: object) -> str:
    done = subprocess.run([TRAWL, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"trawl {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


def records(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def pairs(path: Path) -> list[tuple[str, str]]:
    fields = [line.split("\t") for line in path.read_text().splitlines()]
    return [(f[0], f[1]) for f in fields if len(f) == 3 and f[2].isdigit() and int(f[2]) > 0]


class Collection:
    """Documents with training and test queries; the ids are made unlike those of other collections."""

    def __init__(self, name: str, documents: list[dict[str, str]], texts: dict[str, str], train: list[tuple[str, str]], test: list[tuple[str, str]]):
        self.name = name
        self.documents = [{"_id": f"{name}-{d['_id']}", "title": d.get("title", ""), "text": d["text"]} for d in documents]
        known = {d["_id"] for d in documents}
        self.texts = {f"{name}-{q}": text for q, text in texts.items()}
        self.train = [(f"{name}-{q}", f"{name}-{d}") for q, d in train if d in known]
        self.test = [(f"{name}-{q}", f"{name}-{d}") for q, d in test if d in known]

    def write(self, folder: Path, tested: int) -> None:
        (folder / f"{self.name}.jsonl").write_text("".join(json.dumps(d) + "\n" for d in self.documents))
        asked = sorted({q for q, _ in self.test})
        asked = asked[:: max(1, len(asked) // tested)][:tested]
        write_judgements(folder / f"{self.name}-test", self.texts, [p for p in self.test if p[0] in set(asked)])


def write_judgements(stem: Path, texts: dict[str, str], judged: list[tuple[str, str]]) -> None:
    queries = list(dict.fromkeys(q for q, _ in judged))
    stem.with_suffix(".queries.jsonl").write_text("".join(json.dumps({"_id": q, "text": texts[q]}) + "\n" for q in queries))
    stem.with_suffix(".qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(f"{q}\t{d}\t1\n" for q, d in judged))


def squad(data: Path) -> list[Collection]:
    judged = pairs(data / "qrels/test.tsv")
    used = {d for _, d in judged}
    documents = [d for d in records(data / "corpus.jsonl") if d["_id"] in used]
    texts = {q["_id"]: q["text"] for q in records(data / "queries.jsonl")}
    titles = list(dict.fromkeys(d["title"] for d in documents))
    numbers: collections.Counter[str] = collections.Counter()
    teaches = {}
    for d in documents:
        teaches[d["_id"]] = numbers[d["title"]] % 2 == 0
        numbers[d["title"]] += 1
    found = []
    for name, half in (("squad-a", set(titles[::2])), ("squad-b", set(titles[1::2]))):
        part = [d for d in documents if d["title"] in half]
        found.append(Collection(name, part, texts, [p for p in judged if teaches[p[1]]], [p for p in judged if not teaches[p[1]]]))
    return found


def beir(name: str, data: Path) -> Collection:
    texts = {q["_id"]: q["text"] for q in records(data / "queries.jsonl")}
    return Collection(name, records(data / "corpus.jsonl"), texts, pairs(data / "qrels/train.tsv"), pairs(data / "qrels/test.tsv"))


def score(folder: Path, name: str, generator: str) -> float:
    out = run(
        "eval", folder / f"{name}.trawl", "--queries", folder / f"{name}-test.queries.jsonl", "--qrels", folder / f"{name}-test.qrels.tsv",
        "--mode", "generative", "--generator", generator, "--measures", "nDCG@10", "--json", "--quiet",
    )  # fmt: skip
    return float(json.loads(out.splitlines()[-1])["nDCG@10"])


def draw(path: Path, names: list[str], matrices: dict[str, list[list[float]]]) -> None:
    """The matrices side by side as an SVG: darker is better within a column."""
    cell, left, top = 84, 90, 56
    width, height = left + cell * len(names) + 24, top + 44 * len(names) + 16
    parts = []
    for place, (way, rows) in enumerate(matrices.items()):
        x0 = place * width
        parts.append(f'<text x="{x0 + left}" y="18" font-weight="bold">{way}</text>')
        for j, name in enumerate(names):
            parts.append(f'<text x="{x0 + left + cell * (j + 0.5)}" y="44" text-anchor="middle">{name}</text>')
            column = [row[j] for row in rows if len(row) > j]
            parts.append(f'<text x="{x0 + left - 8}" y="{top + 44 * j + 27}" text-anchor="end">{name}</text>')
            for i, row in enumerate(rows):
                if len(row) <= j:
                    continue
                share = 0.15 + 0.55 * (row[j] - min(column)) / max(max(column) - min(column), 1e-9)
                x, y = x0 + left + cell * j, top + 44 * i
                parts.append(f'<rect x="{x}" y="{y}" width="{cell - 4}" height="40" fill="#2a6fbb" fill-opacity="{share:.2f}"/>')
                parts.append(f'<text x="{x + cell / 2 - 2}" y="{y + 26}" text-anchor="middle">{row[j]:.3f}</text>')
    size = f'width="{width * len(matrices)}" height="{height}"'
    style = 'font-family="sans-serif" font-size="13" fill="#222"'
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}><rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    for name in ("squad", "scifact", "nfcorpus"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--retrained-minutes", type=float)
    parser.add_argument("--tested", type=int, default=150, help="test queries of a collection")
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--plot", type=Path, help="an SVG of the matrices of the last seed")
    parser.add_argument("--ways", default="plain,replay,levels,retrained")
    parser.add_argument("--from", dest="start", default="minilm-generator")
    options = parser.parse_args()
    work: Path = options.work
    work.mkdir(parents=True, exist_ok=True)
    arriving = squad(options.squad) + [beir("scifact", options.scifact), beir("nfcorpus", options.nfcorpus)]
    for count, collection in enumerate(arriving, 1):
        collection.write(work, options.tested)
        own, grown = work / f"{collection.name}.trawl", work / f"grown-{count}.trawl"
        build = ("--build", "generative", "--quiet")
        part = work / "part.trawl"
        shutil.rmtree(part, ignore_errors=True)
        if not own.exists():
            run("index", work / f"{collection.name}.jsonl", "--output", part, *build)
            part.rename(own)
        if not grown.exists():
            shutil.copytree(own if count == 1 else work / f"grown-{count - 1}.trawl", part)
            if count > 1:
                run("index", work / f"{collection.name}.jsonl", "--output", part, "--add", "--quiet")
            part.rename(grown)
        texts = {q: t for c in arriving[:count] for q, t in c.texts.items()}
        write_judgements(work / f"grown-{count}", texts, [p for c in arriving[:count] for p in c.train])
    names = [c.name for c in arriving]
    print("| way | seed | after | " + " | ".join(names) + " | mean of the row | forgetting | minutes |")
    print("|---|---:|---|" + "---:|" * (len(names) + 3))

    def line(way: str, seed: object, after: str, row: list[float], forgotten: str, minutes: float) -> None:
        cells = [f"{value:.3f}" for value in row] + [""] * (len(names) - len(row))
        print(f"| {way} | {seed} | {after} | {' | '.join(cells)} | {sum(row) / len(row):.4f} | {forgotten} | {minutes:.1f} |", flush=True)

    line("not trained", "", "", [score(work, name, options.start) for name in names], "", 0)

    def train(count: int, generator: Path, start: str, seed: int, minutes: float, *flags: str) -> float:
        stem, took = work / f"grown-{count}", generator / "minutes.txt"
        if took.exists():
            return float(took.read_text())
        begin = time.time()
        shutil.rmtree(generator, ignore_errors=True)
        run(
            "train", "generator", stem.with_suffix(".trawl"), "--queries", stem.with_suffix(".queries.jsonl"), "--qrels", stem.with_suffix(".qrels.tsv"),
            "--from", start, "--output", generator, "--minutes", minutes, "--seed", seed, "--learning-rate", "3e-4", "--hold-out", "0",
            "--self-samples", "0", "--quiet", *flags,
        )  # fmt: skip
        took.write_text(f"{(time.time() - begin) / 60:.2f}\n")
        return float(took.read_text())

    matrices: dict[str, list[list[float]]] = {}
    for seed in map(int, options.seeds.split(",")):
        for way in options.ways.split(","):
            if way == "retrained":
                generator = work / f"retrained-{seed}"
                took = train(len(names), generator, options.start, seed, options.retrained_minutes or options.minutes * len(names))
                line(way, seed, "all", [score(work, name, str(generator)) for name in names], "", took)
                continue
            start, rows = options.start, []
            for count, collection in enumerate(arriving, 1):
                generator = work / f"{way}-{seed}-{count}"
                flags = WAYS[way] if count > 1 else WAYS[way][2:]
                after = ["--new-after", arriving[count - 2].documents[-1]["_id"]] if count > 1 else []
                took = train(count, generator, start, seed, options.minutes, *after, *flags)
                rows.append([score(work, name, str(generator)) for name in names[:count]])
                last = rows[-1]
                forgotten = [max(r[j] for r in rows if len(r) > j) - last[j] for j in range(count)]
                line(way, seed, collection.name, last, f"{sum(forgotten) / count:.4f}" if count > 1 else "", took)
                start = str(generator)
            matrices[way] = rows
            if options.plot:
                draw(options.plot, names, matrices)


if __name__ == "__main__":
    main()

"""Trawl's vector index beside hnswlib, faiss and usearch, on the same vectors in one run.

    TRAWL_BENCHMARKS=1 swift build -c release -Xswiftc -enable-testing --product VectorSpeed
    python eval/speed/vectors/vectors.py data FOLDER             # once: glosses and queries embedded, a million made by noise
    python eval/speed/vectors/vectors.py run FOLDER gloss        # or: million; --peers hnswlib faiss usearch
    python eval/speed/vectors/vectors.py plot FOLDER gloss eval/results/vectors-gloss.svg
    python eval/speed/vectors/vectors.py codes FOLDER NAME       # sign codes: rotated, and learned ones of several sizes

`codes` wants NAME.f32 and NAME-queries.f32 (`trawl embed --format f32`). `data` wants the Debian package wordnet-base (its 117,659 glosses are the vectors) and the demo corpus, the first
sentences of 1,000 of whose articles are the queries; the model is MiniLM. Needs eval/speed/peers/requirements.txt.

Every search runs on one thread. Trawl reads its index in place from LMDB, one query a call; peers hold theirs in memory
and get all queries in one call. A vector counts as found when its score reaches that of the true tenth: some glosses
are there twice.
"""

import argparse
import json
import os
import re
import subprocess
import time

import numpy as np

ROOT = os.path.abspath(f"{os.path.dirname(__file__)}/../../..")
TRAWL = f"{ROOT}/.build/release/trawl"
SPEED = f"{ROOT}/.build/release/VectorSpeed"
HOME = os.environ.get("TRAWL_HOME", os.path.expanduser("~/.cache/trawl"))
DIMENSION = 384
K = 10
WIDTHS = [10, 12, 14, 16, 18, 20, 24, 32, 48, 64, 80, 96, 128, 200, 320, 500]
DEGREES = {"hnswlib": 16, "faiss": 16, "usearch": 16}


# MARK: data


def glosses():
    for part in ("noun", "verb", "adj", "adv"):
        with open(f"/usr/share/wordnet/data.{part}") as file:
            for line in file:
                if not line.startswith("  "):
                    yield line.split("| ", 1)[1].strip()


def questions():
    with open(f"{HOME}/corpora/wikipedia-leads/summaries_en-us.json") as file:
        articles = json.load(file)
    texts = [a["extract"] for a in (articles.values() if isinstance(articles, dict) else articles)]
    sentences = [re.split(r"(?<=[.!?])\s", text.strip())[0].replace("\n", " ") for text in texts]
    sentences = [s for s in sentences if len(s) > 20]
    return sentences[:: len(sentences) // 1000][:1000]


def embed(texts, folder, name):
    with open(f"{folder}/{name}.txt", "w") as file:
        file.write("\n".join(texts) + "\n")
    command = [TRAWL, "embed", f"{folder}/{name}.txt", "--format", "f32", "--output", f"{folder}/{name}.f32"]
    subprocess.run(command, check=True)


def make_data(folder):
    os.makedirs(folder, exist_ok=True)
    embed(glosses(), folder, "gloss")
    embed(questions(), folder, "queries")
    base = load(folder, "gloss")
    generator = np.random.default_rng(7)
    with open(f"{folder}/million.f32", "wb") as file:
        file.write(base.tobytes())
        left = 1_000_000 - len(base)
        while left > 0:
            part = base[:left]
            noise = generator.standard_normal(part.shape, dtype=np.float32) * (0.45 / np.sqrt(DIMENSION))
            part = part + noise
            part /= np.linalg.norm(part, axis=1, keepdims=True)
            file.write(part.tobytes())
            left -= len(part)
    import faiss

    for name in ("gloss", "million"):
        index = faiss.IndexFlatIP(DIMENSION)
        index.add(load(folder, name))
        index.search(load(folder, "queries"), 100)[1].astype(np.uint32).tofile(f"{folder}/{name}.truth")


def load(folder, name):
    return np.fromfile(f"{folder}/{name}.f32", np.float32).reshape(-1, DIMENSION)


# MARK: searches


def report(**values):
    print(json.dumps(values), flush=True)
    return values


def trawl(folder, name, results):
    def search(label, index, *options):
        command = [SPEED, "search", index, f"{folder}/queries.f32", "--truth", f"{folder}/{name}.truth"]
        command += ["--vectors", f"{folder}/{name}.f32", *options]
        for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
            results.append(report(system=label, **json.loads(line)))

    for label, structure, format, options in (
        ("trawl exact", "exact", "f32", ["--exact", "--repeats", "2", "--first", "200"]),
        ("trawl exact, batches of 100", "exact", "f32", ["--exact", "--repeats", "2", "--batch", "100"]),
        ("trawl binary", "binary", "f32", ["--rescored", "30", "50", "100", "200", "400", "800"]),
        ("trawl binary on int8", "binary", "int8", ["--rescored", "30", "50", "100", "200", "400", "800"]),
        ("trawl graph", "graph", "f32", ["--rescored", "20", "--widths", *map(str, WIDTHS)]),
    ):
        index = f"{folder}/{name}-{structure}-{format}.trawl"
        if "batches" not in label:
            command = [SPEED, "build", f"{folder}/{name}.f32", index, "--structure", structure, "--format", format]
            built = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            results.append(report(system=label, build=built))
        search(label, index, *options)
    for structure in ("exact", "binary", "graph"):
        for options in ([], ["--drops-pages"]):
            command = [SPEED, "cold", f"{folder}/{name}-{structure}-f32.trawl", f"{folder}/queries.f32", *options]
            start = time.perf_counter()
            parts = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            whole = time.perf_counter() - start
            results.append(report(system=f"trawl {structure}, cold", options=options, process=whole, **parts))
    for structure in ("binary", "graph"):
        for share in (0.001, 0.01, 0.05, 0.1, 0.2, 0.5):
            index = f"{folder}/{name}-{structure}-f32.trawl"
            search(f"trawl {structure}, {share:.1%} allowed", index, "--share", str(share), "--repeats", "2", "--first", "200")


def measure(results, system, queries, base, bars, widths, set_width, search):
    for width in widths:
        set_width(width)
        best = float("inf")
        for _ in range(3):
            start = time.perf_counter()
            found = search(queries)
            best = min(best, time.perf_counter() - start)
        scores = np.einsum("ij,ikj->ik", queries, base[found])
        recall = float((scores >= bars[:, None] - 1e-6).mean())
        results.append(report(system=system, width=width, recall=recall, qps=len(queries) / best))


def hnswlib_peer(base, queries, bars, results):
    import hnswlib

    index = hnswlib.Index("cosine", DIMENSION)
    index.init_index(len(base), M=DEGREES["hnswlib"], ef_construction=200)
    index.set_num_threads(2)
    start = time.perf_counter()
    index.add_items(base)
    results.append(report(system="hnswlib", build={"building": time.perf_counter() - start}))
    index.set_num_threads(1)
    measure(
        results, "hnswlib", queries, base, bars, WIDTHS, index.set_ef, lambda q: index.knn_query(q, K)[0].astype(int)
    )


def faiss_peer(base, queries, bars, results):
    import faiss

    faiss.omp_set_num_threads(2)
    index = faiss.IndexHNSWFlat(DIMENSION, DEGREES["faiss"], faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = 200
    start = time.perf_counter()
    index.add(base)
    results.append(report(system="faiss HNSW", build={"building": time.perf_counter() - start}))
    faiss.omp_set_num_threads(1)

    def set_width(width):
        index.hnsw.efSearch = width

    measure(results, "faiss HNSW", queries, base, bars, WIDTHS, set_width, lambda q: index.search(q, K)[1])
    flat = faiss.IndexFlatIP(DIMENSION)
    flat.add(base)
    some = queries[:200]
    measure(results, "faiss flat, in batches", queries, base, bars, [0], lambda _: None, lambda q: flat.search(q, K)[1])
    measure(
        results, "faiss flat, one by one", some, base, bars[:200], [0], lambda _: None,
        lambda q: np.concatenate([flat.search(x[None], K)[1] for x in q]),
    )


def usearch_peer(base, queries, bars, results):
    from usearch.index import Index

    index = Index(ndim=DIMENSION, metric="ip", dtype="f32", connectivity=DEGREES["usearch"], expansion_add=200)
    start = time.perf_counter()
    index.add(np.arange(len(base)), base, threads=2)
    results.append(report(system="usearch", build={"building": time.perf_counter() - start}))

    def set_width(width):
        index.expansion_search = width

    measure(
        results, "usearch", queries, base, bars, WIDTHS, set_width,
        lambda q: index.search(q, K, threads=1).keys.astype(int),
    )


def run(folder, name, peers):
    results = []
    base, queries = load(folder, name), load(folder, "queries")
    truth = np.fromfile(f"{folder}/{name}.truth", np.uint32).reshape(len(queries), -1)
    bars = np.einsum("ij,ij->i", queries, base[truth[:, K - 1]])
    trawl(folder, name, results)
    for peer in peers:
        {"hnswlib": hnswlib_peer, "faiss": faiss_peer, "usearch": usearch_peer}[peer](base, queries, bars, results)
    with open(f"{folder}/{name}-results.json", "w") as file:
        json.dump(results, file, indent=1)
    for recall in (0.95, 0.99):
        print(f"queries a second at a recall of {recall}:")
        for system in ("trawl graph", "trawl binary", "trawl binary on int8", "hnswlib", "faiss HNSW", "usearch"):
            print(f"  {system:22} {speed_at(results, system, recall) or 0:10.0f}")


# MARK: codes


def codes(folder, name, sizes):
    base, queries = load(folder, name), load(folder, f"{name}-queries")
    truth = np.concatenate([np.argsort(-(part @ base.T), axis=1, kind="stable")[:, :100] for part in np.array_split(queries, 20)])
    truth.astype(np.uint32).tofile(f"{folder}/{name}.truth")
    print("| vectors | codes | bits | built, s | bytes a vector | R@10 after 100 | 200 | 500 | queries a second, 500 compared |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for bits in (None, *sizes):
        index = f"{folder}/{name}-codes.trawl"
        command = [SPEED, "build", f"{folder}/{name}.f32", index, "--structure", "binary"]
        command += ["--code-bits", str(bits)] if bits else []
        built = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        command = [SPEED, "search", index, f"{folder}/{name}-queries.f32", "--truth", f"{folder}/{name}.truth"]
        command += ["--vectors", f"{folder}/{name}.f32", "--rescored", "100", "200", "500"]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        found = [json.loads(line) for line in lines]
        size = (built["bytes"] - built["raw"]) / len(base)
        recalls = " | ".join(f"{f['recall']:.4f}" for f in found)
        kind = ("learned", bits) if bits else ("rotated", DIMENSION)
        print(f"| {name} | {kind[0]} | {kind[1]} | {built['building']:.2f} | {size:.0f} | {recalls} | {found[-1]['qps']:.0f} |", flush=True)


def speed_at(results, system, recall):
    """Interpolated between the two nearest widths, in the logarithm of the speed."""
    points = sorted((r["recall"], r["qps"]) for r in results if r["system"] == system and "recall" in r)
    for (r0, q0), (r1, q1) in zip(points, points[1:]):
        if r0 <= recall <= r1 and r1 > r0:
            share = (recall - r0) / (r1 - r0)
            return float(np.exp((1 - share) * np.log(q0) + share * np.log(q1)))
    faster = [q for r, q in points if r >= recall]
    return max(faster) if faster else None


# MARK: plot


def plot(folder, name, path):
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    matplotlib.rcParams["svg.hashsalt"] = "trawl"
    with open(f"{folder}/{name}-results.json") as file:
        results = json.load(file)
    figure, axes = plt.subplots(figsize=(7, 4.5))
    for system in ("trawl graph", "trawl binary", "trawl binary on int8", "hnswlib", "faiss HNSW", "usearch"):
        points = sorted((r["recall"], r["qps"]) for r in results if r["system"] == system and "recall" in r)
        # Only what nothing of the same system beats.
        front = [p for p in points if not any(q[0] >= p[0] and q[1] > p[1] for q in points)]
        if front:
            axes.plot(*zip(*front), marker="o", markersize=3, label=system)
    axes.set_yscale("log")
    axes.set_xlim(0.85, 1.002)
    axes.set_xlabel("recall at 10")
    axes.set_ylabel("queries a second, one thread")
    axes.set_title({"gloss": "117,659 glosses", "million": "1,000,000 vectors"}[name] + ", 384 dimensions")
    axes.grid(True, which="both", alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("data").add_argument("folder")
    runner = verbs.add_parser("run")
    runner.add_argument("folder")
    runner.add_argument("name", choices=["gloss", "million"])
    runner.add_argument("--peers", nargs="*", default=["hnswlib", "faiss", "usearch"])
    coder = verbs.add_parser("codes")
    coder.add_argument("folder")
    coder.add_argument("name")
    coder.add_argument("--bits", default="64,96,128,192,256,384")
    plotter = verbs.add_parser("plot")
    plotter.add_argument("folder")
    plotter.add_argument("name", choices=["gloss", "million"])
    plotter.add_argument("path")
    arguments = parser.parse_args()
    if arguments.verb == "data":
        make_data(arguments.folder)
    elif arguments.verb == "run":
        run(arguments.folder, arguments.name, arguments.peers)
    elif arguments.verb == "codes":
        codes(arguments.folder, arguments.name, [int(bits) for bits in arguments.bits.split(",")])
    else:
        plot(arguments.folder, arguments.name, arguments.path)

"""Scoring a run of a million lines: Trawl, ranx and pytrec_eval.

    PEERS/bin/python eval/speed/measures/measures.py make FOLDER [QUERIES DEPTH JUDGED]
    PEERS/bin/python eval/speed/measures/measures.py run FOLDER --trawl .build/release/trawl [--rounds 3]

`make` writes a run of 1,000 queries with 1,000 documents each and 100 judgements per query, in the format of TREC.
`run` scores nDCG@10, AP, RR@10 and R@100. Each program is one process per round, and the programs take turns. For the
peers the process measures itself after its imports, so that starting Python does not count; ranx scores a small run
first, so that compiling does not count either. Trawl's time is that of the whole process.
"""
import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time

MEASURES = "nDCG@10 AP RR@10 R@100"


def make(folder, queries, depth, judged):
    rng = random.Random(3)
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/run.trec", "w") as run, open(f"{folder}/qrels.trec", "w") as qrels:
        for query in range(queries):
            documents = rng.sample(range(8_000_000), depth)
            score = rng.uniform(20, 40)
            for rank, document in enumerate(documents, 1):
                score -= rng.expovariate(80)
                run.write(f"{1_000_000 + query} Q0 {document} {rank} {score:.6f} run\n")
            near = set(rng.sample(documents, min(depth, judged // 2)))
            near.update(rng.sample(range(8_000_000), judged - len(near)))
            for document in sorted(near):
                qrels.write(f"{1_000_000 + query} 0 {document} {rng.choice([0, 0, 1, 2, 3])}\n")


def peer_ranx(folder):
    from ranx import Qrels, Run, evaluate
    names = ["ndcg@10", "map", "mrr@10", "recall@100"]
    small = {"q": {"d": 1}}
    evaluate(Qrels(small), Run({"q": {"d": 1.0}}), names)
    start = time.perf_counter()
    qrels = Qrels.from_file(f"{folder}/qrels.trec", kind="trec")
    run = Run.from_file(f"{folder}/run.trec", kind="trec")
    read = time.perf_counter()
    scores = evaluate(qrels, run, names, make_comparable=True)
    end = time.perf_counter()
    return start, read, end, [float(scores[name]) for name in names]


def peer_pytrec_eval(folder):
    import pytrec_eval
    names = ["ndcg_cut_10", "map", "recip_rank", "recall_100"]
    start = time.perf_counter()
    with open(f"{folder}/qrels.trec") as lines:
        qrels = pytrec_eval.parse_qrel(lines)
    with open(f"{folder}/run.trec") as lines:
        run = pytrec_eval.parse_run(lines)
    read = time.perf_counter()
    got = pytrec_eval.RelevanceEvaluator(qrels, names).evaluate(run)
    scores = [sum(row[name] for row in got.values()) / len(got) for name in names]
    return start, read, time.perf_counter(), scores


def peer(name, folder):
    start, read, end, scores = {"ranx": peer_ranx, "pytrec_eval": peer_pytrec_eval}[name](folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"read": read - start, "evaluate": end - read, "all": end - start, "peak": peak, "scores": scores}))


def trawl(binary, folder):
    start = time.perf_counter()
    command = [binary, "eval", "--run", f"{folder}/run.trec", "--qrels", f"{folder}/qrels.trec", "--measures", MEASURES,
               "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    end = time.perf_counter()
    assert status == 0
    return {"all": end - start, "peak": usage.ru_maxrss / 1024, "scores": list(json.loads(output).values())}


def run(folder, binary, rounds):
    rows = {"trawl": [], "ranx": [], "pytrec_eval": []}
    for _ in range(rounds):
        rows["trawl"].append(trawl(binary, folder))
        for name in ("ranx", "pytrec_eval"):
            output = subprocess.run([sys.executable, __file__, "peer", name, folder], check=True, capture_output=True)
            rows[name].append(json.loads(output.stdout.splitlines()[-1]))
    best = {name: {key: min(row[key] for row in found) for key in found[0] if key != "scores"}
            for name, found in rows.items()}
    print("| program | read (s) | evaluate (s) | all (s) | Trawl is faster by | peak (MiB) |")
    print("| ------- | -------: | -----------: | ------: | -----------------: | ---------: |")
    for name, row in best.items():
        cells = [f"{row[key]:.3f}" if key in row else "" for key in ("read", "evaluate")]
        ratio = "" if name == "trawl" else f"{row['all'] / best['trawl']['all']:.1f}"
        print(f"| {name} | {cells[0]} | {cells[1]} | {row['all']:.3f} | {ratio} | {row['peak']:.0f} |")
    for name, found in rows.items():
        print(name, " ".join(f"{score:.6f}" for score in found[0]["scores"]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["make", "run", "peer"])
    parser.add_argument("rest", nargs="+")
    parser.add_argument("--trawl", default=".build/release/trawl")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if options.what == "make":
        make(options.rest[0], *(map(int, options.rest[1:]) if options.rest[1:] else (1000, 1000, 100)))
    elif options.what == "peer":
        peer(*options.rest)
    else:
        run(options.rest[0], options.trawl, options.rounds)

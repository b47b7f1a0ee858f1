"""Golden numbers of ir_measures for Trawl's measures.

    measures.py fixture DIRECTORY            write a synthetic run, qrels and their scores into DIRECTORY
    measures.py real TRAWL RUN QRELS...      compare `TRAWL eval --run RUN --qrels QRELS --json` with ir_measures

Needs ir_measures 0.4.3 (with pytrec_eval-terrier and its own msmarco and judged providers).
"""
import json
import random
import subprocess
import sys

import ir_measures

NAMES = [
    "nDCG", "nDCG@1", "nDCG@5", "nDCG@10", "nDCG@100", "AP", "AP@10", "AP@100", "AP(rel=2)", "AP(rel=2)@100",
    "RR", "RR@3", "RR@10", "RR(rel=2)", "RR(rel=2)@10", "R@5", "R@10", "R@100", "R(rel=2)@100", "P@1", "P@5", "P@10",
    "P(rel=2)@10", "Rprec", "Rprec(rel=2)", "Success@1", "Success@5", "Success(rel=3)@5", "Judged", "Judged@5",
    "Judged@10", "Judged@100", "Bpref", "Bpref(rel=2)",
]


def write_fixture(directory):
    """Thirty queries with every awkwardness at once: tied scores, scores that tie only in 32 bits, grades from -2 to 3,
    unjudged documents, queries without answers, without relevant documents and without judgements."""
    random.seed(7)
    run, qrels = {}, {}
    for number in range(30):
        query = f"q{number}"
        documents = [f"d{n}" for n in range(40)] + ["D1", "é", "zz", "文"]
        if number != 3:
            judged = random.sample(documents, random.randint(1, 25))
            qrels[query] = {d: random.choice([-2, -1, 0, 0, 0, 1, 1, 2, 3]) for d in judged}
            if number == 5:
                qrels[query] = {d: 0 for d in judged}
        if number != 4:
            answers = random.sample(documents, random.randint(1, 30))
            levels = random.randint(2, 12)
            run[query] = {
                d: random.randint(0, levels) / 4 + random.choice([0, 0, 1e-9]) - (1 if number % 2 else 0)
                for d in answers
            }
    with open(f"{directory}/ties.run", "w") as out:
        for query, answers in run.items():
            for rank, (document, score) in enumerate(answers.items()):  # ranks that say nothing, on purpose
                out.write(f"{query} Q0 {document} {rank} {score!r} ties\n")
    with open(f"{directory}/ties.qrels", "w") as out:
        for query, grades in qrels.items():
            for document, grade in grades.items():
                out.write(f"{query} 0 {document} {grade}\n")
    with open(f"{directory}/ties.tsv", "w") as out:
        out.write("query-id\tcorpus-id\tscore\n")
        for query, grades in qrels.items():
            for document, grade in grades.items():
                out.write(f"{query}\t{document}\t{grade}\n")
    measures = [ir_measures.parse_measure(name) for name in NAMES]
    scores = {name: {} for name in NAMES}
    for metric in ir_measures.iter_calc(measures, qrels, run):
        scores[str(metric.measure)][metric.query_id] = metric.value
    means = {str(m): v for m, v in ir_measures.calc_aggregate(measures, qrels, run).items()}
    golden = {
        name: {"mean": means[name], "queries": {q: round(scores[name][q], 12) for q in qrels}} for name in NAMES
    }
    with open(f"{directory}/ties.json", "w") as out:
        json.dump(golden, out, ensure_ascii=False, indent=0)
        out.write("\n")


def read_qrels(path):
    with open(path) as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines][1:]
    return [ir_measures.Qrel(query, document, int(grade)) for query, document, grade in rows]


def compare_real(trawl, run_path, qrels_path):
    """Prints the largest difference of a mean and of a query's score."""
    names = ",".join(NAMES)
    command = trawl.split() + ["eval", "--run", run_path, "--qrels", qrels_path, "--measures", names, "--json", "-q"]
    got = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    measures = [ir_measures.parse_measure(name) for name in NAMES]
    run = list(ir_measures.read_trec_run(run_path))
    qrels = read_qrels(qrels_path)
    means = ir_measures.calc_aggregate(measures, qrels, run)
    worst_mean = max(abs(got[str(m)] - value) for m, value in means.items())
    worst_query = max(
        abs(got["queries"][metric.query_id][str(metric.measure)] - metric.value)
        for metric in ir_measures.iter_calc(measures, qrels, run)
    )
    print(f"{run_path}: {len(NAMES)} measures, {len(got['queries'])} queries, "
          f"largest difference {worst_mean:.1e} (mean), {worst_query:.1e} (query)")
    return max(worst_mean, worst_query) < 1e-6


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "fixture":
        write_fixture(sys.argv[2])
    elif len(sys.argv) > 4 and sys.argv[1] == "real":
        results = [compare_real(sys.argv[2], run, sys.argv[-1]) for run in sys.argv[3:-1]]
        sys.exit(0 if all(results) else 1)
    else:
        sys.exit(__doc__)

"""Trawl's measures against ir_measures and pytrec_eval.

    measures.py golden DIRECTORY               write synthetic runs, qrels and their scores into DIRECTORY
    measures.py random TRAWL [COUNT [SEED]]    compare COUNT (500) random runs
    measures.py real TRAWL QRELS RUN...        compare runs of files

TRAWL is the binary. Needs ir_measures 0.4.3 with pytrec_eval-terrier and cwl-eval, and Perl for gdeval:

    pip install ir_measures==0.4.3 pytrec_eval-terrier==0.5.11 cwl-eval==1.0.12

Scores are compared for every query and for all together. Where the references have no answer, `expect` below says what
is taken for right.
"""
import gzip
import json
import logging
import math
import os
import random
import subprocess
import sys
import tempfile
import warnings

import ir_measures
import pytrec_eval

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

TOLERANCE = 1e-6
# gdeval prints five digits after the point.
GDEVAL_TOLERANCE = 5.1e-6

NAMES = [
    "nDCG", "nDCG@1", "nDCG@5", "nDCG@10", "nDCG@100", "nDCG(judged_only=True)@10", "nDCG(gains={0:1,1:0,2:5,3:9})@10",
    "nDCG(gains={1:0,2:7},judged_only=True)",
    "AP", "AP@10", "AP@100", "AP(rel=2)", "AP(rel=2)@100", "AP(judged_only=True)", "AP(rel=2,judged_only=True)@10",
    "RR", "RR@3", "RR@10", "RR(rel=2)", "RR(rel=2)@10", "RR(judged_only=True)",
    "R@5", "R@10", "R@100", "R(rel=2)@100", "R(judged_only=True)@10",
    "P@1", "P@5", "P@10", "P(rel=2)@10", "P(judged_only=True)@5", "Rprec", "Rprec(rel=2)", "Rprec(judged_only=True)",
    "Success@1", "Success@5", "Success(rel=3)@5", "Success(judged_only=True)@1",
    "Judged", "Judged@5", "Judged@10", "Judged@100", "Bpref", "Bpref(rel=2)", "infAP", "infAP(rel=2)",
    "SetP", "SetP(rel=2)", "SetP(judged_only=True)", "SetP(relative=True)", "SetR", "SetR(rel=2)", "SetF",
    "SetF(beta=0.5)", "SetF(rel=2,beta=2.0)", "SetF(judged_only=True)", "SetAP", "SetAP(rel=2)",
    "SetAP(judged_only=True)", "IPrec@0.0", "IPrec@0.1", "IPrec@0.35", "IPrec@0.5", "IPrec@1.0", "IPrec(rel=2)@0.2",
    "NumQ", "NumRet", "NumRet(rel=1)", "NumRet(rel=2)", "NumRel",
    "RBP(rel=1)", "RBP(rel=2,p=0.95)", "SDCG(max_rel=3)@10", "BPM(max_rel=3)@10", "BPM(T=0.5,min_rel=1,max_rel=2)@20",
    "INST(max_rel=3)", "INST(T=2.5,max_rel=3)", "INSQ(max_rel=3)", "INSQ(T=3.0,min_rel=1,max_rel=3)",
    "NERR8(max_rel=3)@10", "NERR9(max_rel=3)@10", "NERR10(max_rel=3)", "NERR10(p=0.5,max_rel=2)", "NERR11(max_rel=3)",
    "NERR11(T=2.0,max_rel=3)", "Accuracy", "Accuracy(rel=2)@10", "Compat", "Compat(p=0.8)", "Compat(normalize=False)",
]
GDEVAL_NAMES = ["ERR@5", "ERR@20", "nDCG(dcg='exp-log2')@5", "nDCG(dcg='exp-log2')@20"]
# Names of trec_eval, which pytrec_eval computes itself.
TREC_NAMES = [
    "ndcg", "ndcg_cut_10", "map", "map_cut_10", "recip_rank", "Rprec", "bpref", "P_10", "recall_100", "success_10",
    "infAP", "set_P", "set_recall", "set_F", "set_map", "set_relative_P", "iprec_at_recall_0.10", "11pt_avg", "gm_map",
    "gm_bpref", "relative_P_10", "binG", "num_q", "num_ret", "num_rel", "num_rel_ret", "num_nonrel_judged_ret",
]
# Of a judged query that the run does not answer.
LOG_OF_NOTHING = math.log(0.00001)


def separately(names):
    """The measures in groups that ir_measures computes together.

    Some need calls of their own: it may take `NumRet` and `NumQ` from a call to trec_eval that leaves out documents without
    judgement, and the betas of `SetF` for one another."""
    alone = ("gains", "SetF", "NumRet", "NumQ")
    plain = [name for name in names if not any(part in name for part in alone)]
    return [plain] + [[name] for name in names if name not in plain]


def ir_scores(names, qrels, run):
    """{name: {query: score}} and {name: score of all queries}."""
    queries, together = {name: {} for name in names}, {}
    for group in separately(names):
        measures = {str(ir_measures.parse_measure(name)): name for name in group}
        measured = [ir_measures.parse_measure(name) for name in group]
        for metric in ir_measures.iter_calc(measured, qrels, run):
            if metric.query_id in qrels:
                queries[measures[str(metric.measure)]][metric.query_id] = float(metric.value)
    for name in names:
        aggregator = ir_measures.parse_measure(name).aggregator()
        for query in qrels:
            aggregator.add(queries[name].setdefault(query, 0.0))
        together[name] = float(aggregator.result())
    return queries, together


def trec_scores(qrels, run):
    """The same by trec_eval, as its option -c counts: every judged query."""
    evaluator = pytrec_eval.RelevanceEvaluator(qrels, TREC_NAMES)
    got = evaluator.evaluate(run)
    queries, together = {}, {}
    for name in TREC_NAMES:
        nothing = LOG_OF_NOTHING if name.startswith("gm_") else 0.0
        queries[name] = {query: got.get(query, {}).get(name, nothing) for query in qrels}
        values = list(queries[name].values())
        total = sum(values)
        together[name] = (
            total if name.startswith("num_")
            else math.exp(total / len(values)) if name.startswith("gm_") else total / len(values))
    return queries, together


def gdeval_scores(qrels, run):
    """gdeval wants whole numbers for queries and grades up to 4."""
    numbers = {query: str(number) for number, query in enumerate(dict.fromkeys([*qrels, *run]), 1)}
    if max(grade for grades in qrels.values() for grade in grades.values()) > 4:
        return {}, {}
    renamed = lambda table: {numbers[query]: documents for query, documents in table.items()}
    queries, _ = ir_scores(GDEVAL_NAMES, renamed(qrels), renamed(run))
    back = {number: query for query, number in numbers.items()}
    queries = {name: {back[number]: score for number, score in scores.items()} for name, scores in queries.items()}
    return queries, {name: sum(scores.values()) / len(scores) for name, scores in queries.items()}


def expect(name, score):
    """Where a reference divides 0 by 0, nothing was found: 0."""
    return 0.0 if math.isnan(score) else score


def without_accuracy_of_everything(qrels, run):
    """`Accuracy` of ir_measures divides by zero when every document that it looks at is relevant."""
    for query, answers in run.items():
        grades = qrels.get(query)
        for name in ("Accuracy", "Accuracy(rel=2)@10") if grades else ():
            level, depth = (2, 10) if "rel" in name else (1, len(answers))
            ranked = sorted(answers.items(), key=lambda item: -item[1])[:depth]
            if all(grades.get(document, 0) >= level for document, _ in ranked):
                return False
    return True


def trawl_scores(trawl, names, qrels_path, run_path):
    command = [trawl, "eval", "--run", run_path, "--qrels", qrels_path, "--measures", " ".join(names), "--json", "-q"]
    got = subprocess.run(command, capture_output=True, text=True)
    if got.returncode:
        raise SystemExit(f"{run_path}: {got.stderr}")
    table = json.loads(got.stdout)
    queries = table.pop("queries")
    shown = list(table)
    assert len(shown) == len(names), (shown, names)
    return (
        {name: {query: scores[label] for query, scores in queries.items()} for name, label in zip(names, shown)},
        {name: table[label] for name, label in zip(names, shown)})


def differences(trawl, qrels, run, qrels_path, run_path):
    """[(difference, name, query or None, ours, theirs)], the largest first; gdeval's in units of its rounding."""
    names = [name for name in NAMES if not name.startswith("Accuracy") or without_accuracy_of_everything(qrels, run)]
    found = []
    parts = [(names, ir_scores(names, qrels, run)), (TREC_NAMES, trec_scores(qrels, run))]
    gdeval = gdeval_scores(qrels, run)
    if gdeval[0]:
        parts.append((GDEVAL_NAMES, gdeval))
    for names, (queries, together) in parts:
        own_queries, own_together = trawl_scores(trawl, names, qrels_path, run_path)
        slack = GDEVAL_TOLERANCE / TOLERANCE if names is GDEVAL_NAMES else 1
        for name in names:
            hasNaN = any(math.isnan(score) for score in queries[name].values())
            if not hasNaN:
                gap = abs(own_together[name] - together[name]) / max(1, abs(together[name]))
                found.append((gap / slack, name, None, own_together[name], together[name]))
            for query in qrels:
                ours, theirs = own_queries[name][query], expect(name, queries[name][query])
                found.append((abs(ours - theirs) / slack, name, query, ours, theirs))
    return sorted(found, reverse=True, key=lambda row: row[0])


def report(label, found, counts):
    worst = found[0]
    where = f"{worst[1]} of {worst[2] or 'all queries'}: {worst[3]} and {worst[4]}" if worst[0] > TOLERANCE else ""
    counts["scores"] += len(found)
    exact = [row[0] for row in found if row[1] not in GDEVAL_NAMES]
    counts["worst"] = max(counts["worst"], max(exact))
    if where:
        counts["failed"] += 1
        print(f"{label}: {worst[0]:.1e} {where}")
    return max(exact)


# Random runs

DOCUMENTS = [f"d{n}" for n in range(60)] + ["D1", "é", "zz", "文", "d-1", "Ω", "a%20b", "0", "00"]


def random_score(rng, style):
    match style:
        case "levels": return rng.randint(-3, 6) / 4
        # Scores that differ in 64 bits and tie in 32.
        case "close": return rng.randint(0, 6) / 4 + rng.choice([0, 1e-9, 2e-9])
        case "huge": return rng.choice([1, -1]) * 10.0 ** rng.randint(-300, 300)
        case "float": return rng.gauss(0, 10)
        case "equal": return 1.0
        case "infinite": return rng.choice([float("inf"), float("-inf"), rng.random(), 0.0, -0.0])
    raise ValueError(style)


def random_case(rng):
    """A run and its qrels: grades from -2 to 4, documents and queries without judgements, queries without answers or
    without relevant documents, few and many documents, scores in every notation."""
    documents = DOCUMENTS + ([f"x{n}" for n in range(1500)] if rng.random() < 0.1 else [])
    qrels, run = {}, {}
    grades = rng.choice([[0, 1], [0, 0, 0, 1, 2, 3], [-2, -1, 0, 1, 2, 3], [1], [0], [0, 1, 4]])
    style = rng.choice(["levels", "close", "huge", "float", "equal", "infinite", "levels", "close"])
    most = rng.choice([1, 5, 30, len(documents)])
    for number in range(rng.randint(1, 12)):
        query = rng.choice(["q{}", "{}", "query-{}", "ü{}"]).format(number)
        if rng.random() < 0.9:
            judged = rng.sample(documents, rng.randint(1, min(40, len(documents))))
            qrels[query] = {d: rng.choice(grades) for d in judged}
            # trec_eval writes beyond its memory when all grades of a query are negative.
            if max(qrels[query].values()) < 0:
                qrels[query][judged[0]] = 0
        if rng.random() < 0.9:
            run[query] = {d: random_score(rng, style) for d in rng.sample(documents, rng.randint(1, most))}
    if not qrels:
        qrels["q"] = {"d1": 1}
    shared = next(iter(qrels))
    run.setdefault(shared, {"d1": 1.0})
    return qrels, run


def notation(rng, score):
    """Ways to write the same number."""
    if math.isinf(score):
        return rng.choice(["inf", "Infinity", "INF"] if score > 0 else ["-inf", "-Infinity"])
    return rng.choice([repr(score), f"{score:.17e}", f"{score:.17E}", f"{score:+.17e}", repr(score)])


def write_case(rng, folder, qrels, run):
    """Files as people have them: tabs or blanks, Windows lines, a byte order mark, compression, lines out of order."""
    end = rng.choice(["\n", "\n", "\r\n"])
    mark = rng.choice(["", "", "\ufeff"])
    gap = rng.choice([" ", "\t", "  ", " \t"])
    lines = [
        gap.join([query, "Q0", document, str(rng.randint(0, 9)), notation(rng, score), "tag"])
        for query, documents in run.items() for document, score in documents.items()]
    blank = rng.random() < 0.2
    text = mark + end.join(lines) + (end if rng.random() < 0.8 else "")
    if blank:
        text = text.replace(end, end + " " + end, 3)
    run_path = write(folder, "run", text, rng.random() < 0.2)
    kind = rng.choice(["trec", "beir", "plain", "json"])
    if kind == "json":
        return write(folder, "qrels", json.dumps(qrels), False), run_path
    gap = rng.choice([" ", "\t"])
    rows = [[query, *(["0"] if kind == "trec" else []), document, str(grade)]
            for query, grades in qrels.items() for document, grade in grades.items()]
    if kind == "beir":
        rows.insert(0, ["query-id", "corpus-id", "score"])
    return write(folder, "qrels", mark + "".join(gap.join(row) + end for row in rows), rng.random() < 0.2), run_path


def write(folder, name, text, isCompressed):
    path = os.path.join(folder, name + (".gz" if isCompressed else ""))
    data = text.encode()
    with open(path, "wb") as out:
        out.write(gzip.compress(data) if isCompressed else data)
    return path


def compare_random(trawl, count=500, seed=1):
    counts = {"scores": 0, "worst": 0.0, "failed": 0}
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        qrels, run = random_case(rng)
        with tempfile.TemporaryDirectory() as folder:
            qrels_path, run_path = write_case(rng, folder, qrels, run)
            report(f"run {number}", differences(trawl, qrels, run, qrels_path, run_path), counts)
    print(f"{count} random runs, {counts['scores']} scores, largest difference {counts['worst']:.1e} "
          f"(without gdeval's, which are rounded), {counts['failed']} runs beyond {TOLERANCE}")
    return counts["failed"] == 0


# Real runs


def read_table(path, value):
    """Rows of columns, as {query: {document: value}}; the header of BEIR is passed over."""
    table = {}
    with open(path) as lines:
        for line in lines:
            row = line.split()
            if len(row) == 6:
                table.setdefault(row[0], {})[row[2]] = float(row[4])
            elif row and row[-1].lstrip("-").isdigit():
                table.setdefault(row[0], {})[row[-2]] = value(row[-1])
    return table


def compare_real(trawl, qrels_path, run_paths):
    qrels = read_table(qrels_path, int)
    counts = {"scores": 0, "worst": 0.0, "failed": 0}
    for path in run_paths:
        run = read_table(path, float)
        worst = report(path, differences(trawl, qrels, run, qrels_path, path), counts)
        lines = sum(len(answers) for answers in run.values())
        print(f"{path}: {len(qrels)} judged queries, {lines} lines, largest difference {worst:.1e}")
    return counts["failed"] == 0


# Golden files


def golden(folder):
    """Runs with every awkwardness at once, small enough to be kept, and what the references say of them."""
    for name, seed in [("ties", 7), ("grades", 11), ("wide", 13)]:
        rng = random.Random(seed)
        qrels, run = golden_case(rng, name)
        with open(f"{folder}/{name}.run", "w") as out:
            for query, answers in run.items():
                for rank, (document, score) in enumerate(answers.items()):  # ranks that say nothing, on purpose
                    out.write(f"{query} Q0 {document} {rank} {score!r} {name}\n")
        with open(f"{folder}/{name}.qrels", "w") as out:
            for query, grades in qrels.items():
                for document, grade in grades.items():
                    out.write(f"{query} 0 {document} {grade}\n")
        with open(f"{folder}/{name}.tsv", "w") as out:
            out.write("query-id\tcorpus-id\tscore\n")
            for query, grades in qrels.items():
                for document, grade in grades.items():
                    out.write(f"{query}\t{document}\t{grade}\n")
        names = [n for n in NAMES if not n.startswith("Accuracy") or without_accuracy_of_everything(qrels, run)]
        table = {}
        for part, (queries, together) in [
            (names, ir_scores(names, qrels, run)), (TREC_NAMES, trec_scores(qrels, run)),
            (GDEVAL_NAMES, gdeval_scores(qrels, run)),
        ]:
            for measure in part:
                scores = [expect(measure, queries[measure][query]) for query in qrels]
                exact = not any(math.isnan(queries[measure][query]) for query in qrels)
                # gdeval's are kept apart: it rounds.
                key = ("gdeval " if part is GDEVAL_NAMES else "") + measure
                table[key] = [round(together[measure], 12) if exact else None] + [round(s, 12) for s in scores]
        with open(f"{folder}/{name}.json", "w") as out:
            rows = ",\n".join(f"{json.dumps(key)}: {json.dumps(row)}" for key, row in table.items())
            out.write("{" + rows + "}\n")


def golden_case(rng, name):
    queries, documents = (12, DOCUMENTS[:40] + DOCUMENTS[60:]) if name != "wide" else (3, [f"d{n}" for n in range(1300)])
    grades = [0, 1, 2, 4] if name == "grades" else [-2, -1, 0, 0, 0, 1, 1, 2, 3]
    qrels, run = {}, {}
    for number in range(queries):
        query = f"q{number}"
        if number != 3:
            judged = rng.sample(documents, rng.randint(1, 25))
            qrels[query] = {d: 0 if number == 5 else rng.choice(grades) for d in judged}
        if number != 4:
            answers = rng.sample(documents, 1150 if name == "wide" else rng.randint(1, 30))
            levels = rng.randint(2, 12) if name != "wide" else 900
            run[query] = {
                d: rng.randint(0, levels) / 4 + rng.choice([0, 0, 1e-9]) - (1 if number % 2 else 0) for d in answers}
    return qrels, run


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if len(arguments) == 2 and arguments[0] == "golden":
        golden(arguments[1])
    elif 2 <= len(arguments) <= 4 and arguments[0] == "random":
        sys.exit(0 if compare_random(arguments[1], *map(int, arguments[2:])) else 1)
    elif len(arguments) > 3 and arguments[0] == "real":
        sys.exit(0 if compare_real(arguments[1], arguments[2], arguments[3:]) else 1)
    else:
        sys.exit(__doc__)

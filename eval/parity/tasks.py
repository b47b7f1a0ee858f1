"""Trawl's evaluation of tasks against mteb, KILT's and DPR's own code.

    tasks.py fixture DIRECTORY [KILT DPR]        write the golden files of Tests/EvaluationTests and Tests/WorkbenchTests
    tasks.py kilt TRAWL KILT [CASES]             random cases through `TRAWL eval kilt` and KILT's scripts
    tasks.py embeddings TRAWL DATA [MODEL]       STS-B, Banking77, StackExchange: the same vectors through both

KILT and DPR are checkouts of github.com/facebookresearch/KILT and DPR. Needs mteb 2.26.24, scikit-learn 1.9.1, rouge 1.0.1.
"""
import json
import os
import random
import subprocess
import sys
import tempfile
import types

import numpy as np


# --- Draws and scores, for the golden files --------------------------------------------------------------------------------

def draws():
    """What NumPy's RandomState and Python's random draw."""
    numbers = list(range(20))
    state = np.random.RandomState(42)
    state.shuffle(numbers)
    again = numbers[:]
    np.random.RandomState(42).shuffle(again)
    state = np.random.RandomState(7)
    python = random.Random(42)
    return {
        "shuffled": [int(n) for n in numbers],
        "shuffledTwice": [int(n) for n in again],
        "uniform": state.random_sample(5).tolist(),
        "integers": state.randint(0, 1000, 10).tolist(),
        "choices": python.choices(range(1000), k=10),
        "sampleOfFew": python.sample(range(50), 12),
        "sampleOfMany": python.sample(range(100_000), 12),
    }


def vectors(count, labels, seed, noise):
    """Vectors in 6 dimensions around a centre for each label, as exact float32."""
    state = np.random.RandomState(seed)
    centres = state.normal(size=(max(labels) + 1, 6))
    return (centres[labels] + noise * state.normal(size=(count, 6))).astype(np.float32)


def scores():
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import v_measure_score
    from mteb.abstasks.classification import AbsTaskClassification
    from mteb.abstasks.pair_classification import AbsTaskPairClassification

    golden = {}
    rng = random.Random(1)
    for name, classes in [("twoClasses", 2), ("fiveClasses", 5)]:
        labels = [n % classes for n in range(60)]
        x = vectors(60, labels, classes, 0.9)
        test_labels = [rng.randrange(classes) for _ in range(40)]
        test = vectors(40, test_labels, classes, 1.1)
        model = LogisticRegression(max_iter=100, random_state=42).fit(x.astype(np.float64), labels)
        predicted = model.predict(test.astype(np.float64)).tolist()
        found = AbsTaskClassification._calculate_scores(None, test_labels, predicted)
        golden[name] = {
            "vectors": x.tolist(), "labels": labels, "test": test.tolist(), "testLabels": test_labels,
            "predicted": predicted, "weights": model.coef_.ravel().tolist(), "intercepts": model.intercept_.tolist(),
            "scores": {k: float(v) for k, v in found.items() if v is not None},
        }

    pairs = []
    for case in range(6):
        count = rng.choice([6, 12, 40])
        values = [rng.randrange(8 if case % 2 else 1000) / 8 for _ in range(count)]
        labels = [1, 0] + [rng.randrange(2) for _ in range(count - 2)]
        task = types.SimpleNamespace(
            _find_best_acc_and_threshold=lambda *a: AbsTaskPairClassification._find_best_acc_and_threshold(None, *a),
            _find_best_f1_and_threshold=lambda *a: AbsTaskPairClassification._find_best_f1_and_threshold(None, *a))
        found = AbsTaskPairClassification._compute_metrics_values(task, values, np.array(labels), True)
        pairs.append({"similarities": values, "labels": labels, "scores": found})
    golden["pairs"] = pairs

    agreements = []
    for case in range(6):
        count = rng.choice([3, 10, 50])
        classes = [rng.randrange(1 if case == 0 else 4) for _ in range(count)]
        clusters = [rng.randrange(1 if case == 1 else 5) for _ in range(count)]
        agreements.append({"classes": classes, "clusters": clusters, "v": v_measure_score(classes, clusters)})
    golden["agreements"] = agreements

    kmeans = []
    for count, classes, batch in [(300, 4, 32), (80, 12, 512), (500, 3, 50)]:
        labels = [n % classes for n in range(count)]
        x = vectors(count, labels, count, 0.5)
        model = MiniBatchKMeans(
            n_clusters=classes, batch_size=batch, init="k-means++", n_init=1, random_state=42)
        kmeans.append({
            "vectors": [[round(float(v), 5) for v in row] for row in x], "batch": batch, "count": classes,
        })
        kmeans[-1]["clusters"] = model.fit_predict(np.array(kmeans[-1]["vectors"])).tolist()
    golden["kMeans"] = kmeans
    return golden


# --- KILT ------------------------------------------------------------------------------------------------------------------

WORDS = ["the", "a", "An", "Cat.", "cat", "dog", "Dog!", "ran", "far", "far.", "1,5", "the-cat", "é", "e\u0301", "U.S."]


def kilt_case(rng, records=8):
    """Gold and guesses with every awkwardness: several outputs, evidence sets, pages twice, blanks, empty answers."""
    def text():
        return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 7)))

    def page(pages):
        page = {"wikipedia_id": str(rng.randrange(pages)) + rng.choice(["", "", "", " "]), "title": "t"}
        if rng.random() < 0.9:
            page["start_paragraph_id"] = rng.randrange(2)
        return page

    gold, guess = [], []
    for number in range(records):
        outputs = []
        for _ in range(rng.randint(1, 4)):
            output = {}
            if rng.random() < 0.8:
                output["answer"] = text()
            if rng.random() < 0.8:
                output["provenance"] = [page(6) for _ in range(rng.randint(0, 3))]
            outputs.append(output)
        if not any("answer" in output for output in outputs):
            outputs[0]["answer"] = text()
        gold.append({"id": f"q{number}", "input": text(), "output": outputs})
        copied = rng.choice([output.get("answer") for output in outputs if "answer" in output])
        guess.append({"id": f"q{number}", "output": [{
            "answer": rng.choice([text(), copied, copied.upper(), copied + ".", " ", "..."]),
            "provenance": [page(8) for _ in range(rng.randint(0, 9))],
        }]})
    rng.shuffle(guess)
    return gold, guess


def kilt_scores(kilt, gold, guess, keys, cutoffs=(1, 2, 5)):
    sys.path.insert(0, kilt)
    from kilt import eval_downstream, eval_retrieval
    gold, guess = eval_downstream.validate_input(gold, guess)
    found = eval_retrieval.compute(gold, guess, list(cutoffs), keys)
    wanted = {k: v for k, v in found.items() if k.split("@")[0] in ("Rprec", "precision", "recall", "success_rate")}
    # The KILT scores take pages, whatever the keys.
    answers = eval_downstream._calculate_metrics(gold, guess)
    wanted.update(answers["downstream"])
    if keys == ["wikipedia_id"]:
        wanted.update(answers["kilt"])
    return wanted


def write_lines(path, records):
    with open(path, "w") as out:
        for record in records:
            out.write(json.dumps(record) + "\n")


def compare_kilt(trawl, kilt, cases):
    worst, compared = 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        for case in range(cases):
            rng = random.Random(case)
            gold, guess = kilt_case(rng, rng.randint(1, 12))
            keys = rng.choice([["wikipedia_id"], ["wikipedia_id"], ["wikipedia_id", "start_paragraph_id"]])
            write_lines(f"{folder}/gold.jsonl", gold)
            write_lines(f"{folder}/guess.jsonl", guess)
            wanted = kilt_scores(kilt, gold, guess, keys)
            got = json.loads(subprocess.run(
                [trawl, "eval", "kilt", f"{folder}/gold.jsonl", "--predictions", f"{folder}/guess.jsonl", "--json",
                 "--rank-keys", ",".join(keys), "--cutoffs", "1,2,5", "--quiet"],
                check=True, capture_output=True, text=True).stdout)["scores"]
            for name, value in wanted.items():
                difference = abs(got[name] - value)
                if difference > 1e-9:
                    print("case", case, keys, name, got[name], value)
                worst, compared = max(worst, difference), compared + 1
    print(f"{cases} cases, {compared} scores, largest difference {worst:.2g}")


# --- Answers ---------------------------------------------------------------------------------------------------------------

def dpr_has_answer(dpr):
    """DPR's function without the packages that it does not need."""
    spacy = types.ModuleType("spacy")
    spacy.load = None
    sys.modules["spacy"] = spacy
    sys.path.insert(0, dpr)
    for name in ["dpr", "dpr.data", "dpr.utils"]:
        package = types.ModuleType(name)
        package.__path__ = [os.path.join(dpr, *name.split("."))]
        sys.modules[name] = package
    data = types.ModuleType("dpr.data.retriever_data")
    data.TableChunk = tuple
    sys.modules["dpr.data.retriever_data"] = data
    from dpr.data.qa_validation import has_answer
    from dpr.utils.tokenizers import SimpleTokenizer
    tokenizer = SimpleTokenizer()
    return lambda answers, text, rule: has_answer(answers, text, tokenizer, rule)


def answer_cases(dpr):
    has_answer = dpr_has_answer(dpr)
    rng = random.Random(5)
    pieces = ["U.S.", "u", "s", "New York", "new", "york", "-", "1,000", "1", ",", "000", "Café", "cafe\u0301", "CAFE",
              "ΟΔΟΣ", "οδος", "don't", "’", "東京", "東", "京", "ﬁ", "fi", "\u00a0", "\u200b", "½", "a\tb", "$5", "€", "_x",
              "naïve", "ß", "SS", "İ", "i"]
    cases = []
    for _ in range(300):
        text = "".join(rng.choice(pieces) + rng.choice([" ", " ", "", "  "]) for _ in range(rng.randint(1, 9)))
        answers = ["".join(rng.choice(pieces) + rng.choice([" ", ""]) for _ in range(rng.randint(1, 2)))
                   for _ in range(rng.randint(1, 2))]
        answers = [a for a in answers if a.strip(" \u00a0\u200b\t")]
        if answers:
            cases.append({"text": text, "answers": answers, "rule": "string",
                          "found": has_answer(answers, text, "string")})
    patterns = [r"\d{4}", r"new\s+york", r"^york", r"York$", r"caf.\b", r"(?:u\.s\.|usa)", r"[", r"\bk", "CAFÉ"]
    for _ in range(100):
        text = rng.choice(["", "x\n"]).join(
            rng.choice(["in 1969", "New  York", "york", "York", "cafés", "Café", "U.S.", "usa\n", "k"]) + " "
            for _ in range(3))
        answers = [rng.choice(patterns)]
        cases.append({"text": text, "answers": answers, "rule": "regex", "found": has_answer(answers, text, "regex")})
    return cases


# --- Embeddings ------------------------------------------------------------------------------------------------------------

class GivenVectors:
    """A model of mteb's that looks its vectors up, in double precision: then both sides compute with the same numbers."""

    def __init__(self, vectors=None, **_):
        self.vectors = vectors
        self.mteb_model_meta = None

    def encode(self, inputs, **_):
        return np.array([self.vectors[text] for batch in inputs for text in batch["text"]])

    def similarity(self, a, b):
        import torch
        a, b = torch.tensor(np.asarray(a)), torch.tensor(np.asarray(b))
        return torch.nn.functional.normalize(a, dim=1) @ torch.nn.functional.normalize(b, dim=1).T

    def similarity_pairwise(self, a, b):
        import torch
        a, b = torch.tensor(np.asarray(a)), torch.tensor(np.asarray(b))
        return torch.nn.functional.cosine_similarity(a, b, dim=1)


def evaluate_mteb(name, dataset, vectors, split="test", **settings):
    """A task of mteb's on our files."""
    import mteb
    task = mteb.get_task(name)
    for key, value in settings.items():
        setattr(task, key, value)
    task.dataset, task.data_loaded = dataset, True
    return task.evaluate(GivenVectors(vectors), split=split, encode_kwargs={})["default"]


def evaluate_trawl(trawl, task, files, vectors):
    run = subprocess.run(
        [trawl, "eval", "embeddings", task, *files, "--vectors", *vectors, "--json", "--quiet"],
        check=True, capture_output=True, text=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def embed(trawl, model, texts, path):
    lines = path + ".jsonl"
    write_lines(lines, [{"text": text} for text in texts])
    subprocess.run(
        [trawl, "embed", lines, "--model", model, "--format", "npy", "--output", path, "--quiet"], check=True)
    matrix = np.load(path)
    return {text: row.astype(np.float64) for text, row in zip(texts, matrix)}


def compare(title, ours, theirs, names):
    for own, other in names.items():
        print(f"| {title} | {other} | {ours[own]:.6f} | {theirs[other]:.6f} | {abs(ours[own] - theirs[other]):.1e} |")


def compare_embeddings(trawl, data, model):
    from datasets import Dataset, DatasetDict
    folder = tempfile.mkdtemp()

    def table(path):
        rows = [line.rstrip("\n").split("\t") for line in open(path)]
        return [dict(zip(rows[0], row)) for row in rows[1:]]

    print("| data | score | Trawl | mteb | difference |")
    print("| ---- | ----- | ----: | ---: | ---------: |")
    pairs = table(f"{data}/stsb/test.tsv")
    texts = [row["sentence1"] for row in pairs] + [row["sentence2"] for row in pairs]
    known = embed(trawl, model, texts, f"{folder}/sts.npy")
    theirs = evaluate_mteb("STSBenchmark", {"test": Dataset.from_list(
        [{"sentence1": r["sentence1"], "sentence2": r["sentence2"], "score": float(r["score"])} for r in pairs])}, known)
    ours = evaluate_trawl(trawl, "sts", [f"{data}/stsb/test.tsv"], [f"{folder}/sts.npy"])[0]["scores"]
    names = [f"{a}_{b}" for a in ["cosine", "manhattan", "euclidean"] for b in ["spearman", "pearson"]]
    compare("STS-B test", ours, theirs, {name: name for name in names})

    labelled = [{"sentence1": r["sentence1"], "sentence2": r["sentence2"], "labels": int(float(r["score"]) >= 4)}
                for r in pairs]
    write_lines(f"{folder}/pairs.jsonl", labelled)
    theirs = evaluate_mteb("SprintDuplicateQuestions", {"test": Dataset.from_list(labelled)}, known)
    ours = evaluate_trawl(trawl, "pairs", [f"{folder}/pairs.jsonl"], [f"{folder}/sts.npy"])[0]["scores"]
    names = ["max_ap", "max_f1", "max_accuracy", "cosine_ap", "dot_ap", "manhattan_f1", "euclidean_accuracy"]
    compare("STS-B test as pairs (score of 4 and more)", ours, theirs, {name: name for name in names})

    sets = {split: table(f"{data}/banking77/{split}.tsv") for split in ["train", "test"]}
    known = {}
    for split, rows in sets.items():
        known.update(embed(trawl, model, [r["text"] for r in rows], f"{folder}/{split}.npy"))
    theirs = evaluate_mteb("Banking77Classification", DatasetDict(
        {split: Dataset.from_list(rows) for split, rows in sets.items()}), known)
    ours = evaluate_trawl(
        trawl, "classification", [f"{data}/banking77/{s}.tsv" for s in sets], [f"{folder}/{s}.npy" for s in sets])[0]
    compare("Banking77", ours["scores"], theirs, {n: n for n in ["accuracy", "f1", "f1_weighted", "precision", "recall"]})
    their_runs = [run["accuracy"] for run in theirs["scores_per_experiment"]]
    print("Banking77, accuracy of the experiments: equal", np.sum(np.abs(np.subtract(
        ours["experiments"], their_runs)) < 1e-12), "of", len(their_runs), "largest difference",
        np.max(np.abs(np.subtract(ours["experiments"], their_runs))))

    rows = []
    for line in open(f"{data}/stackexchange/queries.jsonl"):
        query = json.loads(line)
        rows.append({"sentences": query["text"], "labels": query["metadata"]["site"]})
    write_lines(f"{folder}/sites.jsonl", rows)
    banking = [{"sentences": r["text"], "labels": r["label"]} for r in sets["test"]]
    write_lines(f"{folder}/banking.jsonl", banking)
    known.update(embed(trawl, model, [r["sentences"] for r in rows], f"{folder}/sites.npy"))
    for title, name, data_rows, matrix in [
        ("StackExchange, 6 sites", "sites", rows, "sites.npy"), ("Banking77 test, 77 intents", "banking", banking, "test.npy"),
    ]:
        theirs = evaluate_mteb(
            "TwentyNewsgroupsClustering.v2", {"test": Dataset.from_list(data_rows)}, known,
            max_document_to_embed=None, max_fraction_of_documents_to_embed=None)
        ours = evaluate_trawl(trawl, "clustering", [f"{folder}/{name}.jsonl"], [f"{folder}/{matrix}"])[0]
        compare(title, ours["scores"], theirs, {n: n for n in ["v_measure", "v_measure_std"]})
        print(title, "V-measures", [f"{v:.6f}" for v in ours["experiments"]])
        print(title, "of mteb   ", [f"{v:.6f}" for v in theirs["v_measures"]["Level 0"]])

    # Reranking: each question of StackExchange, its judged documents against others.
    lists = reranking_lists(f"{data}/stackexchange")
    write_lines(f"{folder}/lists.jsonl", lists)
    texts = [text for l in lists for text in [l["query"]] + l["positive"] + l["negative"]]
    known = embed(trawl, model, texts, f"{folder}/lists.npy")
    ours = evaluate_trawl(trawl, "reranking", [f"{folder}/lists.jsonl"], [f"{folder}/lists.npy"])[0]["scores"]
    compare("StackExchange, lists of 11", ours, rerank_mteb(lists, known), {"map": "map_at_1000", "mrr": "mrr_at_1000"})


def reranking_lists(folder, count=300):
    corpus = {}
    for line in open(f"{folder}/corpus.jsonl"):
        document = json.loads(line)
        corpus[document["_id"]] = document["text"][:300]
    queries = {q["_id"]: q["text"][:300] for q in map(json.loads, open(f"{folder}/queries.jsonl"))}
    judged = {}
    for name in os.listdir(f"{folder}/qrels"):
        for line in list(open(f"{folder}/qrels/{name}"))[1:]:
            query, document, grade = line.rstrip("\n").split("\t")
            if int(grade) > 0 and document in corpus and query in queries:
                judged.setdefault(query, []).append(corpus[document])
    rng = random.Random(3)
    lists, used = [], set()
    for query in sorted(judged):
        positives = sorted(set(judged[query]))
        negatives = [t for t in rng.sample(sorted(corpus.values()), 10) if t not in positives]
        if queries[query] in used:
            continue
        used.add(queries[query])
        lists.append({"query": queries[query], "positive": positives, "negative": sorted(set(negatives))})
    return lists[:count]


def rerank_mteb(lists, known):
    from datasets import Dataset
    corpus, queries, relevant, ranked = [], [], {}, {}
    for number, entry in enumerate(lists):
        query = f"q{number}"
        queries.append({"id": query, "text": entry["query"]})
        relevant[query], ranked[query] = {}, []
        for side, grade in [("positive", 1), ("negative", 0)]:
            for place, text in enumerate(entry[side]):
                name = f"q{number}-{side[:3]}-{place}"
                corpus.append({"id": name, "title": "", "text": text})
                relevant[query][name] = grade
                ranked[query].append(name)
    data = {"test": {
        "corpus": Dataset.from_list(corpus), "queries": Dataset.from_list(queries), "relevant_docs": relevant,
        "top_ranked": ranked}}
    # mteb strips the texts of documents.
    stripped = {text.strip(): vector for text, vector in known.items()}
    return evaluate_mteb("AskUbuntuDupQuestions", {"default": data}, stripped | known)


def main():
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == "fixture":
        directory = arguments[0]
        tests = f"{directory}/EvaluationTests/Golden"
        with open(f"{tests}/draws.json", "w") as out:
            json.dump(draws(), out)
        bench = f"{directory}/WorkbenchTests/Golden"
        os.makedirs(bench, exist_ok=True)
        with open(f"{bench}/tasks.json", "w") as out:
            json.dump(scores(), out)
        if len(arguments) == 3:
            gold, guess = kilt_case(random.Random(11), 25)
            write_lines(f"{tests}/kilt-gold.jsonl", gold)
            write_lines(f"{tests}/kilt-guess.jsonl", guess)
            wanted = {
                "pages": kilt_scores(arguments[1], gold, guess, ["wikipedia_id"]),
                "paragraphs": kilt_scores(arguments[1], gold, guess, ["wikipedia_id", "start_paragraph_id"]),
            }
            with open(f"{tests}/kilt.json", "w") as out:
                json.dump(wanted, out, indent=1)
            with open(f"{tests}/answers.json", "w") as out:
                json.dump(answer_cases(arguments[2]), out)
    elif command == "kilt":
        compare_kilt(arguments[0], arguments[1], int(arguments[2]) if len(arguments) > 2 else 300)
    elif command == "embeddings":
        compare_embeddings(*arguments[:2], arguments[2] if len(arguments) > 2 else "all-MiniLM-L6-v2")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Measures `trawl classify` beside scikit-learn's LogisticRegression on the same vectors.

    classify.py TRAWL TRAIN TEST [--shots 1,5,10,full] [--draws 10] [--heads auto,kernel,...] [--written 10] [--work DIRECTORY]

TRAIN and TEST are TSV files that begin with the names of their columns, label and text. Texts are embedded once, by
`TRAWL embed` with its default model, and kept in the work directory. A draw takes SHOTS examples of each label at random; the
seeds are 0, 1, 2, ... and the same for every head. Heads choose their settings by the training examples alone. The result is a
table in Markdown: the mean over draws of accuracy and macro F1, with 95% intervals by Student's t over the draws (for full: by
resampling the test texts). With --written each head is measured a second time, with texts that a language model writes for each label
(`--write-examples`), and in how many draws they were kept. Needs numpy, scikit-learn
1.9.1 and scipy.
"""
import argparse
import json
import pathlib
import subprocess
import time

import numpy as np
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score


def rows(path):
    lines = pathlib.Path(path).read_text(encoding="utf-8").split("\n")
    names = lines[0].split("\t")
    cells = [line.split("\t") for line in lines[1:] if line.strip()]
    return [(row[names.index("label")], row[names.index("text")]) for row in cells]


def embedded(trawl, data, path):
    if not path.exists():
        texts = path.with_suffix(".txt")
        texts.write_text("".join(text + "\n" for _, text in data), encoding="utf-8")
        subprocess.run([trawl, "embed", texts, "--format", "npy", "--output", path, "--quiet"], check=True)
    vectors = np.load(path)
    assert len(vectors) == len(data)
    return vectors


def write(data, vectors, places, stem):
    lines = ["label\ttext"] + [f"{data[i][0]}\t{data[i][1]}" for i in places]
    stem.with_suffix(".tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    np.save(stem.with_suffix(".npy"), vectors[places])


def draw(labels, shots, seed):
    if shots is None:
        return np.arange(len(labels))
    random = np.random.default_rng(seed)
    places = [random.permutation(np.flatnonzero(labels == label))[:shots] for label in np.unique(labels)]
    return np.sort(np.concatenate(places))


def trawl_scores(trawl, head, stem, test, extra):
    """Given vectors serve unless there are extra arguments, which need the texts."""
    model = stem.with_suffix(".classifier")
    source = [stem.with_suffix(".tsv")] + ([] if extra else ["--vectors", stem.with_suffix(".npy")])
    start = time.monotonic()
    trained = subprocess.run(
        [trawl, "classify", "train", *source, *extra, "--head", head, "--output", model, "--force", "--json", "--quiet"],
        check=True, capture_output=True)
    seconds = time.monotonic() - start
    test_vectors = [] if extra else ["--vectors", test.with_suffix(".npy")]
    scored = subprocess.run(
        [trawl, "classify", "eval", model, test.with_suffix(".tsv"), *test_vectors, "--json", "--quiet"],
        check=True, capture_output=True)
    report = json.loads(scored.stdout)
    summary = json.loads(trained.stdout)
    chosen = summary["head"]
    if "writing" in summary:
        chosen = summary["writing"]
    interval = (report["accuracy_low"], report["accuracy_high"])
    return report["accuracy"], report["macro_f1"], report["log_loss"], seconds, chosen, interval


def sklearn_scores(strength, vectors, labels, test, test_labels):
    start = time.monotonic()
    model = LogisticRegression(C=strength, max_iter=1000).fit(vectors, labels)
    seconds = time.monotonic() - start
    guess = model.predict(test)
    probabilities = model.predict_proba(test)
    places = {label: place for place, label in enumerate(model.classes_)}
    loss = -np.log(np.maximum(probabilities[np.arange(len(test)), [places[l] for l in test_labels]], 1e-300)).mean()
    return (accuracy_score(test_labels, guess), f1_score(test_labels, guess, average="macro"), loss, seconds, "", None)


def spread(values):
    if len(values) < 2:
        return 0.0
    return stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trawl")
    parser.add_argument("train")
    parser.add_argument("test")
    parser.add_argument("--shots", default="1,5,10,full")
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--heads", default="auto,centroid,nn,hilbert,step,ridge,kernel,logistic")
    parser.add_argument("--descriptions", help="for the head labels, which is then measured too, with texts embedded again")
    parser.add_argument("--written", type=int, help="texts of each label that a language model writes")
    parser.add_argument("--work", default="classify-work")
    arguments = parser.parse_args()
    work = pathlib.Path(arguments.work)
    work.mkdir(parents=True, exist_ok=True)
    train, test = rows(arguments.train), rows(arguments.test)
    vectors = embedded(arguments.trawl, train, work / "train-all.npy")
    test_vectors = embedded(arguments.trawl, test, work / "test-all.npy")
    write(test, test_vectors, np.arange(len(test)), work / "test")
    labels = np.array([label for label, _ in train])
    test_labels = np.array([label for label, _ in test])
    print("| examples a label | head | accuracy | macro F1 | log loss | seconds |")
    print("|---|---|---|---|---|---|")
    for name in arguments.shots.split(","):
        shots = None if name == "full" else int(name)
        draws = 1 if shots is None else arguments.draws
        systems = {f"scikit-learn, C = {c}": [] for c in (1, 10)} | {head: [] for head in arguments.heads.split(",")}
        described = ["--descriptions", arguments.descriptions] if arguments.descriptions else []
        if described:
            systems["labels"] = []
        if arguments.written:
            systems |= {f"{head}, {arguments.written} written": [] for head in arguments.heads.split(",")}
        for seed in range(draws):
            places = draw(labels, shots, seed)
            stem = work / f"draw-{name}-{seed}"
            write(train, vectors, places, stem)
            for system, scores in systems.items():
                if system.startswith("scikit-learn"):
                    strength = float(system.split()[-1])
                    scores.append(sklearn_scores(strength, vectors[places], labels[places], test_vectors, test_labels))
                elif system == "kernel" and len(places) > 5000:
                    continue
                else:
                    head, *writes = system.split(", ")
                    extra = described if head == "labels" else []
                    if writes:
                        extra = extra + ["--write-examples", str(arguments.written), "--precision", "int8"]
                    scores.append(trawl_scores(arguments.trawl, head, stem, work / "test", extra))
        for system, scores in systems.items():
            if not scores:
                continue
            columns = list(zip(*scores))
            accuracy, f1, loss, seconds = (np.array(column, dtype=float) for column in columns[:4])
            if draws > 1:
                shown = f"{accuracy.mean():.4f} ± {spread(accuracy):.4f} | {f1.mean():.4f} ± {spread(f1):.4f}"
            elif columns[5][0]:
                low, high = columns[5][0]
                shown = f"{accuracy[0]:.4f} ({low:.4f} to {high:.4f}) | {f1[0]:.4f}"
            else:
                shown = f"{accuracy[0]:.4f} | {f1[0]:.4f}"
            if " written" in system:
                kept, with_texts, without = (np.mean([w[k] for w in columns[4]]) for k in ("kept", "accuracy_with_texts", "accuracy"))
                system += f" (kept {kept * draws:.0f}; held out {with_texts:.4f} with, {without:.4f} without)"
            if system == "auto":
                counts = {head: columns[4].count(head) for head in dict.fromkeys(columns[4])}
                system += " (" + ", ".join(f"{head} {count}" for head, count in counts.items()) + ")"
            print(f"| {name} | {system} | {shown} | {loss.mean():.4f} | {seconds.mean():.1f} |", flush=True)


if __name__ == "__main__":
    main()

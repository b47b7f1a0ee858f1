"""Joins training collections into one corpus with judged queries, for a generator that shall travel to other text.

    python3 eval/train/join.py DATA/ LEADS/ OUTPUT/ [--leave-out NAME,...] [--pairs N]

DATA holds unpacked collections in BEIR's layout, LEADS the folder that `trawl models pull wikipedia` installs. OUTPUT gets
`corpus.jsonl`, `queries.jsonl`, `train.tsv`, and for the weights of n-grams `dev-NAME.tsv` for each collection. Ids are
prefixed by the collection's name.

A collection of n pairs gives sqrt(n x N) of them at most, so that large ones do not drown small ones. Passages that answer a
left-out query are not read at all, since whole collections are left out. Text under GPL or GFDL is never read.
"""

import argparse
import json
import random
from pathlib import Path

# Collections whose text weights under CC BY-SA may be trained on (README of the data). Left out for their licence: foldoc
# (GFDL), debian-packages (the packages' own, often GPL); for their languages: multilingual-qa, law-multilingual.
COLLECTIONS = (
    "arxiv-physics", "canada-law", "code-python", "fool-me-twice", "medquad", "openstax", "pubmedqa", "recipes", "scitldr",
    "security", "selqa", "squad-v1.1", "stackexchange", "tatqa-finance", "tech-docs", "tldr-commands",
)
# Manual pages under GPL stand from here on in tech-docs.
TECH_DOCS_END = 12_520
LONGEST, SHORTEST_LEAD = 300, 20


def lines(path):
    with open(path) as file:
        for line in file:
            yield json.loads(line)


def judgements(path):
    for line in path.read_text().splitlines()[1:]:
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            yield query, document


def is_free(name, document):
    return name != "tech-docs" or int(document.rsplit("-", 1)[1]) < TECH_DOCS_END


def passages(folder, name):
    for document in lines(folder / "corpus.jsonl"):
        if is_free(name, document["_id"]):
            text = " ".join(document["text"].split()[:LONGEST])
            yield {"_id": f"{name}/{document['_id']}", "title": document.get("title", ""), "text": text}


def leads(folder):
    summaries = json.loads((folder / "summaries_en-us.json").read_text())
    for number, (title, summary) in enumerate(summaries.items()):
        words = summary["extract"].split()[:LONGEST]
        if len(words) >= SHORTEST_LEAD:
            yield {"_id": f"wikipedia/{number}", "title": title, "text": " ".join(words)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("leads", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--leave-out", default="")
    parser.add_argument("--pairs", type=int, default=8000)
    arguments = parser.parse_args()
    left_out = set(filter(None, arguments.leave_out.split(",")))
    unknown = left_out - set(COLLECTIONS)
    if unknown:
        parser.error(f"unknown collections: {', '.join(sorted(unknown))}")
    arguments.output.mkdir(parents=True, exist_ok=True)
    random.seed(1)
    counts = {}
    with (
        open(arguments.output / "corpus.jsonl", "w") as corpus,
        open(arguments.output / "queries.jsonl", "w") as queries,
        open(arguments.output / "train.tsv", "w") as train,
    ):
        train.write("query-id\tcorpus-id\tscore\n")
        for name in COLLECTIONS:
            if name in left_out:
                continue
            folder = arguments.data / name
            texts = {query["_id"]: query["text"] for query in lines(folder / "queries.jsonl")}
            pairs = [pair for pair in judgements(folder / "qrels" / "train.tsv") if is_free(name, pair[1])]
            most = round((len(pairs) * arguments.pairs) ** 0.5)
            chosen = sorted(random.sample(pairs, min(most, len(pairs))))
            held_out = folder / "qrels" / ("test.tsv" if name.startswith("squad") else "dev.tsv")
            dev = [] if name.startswith("squad") else [p for p in judgements(held_out) if is_free(name, p[1])]
            test_passages = {d for _, d in judgements(held_out)} if name.startswith("squad") else set()
            for passage in passages(folder, name):
                if passage["_id"].removeprefix(f"{name}/") not in test_passages:
                    corpus.write(json.dumps(passage) + "\n")
            for query in sorted({query for query, _ in chosen + dev}):
                queries.write(json.dumps({"_id": f"{name}/{query}", "text": texts[query]}) + "\n")
            for query, document in chosen:
                train.write(f"{name}/{query}\t{name}/{document}\t1\n")
            with open(arguments.output / f"dev-{name}.tsv", "w") as file:
                file.write("query-id\tcorpus-id\tscore\n")
                for query, document in dev:
                    file.write(f"{name}/{query}\t{name}/{document}\t1\n")
            counts[name] = (len(pairs), len(chosen))
        for passage in leads(arguments.leads):
            corpus.write(json.dumps(passage) + "\n")
    for name, (have, took) in counts.items():
        print(f"{name}\t{took} of {have} pairs")


if __name__ == "__main__":
    main()

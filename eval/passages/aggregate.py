#!/usr/bin/env python3
"""What a document's score should be where it has several passages: that of the best, or more with others that are good too.

    trawl query INDEX --queries queries.jsonl --passages --json -k 200 --mode dense > hits.jsonl
    eval/passages/aggregate.py hits.jsonl qrels.tsv [--corpus corpus.jsonl --group-by title]

Scores of a query's passages are scaled to 0...1. A document has the best of its passages, plus a weight times the sum of the next five (or times
the mean of the next three). With --group-by, documents of a collection of short passages that share a title (or its beginning up to a
colon, `topic`) count as one document, so that such collections are tests of long documents. Prints precision at 1 and the mean reciprocal rank.
"""

import argparse
import collections
import json

# A name, how many passages after the best count, and the weight of each.
RULES = [("best", 0, 0.0)]
RULES += [(f"+ {weight} x mean of 3", 3, weight / 3) for weight in (0.1, 0.2, 0.3)]
RULES += [(f"+ {weight} x sum of 5", 5, weight) for weight in (0.02, 0.05, 0.1, 0.15, 0.2)]


def document_score(scores: list[float], others: int, weight: float) -> float:
    ordered = sorted(scores, reverse=True)
    return ordered[0] + weight * sum(ordered[1 : 1 + others])


def groups(corpus: str | None, key: str | None) -> dict[str, str]:
    if not corpus or not key:
        return {}
    found = {}
    with open(corpus) as file:
        for line in file:
            document = json.loads(line)
            title = document.get("title") or document["_id"]
            found[document["_id"]] = title.split(":")[0] if key == "topic" else title
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hits")
    parser.add_argument("qrels", help="tab-separated: query, document, grade")
    parser.add_argument("--corpus")
    parser.add_argument("--group-by", choices=["title", "topic"])
    options = parser.parse_args()
    group = groups(options.corpus, options.group_by)
    relevant = collections.defaultdict(set)
    with open(options.qrels) as file:
        for line in file:
            query, document, grade = line.rstrip("\n").split("\t")[:3]
            if grade.isdigit() and int(grade) > 0:
                relevant[query].add(group.get(document, document))
    passages = collections.defaultdict(list)
    with open(options.hits) as file:
        for line in file:
            hit = json.loads(line)
            passages[hit["query_id"]].append((hit["score"], group.get(hit["document"], hit["document"])))
    queries = [query for query in passages if query in relevant]
    print(f"{len(queries)} queries")
    for name, others, weight in RULES:
        first, reciprocal = 0, 0.0
        for query in queries:
            scores = [score for score, _ in passages[query]]
            low, high = min(scores), max(scores)
            by_document = collections.defaultdict(list)
            for score, document in passages[query]:
                by_document[document].append((score - low) / max(high - low, 1e-9))
            ranked = sorted((-document_score(own, others, weight), document) for document, own in by_document.items())
            ranks = [rank for rank, (_, document) in enumerate(ranked[:10], 1) if document in relevant[query]]
            first += ranks[:1] == [1]
            reciprocal += 1 / ranks[0] if ranks else 0
        print(f"{name:20} P@1 {first / len(queries):.3f}  RR@10 {reciprocal / len(queries):.3f}")


if __name__ == "__main__":
    main()

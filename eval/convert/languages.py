"""Splits the judged queries of a collection by language, and cuts its corpus.

    python3 eval/convert/languages.py COLLECTION DOCUMENTS OUTPUT/

COLLECTION is a folder in BEIR's layout whose queries name their language as metadata (`lang`). OUTPUT gets corpus.jsonl, with at
most DOCUMENTS documents, those that the queries need first and others at even intervals, and for each language LANG.jsonl
with at most 300 queries and LANG.tsv with their judgements (of all parts: nothing was trained on them).
"""

import collections
import glob
import json
import os
import sys

QUERIES = 300


def thinned(items, count):
    """`count` of the items at even intervals, or all of them."""
    return items if len(items) <= count else [items[index * len(items) // count] for index in range(count)]


def main(collection, documents, output):
    relevant = collections.defaultdict(list)
    for path in sorted(glob.glob(f"{collection}/qrels/*.tsv")):
        with open(path) as lines:
            next(lines)
            for line in lines:
                query, document, grade = line.rstrip("\n").split("\t")
                if int(grade) > 0:
                    relevant[query].append(document)
    queries = collections.defaultdict(list)
    with open(f"{collection}/queries.jsonl", encoding="utf-8") as lines:
        for query in map(json.loads, lines):
            if query["_id"] in relevant:
                queries[query["metadata"]["lang"]].append(query)

    os.makedirs(output, exist_ok=True)
    needed = set()
    for language, found in sorted(queries.items()):
        chosen = thinned(found, QUERIES)
        with open(f"{output}/{language}.jsonl", "w", encoding="utf-8") as file:
            for query in chosen:
                file.write(json.dumps({"_id": query["_id"], "text": query["text"]}, ensure_ascii=False) + "\n")
        with open(f"{output}/{language}.tsv", "w") as file:
            file.write("query-id\tcorpus-id\tscore\n")
            for query in chosen:
                for document in relevant[query["_id"]]:
                    needed.add(document)
                    file.write(f"{query['_id']}\t{document}\t1\n")
        print(f"{language}: {len(chosen)} of {len(found)} queries")

    with open(f"{collection}/corpus.jsonl", encoding="utf-8") as file:
        corpus = [(json.loads(line)["_id"], line) for line in file]
    others = thinned([name for name, _ in corpus if name not in needed], max(0, int(documents) - len(needed)))
    kept = needed.union(others)
    with open(f"{output}/corpus.jsonl", "w", encoding="utf-8") as file:
        file.writelines(line for name, line in corpus if name in kept)
    print(f"{len(kept)} of {len(corpus)} documents")


if __name__ == "__main__":
    main(*sys.argv[1:])

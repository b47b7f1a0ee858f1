"""Draws the queries that generative search is measured or its weights are fitted on.

    python3 eval/train/judged.py DATA/ OUTPUT/ unseen | development

DATA holds unpacked collections in BEIR's layout. OUTPUT gets for each collection NAME/queries.jsonl and NAME/qrels.tsv: `unseen`,
at most 200 queries of the eight collections that nothing is trained or fitted on; `development`, at most 100 of twelve others.
"""

import json
import random
import sys
from pathlib import Path

# The parts whose queries are drawn from; collections of few queries give all of them.
UNSEEN = {
    "stackexchange": ("train", "dev"), "tldr-commands": ("dev",), "security": ("dev",), "pubmedqa": ("dev",),
    "canada-law": ("dev",), "cranfield": ("test",), "nfcorpus": ("test",), "scifact": ("test",),
}
DEVELOPMENT = {
    "arxiv-physics": ("dev",), "scitldr": ("dev",), "tatqa-finance": ("dev",), "selqa": ("dev",), "recipes": ("train", "dev"),
    "debian-packages": ("dev",), "foldoc": ("dev",), "openstax": ("dev",), "tech-docs": ("dev",), "medquad": ("dev",),
    "code-python": ("dev",), "fool-me-twice": ("dev",),
}
SETS = {"unseen": (UNSEEN, 200), "development": (DEVELOPMENT, 100)}


def main():
    if len(sys.argv) != 4 or sys.argv[3] not in SETS:
        sys.exit(__doc__)
    data, output = Path(sys.argv[1]), Path(sys.argv[2])
    collections, most = SETS[sys.argv[3]]
    for name, parts in collections.items():
        random.seed(7)
        relevant = {}
        for part in parts:
            for line in (data / name / "qrels" / f"{part}.tsv").read_text().splitlines()[1:]:
                query, document, grade = line.split("\t")
                if int(grade) > 0:
                    relevant.setdefault(query, []).append((document, grade))
        ids = sorted(relevant)
        chosen = sorted(random.sample(ids, min(most, len(ids))))
        texts = {}
        with open(data / name / "queries.jsonl") as lines:
            for line in lines:
                query = json.loads(line)
                texts[query["_id"]] = query["text"]
        (output / name).mkdir(parents=True, exist_ok=True)
        with open(output / name / "queries.jsonl", "w") as file:
            for query in chosen:
                file.write(json.dumps({"_id": query, "text": texts[query]}) + "\n")
        with open(output / name / "qrels.tsv", "w") as file:
            file.write("query-id\tcorpus-id\tscore\n")
            for query in chosen:
                for document, grade in relevant[query]:
                    file.write(f"{query}\t{document}\t{grade}\n")
        print(f"{name}\t{len(chosen)} of {len(ids)} queries")


if __name__ == "__main__":
    main()

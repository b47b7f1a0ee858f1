"""Writes the corpora that the default generator was made on, and those that its weights of n-grams were fitted on.

    python3 eval/convert/generator_corpus.py SQUAD/ LEADS/ OUTPUT/

SQUAD is SQuAD v1.1 in BEIR's layout, LEADS the folder that `trawl models pull wikipedia` installs. OUTPUT gets:

    base.jsonl      the passages of SQuAD's training questions, and leads of Wikipedia articles, cut to 220 words;
                    those of fewer than 20 are left out
    mixed.jsonl     the same text in passages of many lengths: articles take turns to keep their paragraphs, to join them until
                    they have 150 words, and until they have 300
    mixed.tsv       the training judgements of mixed.jsonl
"""

import json
import sys
from pathlib import Path

LONGEST_LEAD, SHORTEST_LEAD = 220, 20
# The words at which joined paragraphs are a passage; 0 joins none.
SIZES = (0, 150, 300)


def judged(squad):
    lines = (squad / "qrels" / "train.tsv").read_text().splitlines()[1:]
    return dict(line.split("\t")[:2] for line in lines)


def paragraphs(squad, wanted):
    with open(squad / "corpus.jsonl") as lines:
        for line in lines:
            document = json.loads(line)
            if document["_id"] in wanted:
                yield {key: document[key] for key in ("_id", "title", "text")}


def leads(folder):
    summaries = json.loads((folder / "summaries_en-us.json").read_text())
    for number, (title, summary) in enumerate(summaries.items()):
        words = summary["extract"].split()[:LONGEST_LEAD]
        if len(words) >= SHORTEST_LEAD:
            yield {"_id": f"wiki-{number}", "title": title, "text": " ".join(words)}


def joined(paragraphs):
    """Passages of many lengths, each with the ids of its paragraphs."""
    sizes = {}
    passage, members = None, []
    for paragraph in paragraphs:
        size = sizes.setdefault(paragraph["title"], SIZES[len(sizes) % len(SIZES)])
        if passage and passage["title"] == paragraph["title"] and len(passage["text"].split()) < size:
            passage["text"] += " " + paragraph["text"]
            members.append(paragraph["_id"])
            continue
        if passage:
            yield passage, members
        passage, members = {**paragraph, "_id": "mixed-" + paragraph["_id"]}, [paragraph["_id"]]
    if passage:
        yield passage, members


def write(path, documents):
    with open(path, "w") as file:
        for document in documents:
            file.write(json.dumps(document) + "\n")


def main(squad, leads_folder, output):
    answers = judged(squad)
    base = list(paragraphs(squad, set(answers.values())))
    others = list(leads(leads_folder))
    mixed = list(joined(base))
    places = {member: passage["_id"] for passage, members in mixed for member in members}
    output.mkdir(parents=True, exist_ok=True)
    write(output / "base.jsonl", base + others)
    write(output / "mixed.jsonl", [passage for passage, _ in mixed] + others)
    with open(output / "mixed.tsv", "w") as file:
        file.write("query-id\tcorpus-id\tscore\n")
        for query, paragraph in answers.items():
            file.write(f"{query}\t{places[paragraph]}\t1\n")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))

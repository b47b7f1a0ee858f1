#!/usr/bin/env python3
"""Makes labelled texts of retrieval collections, for classify.py.

    classify_data.py stackexchange FOLDER OUTPUT    questions, labelled by their site: 6 labels of unequal size
    classify_data.py squad FOLDER OUTPUT            questions of the development set, labelled by their article: 48 labels

Writes OUTPUT/train.tsv and OUTPUT/test.tsv. Of stackexchange every third question is a test; of squad the questions of every
third paragraph, of which each gives two, so that no paragraph is on both sides. FOLDER is in BEIR's layout.
"""
import json
import pathlib
import sys


def labelled(kind, folder, rows):
    seen = {}
    documents = {}
    if kind == "squad":
        with open(folder / "qrels/test.tsv", encoding="utf-8") as lines:
            documents = dict(line.split("\t")[:2] for line in lines)
    for row in rows:
        if kind == "stackexchange":
            # Written as a Python dictionary: {'site': 'ai'}
            label = str(row["metadata"]).split("'site': '")[1].split("'")[0]
            paragraph = row["_id"]
        else:
            paragraph = documents.get(row["_id"])
            if paragraph is None:
                continue
            label = paragraph[len("dev-"):].rsplit("-", 1)[0]
        number = seen.setdefault(paragraph, [len(seen), 0])
        number[1] += 1
        if number[1] <= 2:
            yield label, " ".join(row["text"].split()), number[0] % 3 == 2


def main():
    kind, folder, output = sys.argv[1:]
    folder = pathlib.Path(folder)
    with open(folder / "queries.jsonl", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    output = pathlib.Path(output)
    output.mkdir(parents=True, exist_ok=True)
    files = {name: ["label\ttext"] for name in ("train", "test")}
    for label, text, is_test in labelled(kind, folder, rows):
        files["test" if is_test else "train"].append(f"{label}\t{text}")
    for name, lines in files.items():
        (output / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(output / f"{name}.tsv", len(lines) - 1, "texts", len({line.split(chr(9))[0] for line in lines[1:]}), "labels")


if __name__ == "__main__":
    main()

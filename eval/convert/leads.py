"""Makes a judged collection of English, Spanish or French Wikipedia leads, with the questions that are beside this file.

    python3 eval/convert/leads.py LEADS/ es OUTPUT/

LEADS is the folder of `trawl models pull wikipedia`. leads/LANGUAGE.tsv has a question and the title of the one article that answers it on each
line; the questions were written before anything was searched. OUTPUT gets corpus.jsonl, queries.jsonl and qrels.tsv.
"""

import json
import os
import sys

CODES = {"en": "en-us", "es": "es-es", "fr": "fr-fr"}


def main(leads: str, language: str, output: str) -> None:
    with open(f"{leads}/summaries_{CODES[language]}.json", encoding="utf-8") as file:
        articles = json.load(file)
    with open(f"{os.path.dirname(__file__)}/leads/{language}.tsv", encoding="utf-8") as lines:
        questions = [line.rstrip("\n").split("\t") for line in lines]
    if absent := [title for _, title in questions if title not in articles]:
        sys.exit(f"leads.py: no such articles: {', '.join(absent)}")

    os.makedirs(output, exist_ok=True)
    with open(f"{output}/corpus.jsonl", "w", encoding="utf-8") as file:
        for title, article in articles.items():
            file.write(json.dumps({"_id": title, "title": title, "text": article["extract"]}, ensure_ascii=False) + "\n")
    with (
        open(f"{output}/queries.jsonl", "w", encoding="utf-8") as queries,
        open(f"{output}/qrels.tsv", "w", encoding="utf-8") as judgements,
    ):
        judgements.write("query-id\tcorpus-id\tscore\n")
        for number, (question, title) in enumerate(questions, 1):
            queries.write(json.dumps({"_id": f"{language}{number}", "text": question}, ensure_ascii=False) + "\n")
            judgements.write(f"{language}{number}\t{title}\t1\n")
    print(f"{len(articles)} articles, {len(questions)} questions")


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[2] not in CODES:
        sys.exit(__doc__)
    main(*sys.argv[1:])

"""Makes a judged folder of the Debian Administrator's Handbook, with the questions that are beside this file.

    apt-get download debian-handbook && dpkg -x debian-handbook_*.deb PACKAGE
    python3 eval/convert/handbook.py PACKAGE/usr/share/doc/debian-handbook/html/en-US OUTPUT/

handbook/questions.tsv has a question and the chapter that answers it on each line; the questions were written before anything was
searched. OUTPUT gets queries.tsv and qrels.tsv for an index of the folder en-US: all pages of the chapter are relevant, so that
P@1 is the share of questions whose first hit is of the right chapter.
"""

import os
import re
import sys

PAGE = re.compile(r'<span class="(preface|chapter|appendix|section)"><a href="([^"#]+)')


def chapters(folder: str) -> dict[str, list[str]]:
    """The pages of each chapter, by the table of contents."""
    with open(f"{folder}/index.html", encoding="utf-8") as file:
        entries = PAGE.findall(file.read())
    found: dict[str, list[str]] = {}
    name = ""
    for kind, page in entries:
        if kind != "section":
            name = page.removesuffix(".html")
        pages = found.setdefault(name, [])
        if page not in pages:
            pages.append(page)
    return found


def main(folder: str, output: str) -> None:
    pages = chapters(folder)
    with open(f"{os.path.dirname(__file__)}/handbook/questions.tsv", encoding="utf-8") as lines:
        questions = [line.rstrip("\n").split("\t") for line in lines]
    if absent := {chapter for _, chapter in questions if chapter not in pages}:
        sys.exit(f"handbook.py: no such chapters: {', '.join(sorted(absent))}")
    os.makedirs(output, exist_ok=True)
    with (
        open(f"{output}/queries.tsv", "w", encoding="utf-8") as queries,
        open(f"{output}/qrels.tsv", "w", encoding="utf-8") as judgements,
    ):
        judgements.write("query-id\tcorpus-id\tscore\n")
        for number, (question, chapter) in enumerate(questions, 1):
            queries.write(f"{number}\t{question}\n")
            for page in pages[chapter]:
                judgements.write(f"{number}\t{page}\t1\n")
    print(f"{len(pages)} chapters, {sum(map(len, pages.values()))} pages, {len(questions)} questions")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])

"""Makes a judged folder of a manual, with the questions that manuals/NAME.tsv has.

    apt-get download debian-handbook && dpkg -x debian-handbook_*.deb PACKAGE
    python3 eval/convert/manuals.py debian-handbook PACKAGE/usr/share/doc/debian-handbook/html/en-US OUTPUT/
    apt-get download postgresql-doc-15 && dpkg -x postgresql-doc-15_*.deb PACKAGE
    python3 eval/convert/manuals.py postgresql PACKAGE/usr/share/doc/postgresql-doc-15/html OUTPUT/

NAME.tsv has a question and the chapter that answers it on each line; the questions were written before anything was searched. OUTPUT
gets queries.tsv and qrels.tsv for an index of the folder: all pages of the chapter are relevant, so that P@1 is the share of
questions whose first hit is of the right chapter.
"""

import os
import re
import sys

CHAPTER = re.compile(r'<span class="(?:preface|chapter|appendix|reference)"><a href="([^"#]+)')
UP = re.compile(r'(?:rel="up"|accesskey="u") href="([^"#]+)')


def read(folder: str, page: str) -> str:
    with open(f"{folder}/{page}", encoding="utf-8") as file:
        return file.read()


def chapters(folder: str) -> dict[str, list[str]]:
    """The pages of each chapter, by its entry in the table of contents and the links of pages to the one above."""
    names = dict.fromkeys(CHAPTER.findall(read(folder, "index.html")))
    pages = sorted(page for page in os.listdir(folder) if page.endswith(".html"))
    above = {page: UP.search(read(folder, page)) for page in pages}
    found: dict[str, list[str]] = {page.removesuffix(".html"): [] for page in names}
    for page in pages:
        chapter = page
        while chapter not in names and (link := above.get(chapter)):
            chapter = link[1]
        if chapter in names:
            found[chapter.removesuffix(".html")].append(page)
    return found


def main(manual: str, folder: str, output: str) -> None:
    pages = chapters(folder)
    with open(f"{os.path.dirname(__file__)}/manuals/{manual}.tsv", encoding="utf-8") as lines:
        questions = [line.rstrip("\n").split("\t") for line in lines]
    if absent := {chapter for _, chapter in questions if chapter not in pages}:
        sys.exit(f"manuals.py: no such chapters: {', '.join(sorted(absent))}")
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
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])

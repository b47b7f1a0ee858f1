#!/usr/bin/env python3
"""Damages copies of small indexes and runs every command on them: nothing may crash, hang, or write damage as sound.

    python3 eval/reliability/damage.py --copies 2000 --jobs 2

Indexes are built of made-up text: words alone; several segments with deletions; all methods with the tiny models of Tests.
Each copy is damaged in one way that its number decides (bytes, fields, whole pages, the length of the file). Every command
then runs on a copy of its own, `index --sync` on those of an index of a folder; a server answers searches and takes documents. Counted are

* signals: the program was ended by one, told apart by whether the library of LMDB is in the backtrace;
* hangs: a command took more than --limit seconds;
* odd exits: a code other than 0, 1 and 2;
* laundered: `check` failed, a command that writes succeeded, and `check` passes although documents or hits are not those
  that the command gives on the sound index;
* unnoticed: `check` passes although documents or hits differ;
* wrong repairs: `check --repair` wrote an index that fails its check, has a document that the sound index does not have,
  lacks one that its report does not name, or has an exit code that says otherwise.

The exit code is 1 if there was any but of what is unnoticed. TRAWL_BINARY names another program than that of the release build.
"""

import argparse
import concurrent.futures
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from lmdb_pages import Pages  # noqa: E402

REPOSITORY = Path(__file__).resolve().parents[2]
GOLDEN = REPOSITORY / "Tests"
TRAWL = os.environ.get("TRAWL_BINARY", str(REPOSITORY / ".build/release/trawl"))
WORDS = "moon tide river granite lantern copper meadow violin harbour comet saddle pepper glacier thimble orchid walnut".split()


def text(generator: random.Random, words: int) -> str:
    return " ".join(generator.choice(WORDS) + (str(generator.randrange(40)) if generator.random() < 0.4 else "") for _ in range(words))


def corpus(path: Path, first: int, count: int, words: int) -> None:
    generator = random.Random(first)
    with path.open("w") as file:
        for number in range(first, first + count):
            document = {"_id": f"d{number}", "title": text(generator, 2), "text": text(generator, generator.randrange(3, words))}
            if number % 3 == 0:
                document["metadata"] = {"year": 1990 + number % 30}
            file.write(json.dumps(document) + "\n")


def write_texts(folder: Path) -> None:
    folder.mkdir()
    generator = random.Random(7)
    for number in range(60):
        (folder / f"{number}.txt").write_text(text(generator, generator.randrange(3, 40)) + "\n")


def change_texts(folder: Path) -> None:
    """What a synchronisation finds: a text that changed, one that is gone, and a new one."""
    (folder / "3.txt").write_text("A granite harbour.\n")
    (folder / "4.txt").unlink()
    (folder / "new.txt").write_text("The moon and the tide.\n")


ADD = ["index", "more.jsonl", "--output", "i.trawl", "--add", "--quiet"]


class Run:
    """The outcome of a command."""

    def __init__(self, arguments: list[str], folder: Path, limit: float, backtrace: bool = False):
        environment = dict(os.environ, SWIFT_BACKTRACE=f"enable={'yes' if backtrace else 'no'},color=no", NO_COLOR="1")
        self.arguments = arguments
        started = time.monotonic()
        try:
            done = subprocess.run(
                [TRAWL, *arguments], cwd=folder, env=environment, timeout=limit, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.code, self.out, self.errors = done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        except subprocess.TimeoutExpired:
            self.code, self.out, self.errors = None, "", ""
        self.seconds = time.monotonic() - started


class Index:
    """A sound index, and the answers that its damaged copies are compared with."""

    def __init__(self, name: str, folder: Path, modes: list[str], build: list[list[str]], phrases: bool):
        self.name, self.folder, self.modes, self.phrases = name, folder, modes, phrases
        self.synced = (folder / "texts").exists()
        for step in build:
            run = Run(step, folder, 300)
            if run.code != 0:
                sys.exit(f"{name}: {' '.join(step)}: {run.errors}")
        self.path = folder / "i.trawl"
        self.pages = Pages(self.path / "data.mdb")
        if self.synced:
            change_texts(folder / "texts")
        self.documents = documents(self.path, folder)
        self.states: dict[str, object] = {}
        for verb in self.writing() + [None]:
            with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
                copy_index(self.path, Path(scratch))
                for extra in ("more.jsonl", "changed.jsonl"):
                    shutil.copy(folder / extra, scratch)
                if verb is not None:
                    run = Run(verb, Path(scratch), 60)
                    if run.code != 0:
                        sys.exit(f"{name}: {' '.join(verb)}: {run.errors}")
                check = Run(["check", "i.trawl", "--quiet"], Path(scratch), 120)
                if check.code != 0:
                    sys.exit(f"{name}: check fails on a sound index after {verb}: {check.out}")
                self.states[str(verb)] = self.state(Path(scratch))

    def reading(self) -> list[list[str]]:
        verbs = [["query", "i.trawl", query, "--mode", mode] for mode in self.modes for query in ("moon tide7", "granite")]
        verbs += [
            ["show", "i.trawl"], ["show", "i.trawl", "d5"], ["ls", "i.trawl"], ["ls"], ["export", "i.trawl"],
            ["query", "i.trawl", "granite", "--where", "year>=2000"],
        ]
        if "dense" in self.modes:
            verbs += [["export", "i.trawl", "--vectors"]]
        if self.phrases:
            verbs += [["count", "i.trawl", "moon"], ["find", "i.trawl", "moon"], ["next", "i.trawl", "moon"]]
        return verbs

    def writing(self) -> list[list[str]]:
        if self.synced:
            return [["compact", "i.trawl", "--quiet"], ["index", str(self.folder / "texts"), "--output", "i.trawl", "--sync", "--quiet"]]
        return [
            ["compact", "i.trawl", "--quiet"], ["rm", "i.trawl", "d7", "d41", "--quiet"], ADD,
            ["index", "changed.jsonl", "--output", "i.trawl", "--replace", "--quiet"],
        ]

    def state(self, folder: Path) -> object:
        """What the index in `folder` gives: its documents and hits."""
        hits = []
        for mode in self.modes:
            for query in ("moon tide7", "granite"):
                run = Run(["query", "i.trawl", query, "--mode", mode, "--json", "-k", "20"], folder, 30)
                hits.append(run.out if run.code in (0, 1) else f"exit {run.code}")
        return documents(folder / "i.trawl", folder), hits


def documents(path: Path, folder: Path) -> dict[str, str] | None:
    run = Run(["export", str(path), "--quiet"], folder, 60)
    if run.code != 0:
        return None
    return {json.loads(line)["id"]: line for line in run.out.splitlines()}


def copy_index(path: Path, folder: Path) -> Path:
    target = folder / "i.trawl"
    target.mkdir(parents=True)
    shutil.copy(path / "data.mdb", target / "data.mdb")
    return target


KINDS = ["meta", "branch", "leaf", "value", "inside", "free-list", "free"]


def damage(index: Index, generator: random.Random) -> tuple[bytes, str]:
    """The bytes of a damaged copy, and what was done to it."""
    pages, size = index.pages, index.pages.size
    data = bytearray(pages.data)
    last = len(data) // size

    def page(*kinds: str) -> int:
        return generator.choice([number for kind in kinds or KINDS for number in pages.kinds[kind]] or [2])

    way = generator.choice([
        "bytes", "bytes", "tree bytes", "tree bytes", "meta bytes", "free list bytes", "word in a header", "word in a header",
        "word in a tree", "zero page", "ones page", "copy page", "swap pages", "truncate at page", "truncate inside", "bits",
    ])
    if way in ("bytes", "tree bytes", "meta bytes", "free list bytes", "bits"):
        kinds = {"tree bytes": ("branch", "leaf"), "meta bytes": ("meta",), "free list bytes": ("free-list",)}.get(way, ())
        number = page(*kinds)
        places = [number * size + generator.randrange(152 if number < 2 else size) for _ in range(generator.choice([1, 1, 1, 4, 32]))]
        for place in places:
            data[place] = data[place] ^ 1 << generator.randrange(8) if way == "bits" else generator.randrange(256)
        return bytes(data), f"{way}: page {number} at {[place % size for place in places][:4]}"
    if way in ("word in a header", "word in a tree"):
        number = page("branch", "leaf", "value", "free-list") if way == "word in a header" else page("branch", "leaf")
        place = number * size + (4 * generator.randrange(8) if way == "word in a header" else 4 * generator.randrange(size // 4))
        value = generator.choice([0, 1, 2, 3, 0xFFFF, 0xFFFFFFFF, 0x7FFFFFFF, 0x10001, generator.randrange(last), generator.randrange(2**32)])
        struct.pack_into("<I", data, place, value)
        return bytes(data), f"{way}: page {number} at {place % size} = {value:#x}"
    if way in ("zero page", "ones page"):
        number = page("branch", "leaf", "value", "inside", "free-list")
        data[number * size : (number + 1) * size] = (b"\0" if way == "zero page" else b"\xff") * size
        return bytes(data), f"{way} {number}"
    if way in ("copy page", "swap pages"):
        one, other = page("branch", "leaf", "value", "free-list"), page("branch", "leaf", "value", "inside", "free-list", "free")
        first, second = data[one * size : (one + 1) * size], data[other * size : (other + 1) * size]
        data[one * size : (one + 1) * size] = second
        if way == "swap pages":
            data[other * size : (other + 1) * size] = first
        elif generator.random() < 0.5:
            struct.pack_into("<Q", data, one * size, one)
        return bytes(data), f"{way} {one} {other}"
    end = generator.randrange(last) * size + (0 if way == "truncate at page" else generator.randrange(1, size))
    return bytes(data[:end]), f"{way} {end} of {len(data)}"


class Copy:
    """What the commands did on one damaged copy."""

    def __init__(self, index: Index, number: int, seed: int, limit: float, scratch: Path):
        self.index, self.number, self.limit = index, number, limit
        self.data, self.way = damage(index, random.Random(seed * 1_000_003 + number))
        self.folder = Path(tempfile.mkdtemp(dir=scratch))
        self.runs = 0
        self.slowest = 0.0
        self.faults: list[tuple[str, str]] = []
        self.outcomes: Counter[str] = Counter()
        try:
            self.try_all()
        finally:
            shutil.rmtree(self.folder)

    def fresh(self, name: str) -> Path:
        folder = self.folder / name
        (folder / "i.trawl").mkdir(parents=True)
        (folder / "i.trawl/data.mdb").write_bytes(self.data)
        for extra in ("more.jsonl", "changed.jsonl"):
            shutil.copy(self.index.folder / extra, folder)
        return folder

    def run(self, arguments: list[str], folder: Path) -> Run:
        run = Run(arguments, folder, self.limit)
        self.runs += 1
        self.slowest = max(self.slowest, run.seconds)
        what = " ".join(arguments)
        if run.code is None:
            self.faults.append(("hang", what))
        elif run.code < 0 or run.code > 128:
            self.faults.append((self.signal(arguments, run), f"{what}: {run.code}: {run.errors[-300:]}"))
        elif run.code not in (0, 1, 2):
            self.faults.append(("odd exit", f"{what}: {run.code}: {run.errors[-300:]}"))
        return run

    def serve(self, folder: Path) -> bool:
        """Asks a server over the copy all that it answers, then adds documents; whether it took them."""
        self.runs += 1
        environment = dict(os.environ, SWIFT_BACKTRACE="enable=no", NO_COLOR="1")
        server = subprocess.Popen(
            [TRAWL, "serve", "i.trawl", "--port", "0"], cwd=folder, env=environment, text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert server.stderr is not None
        base, said = "", []
        for line in server.stderr:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                base = found[0]
                break
        threading.Thread(target=lambda: said.extend(server.stderr), daemon=True).start()
        took = False
        if base:
            questions = [("POST", "/v1/search", json.dumps({"query": query, "mode": mode, "k": 20}))
                         for mode in self.index.modes for query in ("moon tide7", "granite")]
            questions += [("GET", "/v1/indexes/i/documents?limit=5", ""), ("GET", "/v1/indexes", "")]
            if self.index.phrases:
                questions.append(("POST", "/v1/ngrams/count", json.dumps({"phrase": "moon"})))
            for method, path, body in questions:
                self.ask(server, base, method, path, body)
            if not self.index.synced:
                took = self.ask(server, base, "PUT", "/v1/indexes/i/documents", (folder / "more.jsonl").read_text())
            server.send_signal(signal.SIGTERM)
        try:
            code = server.wait(self.limit)
        except subprocess.TimeoutExpired:
            server.kill()
            code = server.wait()
            self.faults.append(("hang", "serve"))
        if code < 0 or code > 128:
            self.faults.append(("signal", f"serve: {code}: {''.join(said)[-300:]}"))
        elif code not in (0, 2):
            self.faults.append(("odd exit", f"serve: {code}: {''.join(said)[-300:]}"))
        return took

    def ask(self, server: "subprocess.Popen[str]", base: str, method: str, path: str, body: str) -> bool:
        """Whether the server did it. An error with a status is an answer; no answer from a server that runs is a fault."""
        request = urllib.request.Request(base + path, data=body.encode() or None, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self.limit) as answer:
                json.loads(answer.read() or b"null")
                return True
        except urllib.error.HTTPError:
            return False
        except (OSError, ValueError) as error:
            if server.poll() is None:
                self.faults.append(("hang" if "timed out" in str(error) else "odd exit", f"serve {method} {path}: {error}"))
            return False

    def signal(self, arguments: list[str], run: Run) -> str:
        again = Run(arguments, self.fresh("again"), 60, backtrace=True)
        shutil.rmtree(self.folder / "again")
        return "signal in LMDB" if "liblmdb" in again.errors or "mdb.c" in run.errors else "signal"

    def try_all(self) -> None:
        reading = self.fresh("reading")
        for verb in self.index.reading():
            self.run(verb, reading)
        before = self.run(["check", "i.trawl", "--quiet"], reading)
        sound = self.index.states["None"]
        self.outcomes["check passes" if before.code == 0 else "check fails"] += 1
        if before.code == 0 and self.index.state(reading) != sound:
            self.faults.append(("unnoticed", "check"))
        for verb in self.index.writing():
            folder = self.fresh(verb[0] + verb[-2])
            run = self.run(verb, folder)
            if run.code != 0:
                self.outcomes["refused to write"] += 1
                if before.code == 0 and run.code is not None:
                    self.faults.append(("refused", f"{' '.join(verb)}: {run.errors[-300:]}"))
                continue
            self.outcomes["wrote"] += 1
            after = self.run(["check", "i.trawl", "--quiet"], folder)
            if before.code != 0 and after.code == 0 and self.index.state(folder) != self.index.states[str(verb)]:
                self.faults.append(("laundered", " ".join(verb)))
        folder = self.fresh("served")
        if self.serve(folder):
            self.outcomes["wrote, served"] += 1
            after = self.run(["check", "i.trawl", "--quiet"], folder)
            if before.code != 0 and after.code == 0 and self.index.state(folder) != self.index.states[str(ADD)]:
                self.faults.append(("laundered", "serve"))
        self.repair(before.code == 0)

    def repair(self, is_sound: bool) -> None:
        folder = self.fresh("repair")
        run = self.run(["check", "i.trawl", "--repair", "new.trawl", "--json", "--quiet"], folder)
        if (folder / "i.trawl/data.mdb").read_bytes() != self.data:
            self.faults.append(("wrong repair", "the damaged index was changed"))
        if run.code not in (0, 1):
            self.outcomes["nothing repaired"] += 1
            if is_sound:
                self.faults.append(("wrong repair", f"a sound index: {run.errors[-300:]}"))
            if (folder / "new.trawl").exists():
                self.faults.append(("wrong repair", "a failed repair left an index"))
            return
        report = json.loads(run.out)
        saved = documents(folder / "new.trawl", folder) or {}
        sound = self.index.documents
        self.outcomes["repaired, all" if len(saved) == len(sound) else "repaired, in part"] += 1
        self.outcomes["documents saved"] += len(saved)
        self.outcomes["documents lost"] += len(sound) - len(saved)
        check = self.run(["check", "new.trawl", "--quiet"], folder)
        if check.code != 0:
            self.faults.append(("wrong repair", f"check: {check.out[-300:]}"))
        # An earlier commit, or documents of which it is not known whether they were deleted, are in the report.
        is_other = report["resurrected_segments"] or report["problems"]
        if any(sound.get(name) != line for name, line in saved.items()) and not is_other:
            self.faults.append(("wrong repair", "a document that the index did not have"))
        missing = len(sound) - len([name for name in saved if name in sound])
        if missing > report["lost_documents"] and not is_other:
            self.faults.append(("wrong repair", f"{missing} documents are missing, {report['lost_documents']} reported"))
        if run.code == 0 and (missing or is_other) or run.code == 1 and not (missing or is_other):
            self.faults.append(("wrong repair", f"exit {run.code} with {missing} missing"))


def build_indexes(folder: Path, short: bool) -> list[Index]:
    indexes = []

    def add(name: str, modes: list[str], steps: list[list[str]], phrases: bool = False, count: int = 300, words: int = 40,
            texts: bool = False) -> None:
        home = folder / name
        home.mkdir()
        if texts:
            write_texts(home / "texts")
        corpus(home / "corpus.jsonl", 0, count, words)
        for number in range(4):
            corpus(home / f"part{number}.jsonl", 1000 + 100 * number, 60, words)
        corpus(home / "more.jsonl", 9000, 5, words)
        corpus(home / "changed.jsonl", 20, 5, words)
        (home / "gone.txt").write_text("".join(f"d{number}\n" for number in range(90, 120)))
        indexes.append(Index(name, home, modes, steps, phrases))

    def index(*flags: str) -> list[str]:
        return ["index", "corpus.jsonl", "--output", "i.trawl", "--quiet", *flags]

    def grow(number: int) -> list[str]:
        return ["index", f"part{number}.jsonl", "--output", "i.trawl", "--add", "--quiet"]

    gone = ["rm", "i.trawl", "--ids", "gone.txt", "--quiet"]
    add("words", ["lexical"], [index("--build", "lexical")])
    add("synced", ["lexical"], [["index", "texts", "--output", "i.trawl", "--sync", "--build", "lexical", "--quiet"]], texts=True)
    add("segments", ["lexical"], [index("--build", "lexical"), grow(0), gone, grow(1), ["rm", "i.trawl", "d3", "d1005", "--quiet"]], count=900)
    if short:
        return indexes
    add("many words", ["lexical"], [index("--build", "lexical"), gone], count=6000, words=80)
    embedder = ["--embedder", str(GOLDEN / "EmbeddingsTests/Golden/all-poolings")]
    late = ["--late-model", str(GOLDEN / "EmbeddingsTests/Golden/tiny-colbert")]
    add("vectors", ["dense"], [index("--build", "dense", "--vector-structure", "graph", "--vector-format", "int8", *embedder), gone])
    everything = ["lexical", "dense", "generative", "late"]
    add("all", [*everything, "hybrid"],
        [index("--build", ",".join(everything), "--generator", "minilm-generator", *embedder, *late), gone, grow(0)],
        phrases=True, count=120, words=20)
    return indexes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=200, help="how many damaged copies (default: 200)")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (default: 2)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first copy, to repeat one (default: 0)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=10, help="seconds that a command may take (default: 10)")
    parser.add_argument("--short", action="store_true", help="only indexes without models")
    parser.add_argument("--output", type=Path, help="a file for all faults, as JSON lines")
    options = parser.parse_args()
    started = time.monotonic()
    counts: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    runs, slowest = 0, 0.0
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:
        folder = Path(name)
        indexes = build_indexes(folder, options.short)
        print(f"{len(indexes)} indexes built in {time.monotonic() - started:.0f} s", flush=True)
        numbers = range(options.first, options.first + options.copies)
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            work = [pool.submit(Copy, indexes[number % len(indexes)], number, options.seed, options.limit, folder) for number in numbers]
            for future in concurrent.futures.as_completed(work):
                copy = future.result()
                runs += copy.runs
                slowest = max(slowest, copy.slowest)
                outcomes += copy.outcomes
                for kind, what in copy.faults:
                    counts[kind] += 1
                    print(f"copy {copy.number} ({copy.index.name}; {copy.way}): {kind}: {what}", flush=True)
                    if options.output:
                        with options.output.open("a") as file:
                            file.write(json.dumps({"copy": copy.number, "index": copy.index.name, "damage": copy.way, "fault": kind, "what": what}) + "\n")
    print(f"{options.copies} copies, {runs} runs in {time.monotonic() - started:.0f} s; slowest {slowest:.1f} s")
    for kind, count in sorted(outcomes.items()):
        print(f"  {kind}: {count}")
    for kind in ("signal", "signal in LMDB", "hang", "odd exit", "laundered", "unnoticed", "refused", "wrong repair"):
        print(f"{kind}: {counts[kind]}")
    return 1 if any(counts[kind] for kind in counts if kind != "unnoticed") else 0


if __name__ == "__main__":
    sys.exit(main())

"""What the tests on Ray share: a corpus, an index of it, its shards, and one cluster of Ray with two processors.

A plugin of pytest, named in pytest.ini. `make test-cluster` runs the tests in `cluster`.
"""
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

import pytest
from served import REPOSITORY

SHARDS = 3
RECIPE = "corpus:\n  paths: [corpus.jsonl]\nbuild: [lexical]\nlexical: {language: english}\n"


def paragraphs() -> List[Dict[str, str]]:
    """The paragraphs of this project's documents: English of people, some hundreds."""
    found = []
    for path in sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md")]):
        for number, text in enumerate(path.read_text(encoding="utf-8").split("\n\n")):
            if len(text.split()) > 5:
                found.append({"id": f"{path.name}-{number}", "title": path.stem, "text": text})
    assert len(found) > 300
    return found


QUERIES = [
    "how are documents split into passages", "a key that requests must present", "nearest vectors", "models", "n-grams of a corpus",
    "which files are read", "commit", "the tokens that follow a context", "licence of the models", "errors name the path",
    "stop the server", "segments", "language", "zebra crossing",
]


def environment(**more: str) -> Dict[str, str]:
    """That of commands under test, and of Ray's processes: they find the package, and no other cluster."""
    kept = {key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"}
    return {**kept, "PYTHONPATH": str(REPOSITORY / "Sources/python"), **more}


def alive(*words: str) -> List[int]:
    """The processes of this user whose command line has all these words."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            command = (folder / "cmdline").read_bytes() if folder.name.isdigit() else b""
        except OSError:
            continue
        arguments = command.decode("utf-8", "replace").split("\0")
        # Not the process that becomes the server, which has `python -c` before it.
        if "-c" not in arguments[:4] and all(any(word in argument for argument in arguments) for word in words):
            found.append(int(folder.name))
    return found


def worker_of(pid: int) -> Optional[int]:
    """The process of Ray that started a program; None where either is gone."""
    try:
        parent = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        return parent if Path(f"/proc/{parent}/cmdline").read_bytes().startswith(b"ray::") else None
    except OSError:
        return None


def kill(pids: List[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def wait_until(condition: Callable[[], Any], seconds: float = 30) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    return condition()


@pytest.fixture(scope="session")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    lines = [json.dumps(document) for document in paragraphs()]
    (folder / "corpus.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    path = folder / "pages.yaml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def one(binary: str, recipe: Path) -> Path:
    """One index of the whole corpus."""
    path = recipe.parent / "one.trawl"
    subprocess.run([binary, "index", "--recipe", str(recipe), "--output", str(path), "--quiet"], check=True, timeout=60)
    return path


@pytest.fixture(scope="session")
def ray_cluster(binary: str) -> Iterator[None]:
    """Two processors, whatever the machine has."""
    import ray

    from trawl.cluster.connection import connect

    os.environ.update(environment())
    os.environ.pop("RAY_ADDRESS", None)
    connect("local", cpus=2)
    yield
    ray.shutdown()


@pytest.fixture(scope="session")
def manifest(binary: str, recipe: Path, ray_cluster: None) -> Path:
    """The manifest of the shards."""
    from trawl.cluster.build import build

    return build(recipe, SHARDS, recipe.parent / "shards")

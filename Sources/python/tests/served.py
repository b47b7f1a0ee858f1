"""What tests of the server share: the program, a small index, and servers of it.

A plugin of pytest, named in pytest.ini. The program is TRAWL_BINARY or that of the release build. Tests are skipped without
one, and fail without one if TRAWL_TESTS=all, as `make test-python` sets it.
"""
import json
import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional, Sequence

import pytest

from trawl import Client
from trawl._server import LocalServer
from trawl._transport import Transport

REPOSITORY = Path(__file__).resolve().parents[3]
MODEL = "all-MiniLM-L6-v2"

DOCUMENTS = [
    {"id": "moon", "title": "Tides", "text": "The moon pulls the océans.", "year": 1999, "tags": ["sea", "sky"]},
    {"id": "leaf", "title": "Leaves", "text": "Plants turn light and water into sugar.", "year": 2004},
    {"id": "stone", "title": "Granite", "text": "Granite cools slowly under the ground from molten rock.", "year": 2010},
    {"id": "bee", "title": "Bees", "text": "Bees dance to tell others where flowers are.", "year": 2012},
    {"id": "iron", "title": "Rust", "text": "Iron rusts when water and oxygen meet it.", "year": 1987, "tags": ["metal"]},
    {"id": "a/b #c?", "title": "Odd", "text": "An id with a slash, a blank and signs.", "year": 2020},
    {"id": "größe", "title": "Umlaut", "text": "Straße und 🦄: Zeichen außerhalb von ASCII.", "year": 2021},
]


@pytest.fixture(scope="session")
def binary() -> str:
    path = os.environ.get("TRAWL_BINARY") or str(REPOSITORY / ".build/release/trawl")
    if not os.access(path, os.X_OK):
        message = f"there is no program at {path}: swift build -c release, or set TRAWL_BINARY"
        if os.environ.get("TRAWL_TESTS") == "all":
            pytest.fail(message)
        pytest.skip(message)
    os.environ["TRAWL_BINARY"] = path
    return path


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "corpus.jsonl"
    path.write_text("".join(json.dumps(document) + "\n" for document in DOCUMENTS), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def notes(binary: str, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index with words, vectors and n-grams. Do not write to it."""
    path = tmp_path_factory.mktemp("indexes") / "notes.trawl"
    build_index(binary, corpus, path, "lexical,dense,generative")
    return path


@pytest.fixture
def scratch(binary: str, corpus: Path, tmp_path: Path) -> Path:
    """An index of one's own to write to, with words alone."""
    path = tmp_path / "scratch.trawl"
    build_index(binary, corpus, path, "lexical")
    return path


@pytest.fixture(scope="session")
def server(notes: Path) -> Iterator[LocalServer]:
    """A server of `notes` with an API key, models loaded."""
    with serving([str(notes)]) as started:
        yield started


@pytest.fixture(scope="session")
def client(server: LocalServer) -> Iterator[Client]:
    with Client(server.url, server.api_key) as connected:
        yield connected


def build_index(binary: str, corpus: Path, path: Path, parts: str) -> None:
    arguments = [binary, "index", str(corpus), "--output", str(path), "--build", parts, "--quiet"]
    subprocess.run(arguments, check=True, timeout=120)


@contextmanager
def serving(indexes: Sequence[str], options: Sequence[str] = (), *, ready: bool = True) -> Iterator[LocalServer]:
    started = LocalServer(indexes, options=options)
    try:
        if ready:
            started.wait_until_ready()
        yield started
        # A test may fail to see that the server died; nothing may end it but `close`.
        assert started._process is None or started._process.poll() is None, f"the server died: {started.last_words}"
    finally:
        started.close()


def status_of(url: str, path: str = "/health", api_key: Optional[str] = None) -> int:
    transport = Transport(url, api_key, timeout=10, retries=0)
    try:
        transport.json("GET", path)
        return 200
    except Exception as error:
        return getattr(error, "status", None) or 0
    finally:
        transport.close()

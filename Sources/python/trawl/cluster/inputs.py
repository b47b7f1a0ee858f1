"""What shards are built of: whether one that is there is of the recipe and the files as they are now."""
from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

from ..errors import Error


@dataclass(frozen=True)
class Source:
    """A recipe and the files that it names."""

    path: Path
    text: bytes
    corpus: Tuple[Path, ...]

    @staticmethod
    def read(recipe: "str | os.PathLike[str]") -> Source:
        """Reads a recipe as far as it says where the corpus is; the program reads the rest.

        Raises:
            Error: it cannot be read, or names no files.
        """
        import yaml

        path = Path(recipe).absolute()
        try:
            text = path.read_bytes()
            value = yaml.safe_load(text)
        except OSError as error:
            raise Error(f"{recipe}: {error.strerror}", remedy="name the file of a recipe") from None
        except yaml.YAMLError as error:
            raise Error(f"{recipe} is not YAML: {' '.join(str(error).split())}") from None
        corpus = value.get("corpus") if isinstance(value, dict) else None
        names = corpus.get("paths") if isinstance(corpus, dict) else None
        names = [names] if isinstance(names, str) else names
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise Error(f"{recipe} does not say where the corpus is", remedy="list its files in corpus.paths")
        if "-" in names:
            raise Error(
                f"{recipe}: the corpus is standard input, which cannot be read once for each shard",
                remedy="write it to a file",
            )
        return Source(path, text, tuple(path.parent / _expanded(name) for name in names))

    def state(self, shards: int, version: str) -> str:
        """A digest of all that decides what the shards contain: the recipe, the files with their sizes and times, the number
        of shards and the version of the program.

        Raises:
            Error: a file of the corpus is missing.
        """
        digest = hashlib.sha256(self.text)
        digest.update(f"\0{shards}\0{version}\0".encode())
        for path in self.corpus:
            if not path.exists():
                raise Error(f"{path}: there is no such file", remedy="correct corpus.paths of the recipe")
            for file in _files(path):
                found = file.stat()
                digest.update(f"{file}\0{found.st_size}\0{found.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()


class Record:
    """A file beside an index that says what the index was built of, and how it looked then."""

    def __init__(self, index: Path) -> None:
        self._index = index
        self._path = index.with_name(index.name + ".built.json")

    def is_of(self, state: str) -> bool:
        """Whether the index is there, was built of this state, and has not been changed."""
        try:
            value: Dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
            return value == self._value(state)
        except (OSError, ValueError):
            return False

    def write(self, state: str) -> None:
        draft = self._path.with_name(self._path.name + ".draft")
        draft.write_text(json.dumps(self._value(state)) + "\n", encoding="utf-8")
        draft.replace(self._path)

    def _value(self, state: str) -> Dict[str, Any]:
        found = (self._index / "data.mdb").stat()
        return {"built_of": state, "bytes": found.st_size, "changed": found.st_mtime_ns}


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    names: List[str] = []
    for folder, _, found in os.walk(path):
        names += [os.path.join(folder, name) for name in found]
    yield from (Path(name) for name in sorted(names) if os.path.isfile(name))


def _expanded(name: str) -> Path:
    home = os.environ.get("TRAWL_HOME") or "~/.cache/trawl"
    return Path(name.replace("${TRAWL_HOME}", home)).expanduser()

"""Manifests of shards: files that ``trawl shards manifest`` writes."""
from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

from ..errors import Error

ENDING = ".shards.json"


@dataclass(frozen=True)
class Shard:
    """A shard as a manifest lists it."""

    number: int
    path: str
    digest: str

    @property
    def build(self) -> str:
        """What tells this build of this shard from all others. A replica serves its index under this name, so that a question
        that reaches another process at an old address is refused there."""
        return f"{self.number}-{self.digest[:16]}"


class Manifest:
    """The shards of one corpus, and the text of a file with the addresses of those who serve them."""

    def __init__(self, value: Dict[str, Any], shards: Sequence[Shard]) -> None:
        self._value = value
        self.shards: List[Shard] = sorted(shards, key=lambda shard: shard.number)

    @staticmethod
    def read(path: "str | os.PathLike[str]", binary: str) -> Manifest:
        """Reads a file.

        Raises:
            Error: it is not a manifest of all shards, as the program says.
        """
        lines = run([binary, "shards", "list", os.fspath(path), "--json"]).splitlines()
        shards = [Shard(item["number"], item["path"], item["digest"]) for item in map(json.loads, lines)]
        value: Dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        return Manifest(value, shards)

    @staticmethod
    def write(shards: Sequence["str | os.PathLike[str]"], path: "str | os.PathLike[str]", binary: str) -> None:
        """Writes the manifest of shards as a file, in one step.

        Raises:
            Error: the shards are not all of one corpus, as the program says.
        """
        run([binary, "shards", "manifest", *(os.fspath(shard) for shard in shards), "--output", os.fspath(path), "--quiet"])

    def text(self, replicas: Mapping[int, Sequence[str]]) -> str:
        """A file with these addresses for each shard, which may be in any folder."""
        paths = {shard.number: shard.path for shard in self.shards}
        shards = [
            {**item, "path": paths[item["number"]], "replicas": list(replicas[item["number"]])}
            for item in self._value["shards"]
        ]
        return json.dumps({**self._value, "shards": shards}, indent=1, ensure_ascii=False) + "\n"


def name_of(path: "str | os.PathLike[str]") -> str:
    """The name of a manifest: that of its file, without the ending."""
    name = Path(path).name
    return name[: -len(ENDING)] if name.endswith(ENDING) else name


def run(arguments: Sequence[str]) -> str:
    """What a program writes to standard output.

    Raises:
        Error: it failed, with what it said.
    """
    try:
        done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace")
    except OSError as error:
        raise Error(f"'{arguments[0]}' could not be started: {error}") from None
    if done.returncode != 0:
        raise Error(said(done.stderr) or f"'{' '.join(arguments[:3])}' failed with exit code {done.returncode}")
    return done.stdout


def said(text: str) -> str:
    """The words of the program about an error, as one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "; ".join(line[len("trawl: ") :] if line.startswith("trawl: ") else line for line in lines)

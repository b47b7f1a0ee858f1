"""Where the program ``trawl`` is."""
from __future__ import annotations

import os
from pathlib import Path
from typing import Iterator, Optional

from .errors import Error

# In the console script of this package, which may be the first `trawl` on PATH.
_CONSOLE_SCRIPT = b"trawl._command"


def find_binary() -> str:
    """The path of the program: ``TRAWL_BINARY``, the one in this package, or the first on ``PATH``.

    Raises:
        Error: there is none.
    """
    named = os.environ.get("TRAWL_BINARY")
    if named:
        if not _is_program(Path(named)):
            raise Error(f"TRAWL_BINARY is '{named}', which is not a program")
        return named
    for candidate in _candidates():
        if _is_program(candidate) and not _is_console_script(candidate):
            return str(candidate)
    raise Error(
        "the program 'trawl' was not found",
        remedy="install a package of trawl that has it, set TRAWL_BINARY to its path, or TRAWL_URL to that of a server",
    )


def _candidates() -> Iterator[Path]:
    yield Path(__file__).resolve().parent / "bin" / "trawl"
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if folder:
            yield Path(folder) / "trawl"


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _is_console_script(path: Path) -> bool:
    head: Optional[bytes]
    try:
        with path.open("rb") as file:
            head = file.read(2048)
    except OSError:
        return False
    return head.startswith(b"#!") and _CONSOLE_SCRIPT in head

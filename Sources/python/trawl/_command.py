"""The command ``trawl`` of the Python package: the program itself, with the same arguments."""
from __future__ import annotations

import os
import sys

from ._binary import find_binary
from .errors import Error


def main() -> None:
    try:
        binary = find_binary()
    except Error as error:
        print(f"trawl: {error}", file=sys.stderr)
        sys.exit(2)
    sys.stdout.flush()
    os.execv(binary, ["trawl", *sys.argv[1:]])


if __name__ == "__main__":
    main()

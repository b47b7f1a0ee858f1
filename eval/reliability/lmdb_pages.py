"""The pages of an LMDB file (0.9, 64 bits, little-endian), by what they are used for: where damage is to be done."""

import struct
from pathlib import Path

HEADER = 16
NODE = 8
BRANCH, LEAF, OVERFLOW = 1, 2, 4
NONE = 2**64 - 1


class Pages:
    """Page numbers by kind: meta, branch, leaf, value (first pages of large values), inside (their other pages), free."""

    def __init__(self, path: Path):
        self.data = path.read_bytes()
        self.size = struct.unpack_from("<I", self.data, 40)[0]
        metas = [number * self.size for number in (0, 1)]
        at = max(metas, key=lambda offset: struct.unpack_from("<Q", self.data, offset + 144)[0])
        self.kinds: dict[str, list[int]] = {
            kind: [] for kind in ("meta", "branch", "leaf", "value", "inside", "free-list", "free")
        }
        self.kinds["meta"] = [0, 1]
        self._walk(self._root(at + 88), tables=True)
        self._walk(self._root(at + 40), free=True)

    def _root(self, record: int) -> int:
        return struct.unpack_from("<Q", self.data, record + 40)[0]

    def _walk(self, number: int, tables: bool = False, free: bool = False) -> None:
        if number == NONE:
            return
        start = number * self.size
        flags, lower = struct.unpack_from("<HH", self.data, start + 10)
        self.kinds["free-list" if free else "branch" if flags == BRANCH else "leaf"].append(number)
        for index in range((lower - HEADER) // 2):
            node = start + struct.unpack_from("<H", self.data, start + HEADER + 2 * index)[0]
            low, high, mark, key = struct.unpack_from("<HHHH", self.data, node)
            if flags == BRANCH:
                self._walk(low | high << 16 | mark << 32, tables, free)
                continue
            value = node + NODE + key
            if mark & 1:
                first = struct.unpack_from("<Q", self.data, value)[0]
                count = struct.unpack_from("<I", self.data, first * self.size + 12)[0]
                self.kinds["free-list" if free else "value"].append(first)
                self.kinds["inside"] += range(first + 1, first + count)
                value = first * self.size + HEADER
            if free:
                entries = struct.unpack_from("<Q", self.data, value)[0]
                self.kinds["free"] += struct.unpack_from(f"<{entries}Q", self.data, value + 8)
            elif tables:
                self._walk(self._root(value))

"""Writes Sources/Tokenizers/CanonicalDecompositions.swift and CompatibilityDecompositions.swift.

The decompositions are those that the `tokenizers` package applies, asked scalar by scalar, so that its Unicode version
is ours too. Usage: python tokenizers_unicode.py SOURCES_FOLDER
"""
import sys
import textwrap
from pathlib import Path

from tokenizers import normalizers

NFC, NFD, NFKD = normalizers.NFC(), normalizers.NFD(), normalizers.NFKD()


def table(form, base):
    entries, run = [], None  # run: first scalar, first part, count

    def flush():
        nonlocal run
        if run:
            first, part, count = run
            entries.append(f"{first:X}={part:X}" if count == 1 else f"{first:X}+{count:X}={part:X}")
            run = None

    for code in range(0xA0, 0x30000):
        if 0xD800 <= code < 0xE000 or 0xAC00 <= code < 0xD7A4:
            continue
        char = chr(code)
        parts = form.normalize_str(char)
        if parts == (base.normalize_str(char) if base else char):
            flush()
            continue
        if len(parts) == 1:
            part = ord(parts)
            if run and code == run[0] + run[2] and part == run[1] + run[2]:
                run = (run[0], run[1], run[2] + 1)
            else:
                flush()
                run = (code, part, 1)
            continue
        flush()
        mark = "=" if NFC.normalize_str(char) == char and not base else "!"
        entries.append(f"{code:X}{mark}" + ",".join(f"{ord(p):X}" for p in parts))
    flush()
    return entries


def write(folder, name, title, entries):
    lines = textwrap.wrap(" ".join(entries), 112, break_long_words=False)
    text = f"/// {title}; see `DecompositionTables` for the form. Written by eval/parity/tokenizers_unicode.py.\n"
    text += f"let {name[0].lower() + name[1:]} = \"\"\"\n"
    text += "".join(f"    {line}\n" for line in lines) + '    """\n'
    (Path(folder) / f"{name}.swift").write_text(text)
    print(name, len(entries), "entries", len(lines), "lines")


write(sys.argv[1], "CanonicalDecompositions", "Full canonical decompositions", table(NFD, None))
write(sys.argv[1], "CompatibilityDecompositions",
      "Full compatibility decompositions where they are not the canonical ones", table(NFKD, NFD))

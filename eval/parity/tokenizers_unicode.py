"""Writes CanonicalDecompositions.swift, CompatibilityDecompositions.swift and ReferenceRanges.swift.

The decompositions are those that the `tokenizers` package applies, asked scalar by scalar, so that its Unicode version
is ours too. Usage: python tokenizers_unicode.py SOURCES_FOLDER
"""
import sys

import textwrap
from pathlib import Path

from tokenizers import normalizers, pre_tokenizers

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


def ranges(holds):
    found = []
    for code in range(0x80, 0x110000):
        if 0xD800 <= code < 0xE000 or not holds(chr(code)):
            continue
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return [f"{a:X}" if a == b else f"{a:X}-{b:X}" for a, b in found]


punctuation = pre_tokenizers.BertPreTokenizer()
clean = normalizers.BertNormalizer(True, False, False, False)
strip = normalizers.BertNormalizer(False, False, True, False)
accents = normalizers.StripAccents()
text = ("/// Sets of scalars beyond ASCII as the `tokenizers` package has them, whose Unicode versions are older than the\n"
        "/// standard library's. Written by eval/parity/tokenizers_unicode.py.\nenum ReferenceRanges {\n")
for name, title, holds in [
        ("punctuation", "What BERT's pre-tokenizer takes for punctuation.",
         lambda c: len(punctuation.pre_tokenize_str(f"a{c}b")) == 3),
        ("control", "What BERT's normaliser removes as control characters.",
         lambda c: clean.normalize_str(f"a{c}b") == "ab"),
        ("nonspacing", "What BERT's normaliser strips as accents.", lambda c: strip.normalize_str(c) == ""),
        ("marks", "What StripAccents strips.", lambda c: accents.normalize_str(c) == "")]:
    lines = textwrap.wrap(" ".join(ranges(holds)), 108, break_on_hyphens=False)
    text += f'    /// {title}\n    static let {name} = """\n' + "".join(f"        {line}\n" for line in lines) + '        """\n'
(Path(sys.argv[1]) / "ReferenceRanges.swift").write_text(text + "}\n")

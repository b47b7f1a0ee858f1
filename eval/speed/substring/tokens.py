#!/usr/bin/env python3
"""Makes the text of the substring benchmark: WordPiece tokens of real text, then copies of it with edits.

    tokens.py FOLDER [--tokens 100000000] [--data DIR ...]

Writes FOLDER/tokens.u32: little-endian 32-bit tokens, passages of at most 100 tokens, each ended by [SEP] = 102.
First come the GNU Collaborative International Dictionary and the glosses of WordNet (Debian packages dict-gcide and
dict-wn, fetched with apt-get download), and every corpus.jsonl below the --data folders (BEIR's SciFact and NFCorpus,
SQuAD); FOLDER/real.txt says how many tokens these are. Then the same passages again and again, in shuffled order, a
tenth of their tokens substituted, doubled or left out, until there are --tokens. Needs `tokenizers` and `numpy`.
"""
import argparse, gzip, json, pathlib, re, subprocess
import numpy as np
from tokenizers import Tokenizer

SEP = 102
LENGTH = 100


def dictionary(folder, package, file):
    """The text of a dictd dictionary, whose file is gzip with an index."""
    unpacked = folder / "packages"
    unpacked.mkdir(exist_ok=True)
    path = unpacked / "usr/share/dictd" / file
    if not path.exists():
        subprocess.run(["apt-get", "download", package], cwd=unpacked, check=True, stdout=subprocess.DEVNULL)
        for deb in unpacked.glob(f"{package}_*.deb"):
            subprocess.run(["dpkg", "-x", deb, unpacked], check=True)
    text = gzip.open(path, "rt", encoding="utf-8", errors="replace").read()
    # Entries are set apart by lines that do not begin with white space.
    return [re.sub(r"\s+", " ", entry) for entry in re.split(r"\n(?=\S)", text)]


def documents(folder, data):
    yield from dictionary(folder, "dict-gcide", "gcide.dict.dz")
    yield from dictionary(folder, "dict-wn", "wn.dict.dz")
    for path in sorted(p for d in data for p in pathlib.Path(d).rglob("corpus.jsonl")):
        for line in open(path, encoding="utf-8"):
            record = json.loads(line)
            yield (record.get("title", "") + " " + record.get("text", "")).strip()


def encoded(tokenizer, texts):
    passages, batch = [], []
    for text in texts:
        batch.append(text)
        if len(batch) == 4000:
            passages += [e.ids for e in tokenizer.encode_batch(batch, add_special_tokens=False)]
            batch = []
    passages += [e.ids for e in tokenizer.encode_batch(batch, add_special_tokens=False)]
    for ids in passages:
        for start in range(0, len(ids), LENGTH):
            yield np.array(ids[start:start + LENGTH] + [SEP], dtype=np.uint32)


def edited(rng, passages, unigrams):
    order = rng.permutation(len(passages))
    text = np.concatenate([passages[i] for i in order])
    edit = rng.random(text.size)
    inner = text != SEP
    text = np.where(inner & (edit < 0.04), rng.choice(unigrams, text.size), text)
    copies = np.where(inner & (edit >= 0.04) & (edit < 0.07), 0, np.where(inner & (edit >= 0.07) & (edit < 0.1), 2, 1))
    return np.repeat(text, copies)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--tokens", type=int, default=100_000_000)
    parser.add_argument("--data", nargs="*", default=[])
    parser.add_argument("--tokenizer", default=pathlib.Path.home() / ".cache/trawl/models/all-MiniLM-L6-v2/tokenizer.json")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(str(options.tokenizer))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    passages = list(encoded(tokenizer, documents(options.folder, options.data)))
    text = np.concatenate(passages)
    unigrams = text[text != SEP]
    rng = np.random.default_rng(7)
    with open(options.folder / "tokens.u32", "wb") as out:
        text.tofile(out)
        (options.folder / "real.txt").write_text(f"{text.size}\n")
        written = text.size
        while written < options.tokens:
            more = edited(rng, passages, unigrams)[: options.tokens - written]
            # Whatever is cut off still ends with the boundary.
            more[-1] = SEP
            more.tofile(out)
            written += more.size
    print(f"{text.size} tokens of real text in {len(passages)} passages, {written} in all")


main()

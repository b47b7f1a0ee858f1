"""Texts to measure with, from a folder with BEIR's SciFact: passages, queries, running text.

    tar xzf scifact.tar.gz      # gives SCIFACT/, with corpus.jsonl and queries.jsonl
"""
import itertools
import json

from tokenizers import Tokenizer

SHORTEST, LONGEST = 20, 256


def _lines(path: str):
    with open(path) as lines:
        yield from map(json.loads, lines)


def _cut(text: str, tokenizer: Tokenizer, length: int) -> str:
    """The start of a text: the most words that are at most so many tokens, [CLS] and [SEP] counted."""
    encoding = tokenizer.encode(text)
    if len(encoding) <= length:
        return text
    last = length - 2
    while encoding.word_ids[last] == encoding.word_ids[last + 1]:
        last -= 1
    return text[: encoding.offsets[last][1]]


def passages(folder: str, tokenizer: Tokenizer, count: int) -> list[str]:
    """The starts of SciFact's documents, 20 to 256 tokens long, all lengths about equally often.

    Only 1,502 of the 5,183 documents have at most 256 tokens, and hardly one of those fewer than 100, so whole
    documents would not do. No chance is involved: the same call gives the same passages.
    """
    found = []
    for number, document in enumerate(_lines(folder + "/corpus.jsonl")):
        length = SHORTEST + 97 * number % (LONGEST - SHORTEST + 1)
        passage = _cut(f"{document['title']} {document['text']}".strip(), tokenizer, length)
        if len(tokenizer.encode(passage)) >= SHORTEST:
            found.append(passage)
        if len(found) == count:
            return found
    raise SystemExit(f"{folder} has only {len(found)} passages")


def queries(folder: str, count: int) -> list[str]:
    """The first queries of SciFact, in the order of the file."""
    return [line["text"] for line in itertools.islice(_lines(folder + "/queries.jsonl"), count)]


def text(folder: str, documents: int) -> str:
    """The first documents as one text."""
    return "\n\n".join(line["text"] for line in itertools.islice(_lines(folder + "/corpus.jsonl"), documents))

"""SciFact as constrained_search.py sees it: tokens laid out as Trawl lays them out, under a suffix array."""
import json
import unicodedata

import numpy as np
from tokenizers import Tokenizer

BOUNDARY = 102  # [SEP], with which the generator ends a text
# N-grams longer than this are not told apart; 10 tokens are generated, 3 words of a query seldom have more.
LONGEST = 32


def load_tokenizer(folder: str) -> Tokenizer:
    """The tokenizer of a folder, without the padding and the cut of 128 tokens that its file asks for."""
    tokenizer = Tokenizer.from_file(folder + "/tokenizer.json")
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def clean(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def passages(path: str, tokenizer: Tokenizer) -> tuple[list[str], list[list[int]]]:
    """The names of the documents, and of each the tokens of ` title @@ text` and a boundary."""
    with open(path) as lines:
        documents = [json.loads(line) for line in lines]
    texts = []
    for document in documents:
        title, text = clean(document.get("title", "")), clean(document["text"])
        texts.append(f" {title} @@ {text}".rstrip(" ") if title else f" {text}")
    encodings = tokenizer.encode_batch(texts, add_special_tokens=False)
    tokens = [[token for token in encoding.ids if token != BOUNDARY] + [BOUNDARY] for encoding in encodings]
    return [document["_id"] for document in documents], tokens


class Corpus:
    """All passages in a row. An n-gram's occurrences are a range of the suffix array, and because suffixes are sorted the
    tokens that may follow it, with their own ranges, are read off the range's tokens at the n-gram's end."""

    def __init__(self, passages: list[list[int]]):
        lengths = [len(tokens) for tokens in passages]
        self.size, self.passages = sum(lengths), len(passages)
        text = np.fromiter((token for tokens in passages for token in tokens), np.int32, self.size)
        self.suffixes = _suffix_array(text).astype(np.int32)
        self.passage = np.repeat(np.arange(self.passages, dtype=np.int32), lengths)
        self.text = np.concatenate([text, np.full(LONGEST, BOUNDARY, np.int32)])
        rows, tokens, lows, highs = self.continuations(np.array([0]), np.array([self.size]), 0)
        kept = tokens != BOUNDARY
        self.first = tokens[kept], lows[kept], highs[kept]
        self._first_range = {token: (low, high) for token, low, high in zip(*map(np.ndarray.tolist, self.first))}

    def continuations(self, lows: np.ndarray, highs: np.ndarray, depth: int):
        """What follows n-grams of `depth` tokens with these ranges: the n-gram's row, the token, the longer one's range."""
        widths = highs - lows
        ends = np.cumsum(widths)
        rows = np.repeat(np.arange(len(lows)), widths)
        places = np.arange(ends[-1]) + np.repeat(lows - (ends - widths), widths)
        following = self.text[self.suffixes[places] + depth]
        starts = np.flatnonzero((following[1:] != following[:-1]) | (rows[1:] != rows[:-1])) + 1
        starts = np.concatenate([[0], starts]) if len(places) else starts
        counts = np.diff(starts, append=len(places))
        return rows[starts], following[starts], places[starts], places[starts] + counts

    def range(self, ngram: tuple[int, ...]) -> tuple[int, int] | None:
        low, high = self._first_range.get(ngram[0], (0, 0))
        for depth, token in enumerate(ngram[1:], 1):
            following = self.text[self.suffixes[low:high] + depth]
            low, high = low + np.searchsorted(following, token), low + np.searchsorted(following, token, "right")
        return (int(low), int(high)) if low < high else None


def _suffix_array(text: np.ndarray) -> np.ndarray:
    """The suffixes by their first LONGEST tokens, by doubling: pairs of ranks are ranked. Not timed."""
    ranks, width = text.astype(np.int64) + 1, 1
    while True:
        behind = np.zeros_like(ranks)
        behind[:-width] = ranks[width:]
        pairs = ranks * (len(text) + 40_000) + behind
        order = np.argsort(pairs, kind="stable")
        if width >= LONGEST // 2:
            return order
        ordered = pairs[order]
        ranks[order] = np.cumsum(np.concatenate([[1], ordered[1:] != ordered[:-1]]))
        width *= 2

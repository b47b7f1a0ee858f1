"""Generative search as Trawl does it (SEAL), in PyTorch and numpy: n-grams that occur, their weights, the passages.

Plain Python are: the n-grams of the query with their tree (some dozens), the lists of n-grams (300 a query), and a loop over
n-grams in each of the two passes, which looks at all passages at once in numpy. All else is arrays. One thread but for PyTorch's
products.
"""
import dataclasses
import unicodedata

import numpy as np
import torch
from tokenizers import Tokenizer
from twin_corpus import BOUNDARY, Corpus
from twin_decoder import START, Decoder, Prompts

BEAMS, LENGTH, SPAN_WORDS = 15, 10, 3
ALPHA, BETA = 3.0, 0.8
MOST_OCCURRENCES, MOST_PASSAGES = 1500, 1500


@dataclasses.dataclass
class Key:
    tokens: tuple[int, ...]
    log_probability: float
    low: int
    high: int
    weight: float = 0.0

    @property
    def count(self) -> int:
        return self.high - self.low


class Search:
    def __init__(self, decoder: Decoder, tokenizer: Tokenizer, corpus: Corpus):
        self.decoder, self.tokenizer, self.corpus = decoder, tokenizer, corpus

    @torch.inference_mode()
    def decode(self, queries: list[str]) -> list[list[Key]]:
        """The n-grams that beam search writes for each query, all queries in step."""
        return self._beam_search(self._encode(queries))

    @torch.inference_mode()
    def search(self, queries: list[str], limit: int = 10) -> list[tuple[list[Key], list[tuple[int, float]]]]:
        """For each query its weighted n-grams, best first, and the best passages with their scores."""
        prompts = self._encode(queries)
        found = self._beam_search(prompts)
        own = [self._query_ngrams(query, keys) for query, keys in zip(queries, found)]
        self._score(own, prompts)
        results = []
        for keys, more in zip(found, own):
            weighted = weigh(keys + more, self.corpus.size)
            results.append((weighted, rank(weighted, self.corpus, limit)))
        return results

    def _encode(self, queries: list[str]) -> Prompts:
        return self.decoder.encode([encoding.ids for encoding in self.tokenizer.encode_batch(queries)])

    def _beam_search(self, prompts: Prompts) -> list[list[Key]]:
        """All candidates of all steps are kept, not only those that become beams."""
        count = prompts.count
        steps = self.decoder.steps(prompts)
        beams = Beams.start(count)
        history: list[list[Key]] = [[] for _ in range(count)]
        for length in range(LENGTH):
            logits = steps.advance(beams.last, beams.parents)
            candidates = self._candidates(beams, logits, length)
            bounds = np.searchsorted(candidates[0], np.arange(count + 1) * beams.width)
            chosen = [_best([part[start:end] for part in candidates], 2 * BEAMS)
                      for start, end in zip(bounds, bounds[1:])]
            for keys, part in zip(history, chosen):
                keys += _keys(beams, *part)
            beams = beams.continued(chosen)
        return history

    def _candidates(self, beams: "Beams", logits: torch.Tensor, length: int):
        """Row, token, range and score of all that the corpus allows; log-probabilities are over the whole vocabulary."""
        if length == 0:
            tokens, lows, highs = self.corpus.first
            rows = np.repeat(np.arange(len(beams.scores)), len(tokens))
            tokens, lows, highs = (np.tile(part, len(beams.scores)) for part in (tokens, lows, highs))
        else:
            rows, tokens, lows, highs = self.corpus.continuations(beams.lows, beams.highs, length)
        bases = beams.scores - torch.logsumexp(logits, 1).numpy()
        return rows, tokens, lows, highs, bases[rows] + logits.numpy()[rows, tokens]

    def _query_ngrams(self, query: str, generated: list[Key]) -> list[Key]:
        """The query's own n-grams that occur and that beam search has not found."""
        seen = {key.tokens for key in generated}
        keys = []
        for encoding in self.tokenizer.encode_batch(spans(query), add_special_tokens=False):
            tokens = tuple(encoding.ids)
            if not tokens or tokens in seen or BOUNDARY in tokens:
                continue
            seen.add(tokens)
            if found := self.corpus.range(tokens):
                keys.append(Key(tokens, 0.0, *found))
        return keys

    def _score(self, keys: list[list[Key]], prompts: Prompts) -> None:
        """Log-probabilities by teacher forcing: one call, in which n-grams that begin alike share their beginning."""
        nodes = [_prefixes(own) for own in keys]
        size = max(map(len, nodes))
        tokens, depths = (torch.zeros(len(keys), size, dtype=torch.long) for _ in range(2))
        mask = torch.eye(size, dtype=torch.bool).repeat(len(keys), 1, 1)
        for row, places in enumerate(nodes):
            for prefix, place in places.items():
                tokens[row, place], depths[row, place] = prefix[-1] if prefix else START, len(prefix)
                if prefix:
                    mask[row, place] |= mask[row, places[prefix[:-1]]]
        logits = self.decoder.tree(tokens, depths, mask[:, None], prompts)
        bases = torch.logsumexp(logits, 2).double().numpy()
        logits = logits.numpy()
        for row, (own, places) in enumerate(zip(keys, nodes)):
            for key in own:
                path = [places[key.tokens[:length]] for length in range(len(key.tokens))]
                key.log_probability = float((logits[row, path, key.tokens] - bases[row, path]).sum())


@dataclasses.dataclass
class Beams:
    """`width` beams for each query, of which those with the score minus infinity are none."""

    width: int
    scores: np.ndarray
    lows: np.ndarray
    highs: np.ndarray
    ngrams: np.ndarray
    parents: np.ndarray | None = None

    @classmethod
    def start(cls, queries: int) -> "Beams":
        none = np.zeros(queries, np.int64)
        return cls(1, np.zeros(queries), none, none, np.empty((queries, 0), np.int64))

    @property
    def last(self) -> np.ndarray:
        return self.ngrams[:, -1].copy() if self.ngrams.shape[1] else np.full(len(self.scores), START)

    def continued(self, chosen) -> "Beams":
        """The best candidates that go on: a boundary ends an n-gram."""
        size = len(chosen) * BEAMS
        parents = np.repeat(np.arange(len(chosen)) * self.width, BEAMS)
        tokens, lows, highs = (np.zeros(size, np.int64) for _ in range(3))
        scores = np.full(size, -np.inf)
        for query, part in enumerate(chosen):
            goes_on = np.flatnonzero(part[1] != BOUNDARY)[:BEAMS]
            place = slice(query * BEAMS, query * BEAMS + len(goes_on))
            for target, source in zip((parents, tokens, lows, highs, scores), part):
                target[place] = source[goes_on]
        ngrams = np.concatenate([self.ngrams[parents], tokens[:, None]], 1)
        return Beams(BEAMS, scores, lows, highs, ngrams, parents)


def _best(candidates: list[np.ndarray], count: int) -> list[np.ndarray]:
    """By score; ties by token, then by beam."""
    rows, tokens, *_, scores = candidates
    top = np.argpartition(-scores, count)[:count] if len(scores) > count else np.arange(len(scores))
    top = top[np.lexsort((rows[top], tokens[top], -scores[top]))]
    return [part[top] for part in candidates]


def _keys(beams: Beams, rows, tokens, lows, highs, scores) -> list[Key]:
    ngrams = np.concatenate([beams.ngrams[rows], tokens[:, None]], 1).tolist()
    return [Key(tuple(ngram), score, low, high)
            for ngram, score, low, high in zip(ngrams, scores.tolist(), lows.tolist(), highs.tolist())
            if ngram[-1] != BOUNDARY]


def _prefixes(keys: list[Key]) -> dict[tuple[int, ...], int]:
    """Numbers the proper prefixes of n-grams, shorter ones first within each n-gram; 0 is the empty one."""
    places = {(): 0}
    for key in keys:
        for length in range(1, len(key.tokens)):
            places.setdefault(key.tokens[:length], len(places))
    return places


def spans(query: str) -> list[str]:
    """The spans of 1 to 3 words without marks around them, the first letter in lower and in upper case."""
    words = query.split()
    forms: dict[str, None] = {}
    for length in range(1, min(SPAN_WORDS, len(words)) + 1):
        for start in range(len(words) - length + 1):
            if span := _trimmed(" ".join(words[start:start + length])):
                forms[f" {span[0].lower()}{span[1:]}"] = forms[f" {span[0].upper()}{span[1:]}"] = None
    return list(forms)


def _trimmed(text: str) -> str:
    places = [place for place, character in enumerate(text)
              if unicodedata.category(character)[0] != "P" and not character.isspace()]
    return text[places[0]:places[-1] + 1] if places else ""


def _log_one_minus_exp(values: np.ndarray) -> np.ndarray:
    """log(1 - e^x) for x < 0, accurate at both ends."""
    near = values > -np.log(2)
    return np.where(near, np.log(-np.expm1(np.where(near, values, -1))), np.log1p(-np.exp(np.where(near, -1, values))))


def weigh(keys: list[Key], size: int) -> list[Key]:
    """SEAL's weights: how much likelier an n-gram is behind the query than anywhere. The best first, none without weight."""
    given = np.minimum([key.log_probability for key in keys], 0) - 1e-10
    anywhere = np.log((np.array([key.count for key in keys]) + 5) / (size + 5))
    odds = given + _log_one_minus_exp(anywhere) - (anywhere + _log_one_minus_exp(given))
    for key, weight in zip(keys, (np.maximum(odds, 0) ** ALPHA).tolist()):
        key.weight = weight
    return sorted((key for key in keys if key.weight > 0), key=lambda key: (-key.weight, key.tokens))


def rank(keys: list[Key], corpus: Corpus, limit: int) -> list[tuple[int, float]]:
    """The best passages: rare n-grams choose them, all n-grams score them."""
    occurrences = [np.sort(corpus.suffixes[key.low:key.high]) for key in keys]
    chosen = _first_pass(keys, occurrences, corpus)
    scores = _full_pass(keys, occurrences, corpus, chosen)
    return [(int(chosen[place]), float(scores[place])) for place in _order(scores, chosen)[:limit] if scores[place] > 0]


def _order(scores: np.ndarray, passages: np.ndarray) -> np.ndarray:
    return np.lexsort((passages, -scores))


def _first_pass(keys: list[Key], occurrences: list[np.ndarray], corpus: Corpus) -> np.ndarray:
    """The passages with the weightiest rare n-grams, each of them once where no better one stands."""
    taken = np.zeros(corpus.size, bool)
    totals = np.zeros(corpus.passages)
    for key, places in zip(keys, occurrences):
        if key.count <= MOST_OCCURRENCES:
            totals[_take(places, corpus.passage[places], len(key.tokens), taken)] += key.weight
    passages = np.flatnonzero(totals)
    scores = totals[passages].astype(np.float32)
    return np.sort(passages[_order(scores, passages)[:MOST_PASSAGES]])


def _full_pass(keys: list[Key], occurrences: list[np.ndarray], corpus: Corpus, chosen: np.ndarray) -> np.ndarray:
    """The scores of the chosen passages. An n-gram weighs less for each word that better ones have already brought."""
    number = np.full(corpus.passages, -1)
    number[chosen] = np.arange(len(chosen))
    columns = {token: column for column, token in enumerate({token for key in keys for token in key.tokens})}
    seen = np.zeros((len(chosen), len(columns)), bool)
    taken = np.zeros(corpus.size, bool)
    totals = np.zeros(len(chosen))
    for key, places in zip(keys, occurrences):
        rows = number[corpus.passage[places]]
        inside = rows >= 0
        rows = _take(places[inside], rows[inside], len(key.tokens), taken)
        words = (rows[:, None], [columns[token] for token in set(key.tokens)])
        totals[rows] += key.weight * (1 - BETA + BETA * (1 - seen[words].mean(1)))
        seen[words] = True
    return totals.astype(np.float32)


def _take(places: np.ndarray, passages: np.ndarray, length: int, taken: np.ndarray) -> np.ndarray:
    """Takes the first free occurrence in each passage, and says in which passages there was one."""
    spans = places[:, None] + np.arange(length)
    free = ~taken[spans].any(1)
    spans, passages = spans[free], passages[free]
    first = np.ones(len(passages), bool)
    first[1:] = passages[1:] != passages[:-1]
    taken[spans[first]] = True
    return passages[first]

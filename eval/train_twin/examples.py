"""The examples that a generator learns from, drawn as Trawl draws them: the same seed gives the same batches.

This follows `GeneratorExamples`, `SpanSampler` and `ShuffledRounds` of Sources/Training, without what needs an index (a
generator's own samples) and without pacing and replay. Random numbers are 64-bit integers that wrap around; weights are single
precision, as there, since a draw compares sums of them.
"""

import math
from dataclasses import dataclass, field

import numpy as np

MASK = (1 << 64) - 1
GOLDEN_RATIO = 0x9E37_79B9_7F4A_7C15
SHORTEST_SENTENCE = 5
LEAST_FIRST = np.float32(2.5)
BASE_WEIGHT = np.float32(0.05)


class SplitMix64:
    """Steele, Lea and Flood 2014, doi 10.1145/2660193.2660195."""

    def __init__(self, seed):
        self.state = seed & MASK

    def next(self):
        self.state = (self.state + GOLDEN_RATIO) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB) & MASK
        return z ^ (z >> 31)

    def share(self):
        return (self.next() >> 11) / (1 << 53)

    def draw(self, weights):
        """An index that is drawn with these weights; None when none is above 0."""
        total = sum(float(weight) for weight in weights)
        if not total > 0:
            return None
        position = self.share() * total
        last = None
        for index, weight in enumerate(weights):
            if weight > 0:
                position -= float(weight)
                last = index
                if position < 0:
                    break
        return last


def shuffled(number, count, seed):
    """Number `number` of a sequence in which each stretch of `count` numbers is a permutation: a Feistel network."""
    bits = 1
    while 1 << (2 * bits) < count:
        bits += 1
    mask = (1 << bits) - 1
    turn, value = divmod(number, count)
    while True:
        left, right = value >> bits, value & mask
        for step in range(3):
            word = SplitMix64(seed ^ ((right + (step << 32) + (turn << 40)) & MASK)).next()
            left, right = right, left ^ (word & mask)
        value = left << bits | right
        if value < count:
            return value


@dataclass
class Settings:
    """The defaults of `trawl train generator`."""

    sources_per_step: int = 24
    spans_per_source: int = 4
    span_length: int = 10
    source_length: int = 96
    query_share: float = 0.4
    sentence_share: float = 0.4
    title_share: float = 0.2
    word_dropout: float = 0.15


@dataclass
class Corpus:
    """Tokenised passages, each ` title @@ text` without its boundary."""

    passages: list
    title_end: list
    sentence_ends: set
    begins_word: list
    title_lengths: list = field(init=False)
    sentences: list = field(init=False)
    rarity: np.ndarray = field(init=False)

    def __post_init__(self):
        counts = np.zeros(len(self.begins_word), dtype=np.int64)
        for passage in self.passages:
            for token in set(passage):
                counts[token] += 1
        total = max(1, len(self.passages))
        self.rarity = np.array(
            [math.log(total / count) if count else 0 for count in counts.tolist()], dtype=np.float32)
        self.title_lengths = [self._title_length(passage) for passage in self.passages]
        self.sentences = [
            self._sentences(passage, length + len(self.title_end) if length else 0)
            for passage, length in zip(self.passages, self.title_lengths)
        ]

    def _title_length(self, tokens):
        size = len(self.title_end)
        return next((i for i in range(len(tokens) - size + 1) if tokens[i:i + size] == self.title_end), 0)

    def _sentences(self, tokens, start):
        found, begin = [], start
        for index in range(start, len(tokens)):
            if tokens[index] in self.sentence_ends:
                found.append((begin, index + 1))
                begin = index + 1
        if begin < len(tokens):
            found.append((begin, len(tokens)))
        return found


@dataclass
class Query:
    """A query with the passages that answer it.

    `tokens` has no special tokens; `source` is what the generator reads.
    """

    tokens: list
    passages: list
    source: list


class Examples:
    def __init__(self, corpus, queries, start, end, settings):
        self.corpus, self.settings = corpus, settings
        self.start, self.end = start, end
        self.queries = [query for query in queries if query.tokens and query.passages]
        self.titled = [i for i, length in enumerate(corpus.title_lengths) if length > 0]
        self.with_sentences = [
            i for i, found in enumerate(corpus.sentences) if any(b - a >= SHORTEST_SENTENCE for a, b in found)
        ]
        if not (self.queries or self.titled or self.with_sentences):
            raise ValueError("there is nothing to learn from: no queries, no titles, no sentences")

    def batch(self, step, seed):
        """The sources of a step, each with its spans: [(source, [span, ...]), ...]."""
        random = SplitMix64(seed + step * 0x9E37_79B9)
        items = []
        for index in range(self.settings.sources_per_step):
            shares = self._shares()
            draw = random.share() * sum(shares)
            if draw < shares[0]:
                number = step * self.settings.sources_per_step + index
                item = self._query(number, seed, random)
            elif draw < shares[0] + shares[1]:
                item = self._sentence(random)
            else:
                item = self._title(random)
            items.append(item)
        return items

    def _shares(self):
        exist = [bool(self.queries), bool(self.with_sentences), bool(self.titled)]
        wanted = [self.settings.query_share, self.settings.sentence_share, self.settings.title_share]
        shares = [share if has else 0.0 for has, share in zip(exist, wanted)]
        return shares if any(share > 0 for share in shares) else [1.0 if has else 0.0 for has in exist]

    def _query(self, number, seed, random):
        query = self.queries[shuffled(number, len(self.queries), seed)]
        passage = query.passages[random.next() % len(query.passages)]
        source = query.source if len(query.source) <= self.settings.source_length else self._source(query.tokens)
        return source, self._spans(passage, query.tokens, None, random)

    def _title(self, random):
        passage = self.titled[random.next() % len(self.titled)]
        length = self.corpus.title_lengths[passage]
        excluded = (0, length) if random.next() % 2 == 0 else None
        tokens = self.corpus.passages[passage][:length]
        return self._source(tokens), self._spans(passage, tokens, excluded, random)

    def _sentence(self, random):
        passage = self.with_sentences[random.next() % len(self.with_sentences)]
        sentences = [(a, b) for a, b in self.corpus.sentences[passage] if b - a >= SHORTEST_SENTENCE]
        begin, end = sentences[random.next() % len(sentences)]
        excluded = (begin, end) if random.next() % 2 == 0 else None
        tokens = self._without_some_words(self.corpus.passages[passage][begin:end], random)
        return self._source(tokens), self._spans(passage, tokens, excluded, random)

    def _without_some_words(self, tokens, random):
        kept, is_kept = [], True
        for token in tokens:
            if self.corpus.begins_word[token]:
                is_kept = random.share() >= self.settings.word_dropout
            if is_kept:
                kept.append(token)
        return kept or list(tokens)

    def _source(self, tokens):
        most = max(1, self.settings.source_length - len(self.start) - len(self.end))
        return self.start + tokens[:most] + self.end

    def _spans(self, passage, query, excluded, random):
        tokens, length = self.corpus.passages[passage], self.settings.span_length
        if not tokens:
            return []
        starts = self._starts(tokens, excluded) or self._starts(tokens, None) or [0]
        words = set(query)
        weights = []
        for start in starts:
            shared = self._shared(tokens[start:start + length], words)
            weights.append(BASE_WEIGHT + shared * shared)
        spans = []
        while len(spans) < self.settings.spans_per_source:
            chosen = random.draw(weights)
            if chosen is None:
                break
            start = starts[chosen]
            spans.append(tokens[start:start + length])
            for index, other in enumerate(starts):
                if abs(other - start) < 3:
                    weights[index] = np.float32(0)
        return spans

    def _starts(self, tokens, excluded):
        """Where spans may begin: with a rare word, or else with any word."""
        length = self.settings.span_length
        last = max(0, len(tokens) - length)
        clear = [
            start for start in range(last + 1)
            if self.corpus.begins_word[tokens[start]]
            and (excluded is None or start >= excluded[1] or start + length <= excluded[0])
        ]
        return [start for start in clear if self.corpus.rarity[tokens[start]] >= LEAST_FIRST] or clear

    def _shared(self, window, query):
        seen, total = set(), np.float32(0)
        for token in window:
            if token in query and token not in seen:
                seen.add(token)
                total += self.corpus.rarity[token]
        return total

"""What the server answers, as dataclasses. Their fields are the keys of the JSON output (docs/json.md)."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Tuple

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Range:
    """A part of a text: ``text[start:end]``, and the same in bytes of its UTF-8."""

    start: int
    end: int
    byte_start: int
    byte_end: int

    @classmethod
    def from_json(cls, value: Json) -> "Range":
        return cls(value["start"], value["end"], value["byte_start"], value["byte_end"])


@dataclass(frozen=True)
class Stage:
    """What a retrieval method, the fusion or a reranker made of a hit; what it did not find has neither rank nor score."""

    stage: str
    rank: Optional[int] = None
    score: Optional[float] = None
    added: Optional[float] = None

    @classmethod
    def from_json(cls, value: Json) -> "Stage":
        return cls(value["stage"], value.get("rank"), value.get("score"), value.get("added"))


@dataclass(frozen=True)
class Match:
    """A word, an n-gram or a token that matched, and where in the passage."""

    stage: str
    text: str
    contribution: Optional[float]
    count: Optional[int]
    ranges: Tuple[Range, ...]

    @classmethod
    def from_json(cls, value: Json) -> "Match":
        return cls(
            value["stage"],
            value["text"],
            value.get("contribution"),
            value.get("count"),
            _ranges(value),
        )


@dataclass(frozen=True)
class Snippet:
    """The part of a passage that matched best; the ranges of what matched are in its text."""

    text: str
    ranges: Tuple[Range, ...]

    @classmethod
    def from_json(cls, value: Json) -> "Snippet":
        return cls(value["text"], _ranges(value))


@dataclass(frozen=True)
class Hit:
    """A passage that was found."""

    document: str
    rank: int
    score: float
    text: str
    passage: int = 0
    title: str = ""
    metadata: Dict[str, Any] = field(default_factory=dict)
    range: Optional[Range] = None
    section: Tuple[str, ...] = ()
    stages: Tuple[Stage, ...] = ()
    matches: Tuple[Match, ...] = ()
    snippet: Optional[Snippet] = None

    @classmethod
    def from_json(cls, value: Json) -> "Hit":
        return cls(
            document=value["document"],
            rank=value["rank"],
            score=value["score"],
            text=value.get("text", ""),
            passage=value.get("passage", 0),
            title=value.get("title", ""),
            metadata=value.get("metadata", {}),
            range=Range.from_json(value["range"]) if "range" in value else None,
            section=tuple(value.get("section", ())),
            stages=tuple(map(Stage.from_json, value.get("stages", ()))),
            matches=tuple(map(Match.from_json, value.get("matches", ()))),
            snippet=Snippet.from_json(value["snippet"]) if value.get("snippet") else None,
        )


@dataclass(frozen=True)
class NGram:
    """An n-gram that the generator wrote for a query. ``log_probability`` is in nats."""

    text: str
    count: int
    weight: float
    log_probability: Optional[float] = None
    origin: str = ""
    documents: Tuple[str, ...] = ()

    @classmethod
    def from_json(cls, value: Json) -> "NGram":
        return cls(
            value["text"],
            value["count"],
            value["weight"],
            value.get("log_probability"),
            value.get("origin", ""),
            tuple(value.get("documents", ())),
        )


class Hits(List[Hit]):
    """The hits of one query, best first: a list, with what else the server said.

    Attributes:
        query, mode: what was searched for, and how.
        seconds: the time of the search without waiting.
        notes: what the searcher should know, such as passages that a reranker did not read to the end.
        ngrams: what the generator wrote; only with ``explain``.
        suggestion: a query with words that do occur, or None.
        stage: ``search`` or ``rerank``, of answers that come in stages.
    """

    query: str
    mode: str
    seconds: float
    notes: List[str]
    ngrams: List[NGram]
    suggestion: Optional[str]
    stage: Optional[str]

    @classmethod
    def from_json(cls, value: Json) -> "Hits":
        hits = cls(map(Hit.from_json, value["hits"]))
        hits.query = value.get("query", "")
        hits.mode = value.get("mode", "")
        hits.seconds = value.get("seconds", 0.0)
        hits.notes = list(value.get("notes", ()))
        hits.ngrams = [NGram.from_json(ngram) for ngram in value.get("ngrams", ())]
        hits.suggestion = value.get("suggestion")
        hits.stage = value.get("stage")
        return hits


@dataclass(frozen=True)
class NextToken:
    """A token that follows a context, and how often."""

    text: str
    token: int
    count: int

    @classmethod
    def from_json(cls, value: Json) -> "NextToken":
        return cls(value["text"], value["token"], value["count"])


@dataclass(frozen=True)
class Continuations:
    """The tokens that follow the longest suffix of a context that occurs; ``count`` is how often it does."""

    context: str
    count: int
    next: Tuple[NextToken, ...]

    @classmethod
    def from_json(cls, value: Json) -> "Continuations":
        return cls(value["context"], value["count"], tuple(map(NextToken.from_json, value["next"])))


@dataclass(frozen=True)
class TokenProbability:
    """How probable a token is after the longest suffix of what precedes it that occurs; ``context_length`` in tokens."""

    text: str
    token: int
    probability: float
    count: int
    context_count: int
    context_length: int

    @classmethod
    def from_json(cls, value: Json) -> "TokenProbability":
        return cls(
            value["text"],
            value["token"],
            value["probability"],
            value["count"],
            value["context_count"],
            value["context_length"],
        )


@dataclass(frozen=True)
class TextProbability:
    """How probable a text is after a context; None if a token never follows."""

    log_probability: Optional[float]
    tokens: Tuple[TokenProbability, ...]

    @classmethod
    def from_json(cls, value: Json) -> "TextProbability":
        return cls(value.get("log_probability"), tuple(map(TokenProbability.from_json, value["tokens"])))


@dataclass(frozen=True)
class PhrasePassage:
    """A passage with a phrase; the ranges are in its text."""

    document: str
    passage: int
    count: int
    text: str
    title: str
    ranges: Tuple[Range, ...]

    @classmethod
    def from_json(cls, value: Json) -> "PhrasePassage":
        return cls(
            value["document"],
            value["passage"],
            value["count"],
            value["text"],
            value.get("title", ""),
            _ranges(value),
        )


@dataclass(frozen=True)
class Occurrences:
    """Where a phrase occurs, and the tokens that follow it. ``passages`` are those with most occurrences."""

    phrase: str
    count: int
    document_count: Optional[int]
    passage_count: Optional[int]
    is_estimate: bool
    passages: Tuple[PhrasePassage, ...]
    next: Tuple[NextToken, ...]

    @classmethod
    def from_json(cls, value: Json) -> "Occurrences":
        return cls(
            value["phrase"],
            value["count"],
            value.get("document_count"),
            value.get("passage_count"),
            value.get("is_estimate", False),
            tuple(map(PhrasePassage.from_json, value.get("passages", ()))),
            tuple(map(NextToken.from_json, value.get("next", ()))),
        )


@dataclass(frozen=True)
class DocumentInfo:
    """A document in a list."""

    document: str
    passages: int
    bytes: int
    title: str = ""

    @classmethod
    def from_json(cls, value: Json) -> "DocumentInfo":
        return cls(value["document"], value["passages"], value["bytes"], value.get("title", ""))


@dataclass(frozen=True)
class Document:
    """A document as the index has it."""

    document: str
    text: str
    title: str = ""
    metadata: Dict[str, Any] = field(default_factory=dict)
    passages: Tuple[Range, ...] = ()

    @classmethod
    def from_json(cls, value: Json) -> "Document":
        return cls(
            value["document"],
            value.get("text", ""),
            value.get("title", ""),
            value.get("metadata", {}),
            tuple(map(Range.from_json, value.get("passages", ()))),
        )


@dataclass(frozen=True)
class IndexInfo:
    """An index that is served."""

    name: str
    documents: int
    passages: int
    modes: Tuple[str, ...]
    default_mode: str
    segments: int
    bytes_on_disk: int

    @classmethod
    def from_json(cls, value: Json) -> "IndexInfo":
        return cls(
            value["name"],
            value["documents"],
            value["passages"],
            tuple(value.get("modes", ())),
            value.get("default_mode", ""),
            value.get("segments", 0),
            value.get("bytes_on_disk", 0),
        )


@dataclass(frozen=True)
class RankedText:
    """A text and how relevant a reranker found it; ``index`` is its number in the texts that were given, from 0."""

    index: int
    score: float
    text: str


def _ranges(value: Json) -> Tuple[Range, ...]:
    return tuple(map(Range.from_json, value.get("ranges", ())))

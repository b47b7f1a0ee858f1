"""The examples of docs/json.md are what the dataclasses read."""
import json
import re
from typing import Any, List

from served import REPOSITORY

from trawl import Document, DocumentInfo, Hit, NGram, Occurrences, Range, TextProbability
from trawl.results import Continuations, Hits


def examples() -> List[Any]:
    page = (REPOSITORY / "docs/json.md").read_text(encoding="utf-8")
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]


def example(*keys: str) -> Any:
    return next(value for value in examples() if set(keys) <= set(value))


def test_a_hit() -> None:
    hit = Hit.from_json(example("stages", "matches"))
    assert (hit.document, hit.rank, hit.score, hit.title) == ("moon", 1, 2, "Tides")
    assert hit.metadata == {"tags": ["sea", "sky"], "year": 1999}
    assert [stage.stage for stage in hit.stages] == ["lexical", "generative", "fusion"]
    assert hit.stages[2].added is None
    part = hit.matches[0].ranges[0]
    assert hit.text[part.start : part.end] == "pulls"
    assert hit.text.encode()[part.byte_start : part.byte_end] == b"pulls"
    assert hit.range == Range(0, 26, 0, 27)


def test_hits_are_a_list() -> None:
    hit = example("stages", "matches")
    ngram = example("origin")
    hits = Hits.from_json({"hits": [hit], "mode": "hybrid", "query": "q", "ngrams": [ngram], "notes": ["n"], "seconds": 1})
    assert len(hits) == 1 and hits[0] == Hit.from_json(hit)
    assert hits.ngrams == [NGram.from_json(ngram)]
    assert (hits.mode, hits.notes, hits.suggestion, hits.stage) == ("hybrid", ["n"], None, None)


def test_phrases() -> None:
    found = Occurrences.from_json(example("passage_count"))
    assert (found.count, found.document_count, found.next[0].text) == (1, 1, ".")
    passage = found.passages[0]
    assert [passage.text[part.start : part.end] for part in passage.ranges] == ["the océans"]
    follows = Continuations.from_json(example("context", "next"))
    assert follows.context == "the moon" and follows.next[0].text == "pulls"
    probability = TextProbability.from_json(example("tokens"))
    assert probability.log_probability == 0 and [token.text for token in probability.tokens] == ["pulls", "the"]


def test_documents() -> None:
    document = Document.from_json(next(v for v in examples() if "text" in v and "passages" in v and "document" in v))
    assert (document.document, document.title, len(document.passages)) == ("moon", "Tides", 1)
    assert DocumentInfo.from_json(example("bytes", "document")).bytes == 27

"""Bodies that are wrong, too large or strange: the documented status, and the place that is wrong."""
import json
from typing import Any, Callable, Dict, Optional

import pytest
from raw import MAX_BODY, Answer

Send = Callable[..., Answer]

POSTS: Dict[str, Dict[str, Any]] = {
    "/v1/search": {"query": "moon"},
    "/v1/embeddings": {"input": "moon"},
    "/embed": {"inputs": "moon"},
    "/rerank": {"query": "moon", "texts": ["moon"]},
    "/v1/rerank": {"query": "moon", "documents": ["moon"]},
    "/v2/rerank": {"query": "moon", "documents": ["moon"]},
    "/v1/ngrams/count": {"phrase": "moon"},
    "/v1/ngrams/find": {"phrase": "moon"},
    "/v1/ngrams/next": {"context": "the"},
    "/v1/generate-ngrams": {"query": "moon"},
}

# Routes whose first field may be left out, as null is.
OPTIONAL = {"/v1/ngrams/next"}


@pytest.mark.parametrize("path", POSTS)
def test_the_right_body(send: Send, path: str) -> None:
    answer = send("POST", path, json.dumps(POSTS[path]).encode())
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"].startswith("application/json")


MALFORMED = {
    "empty": b"",
    "blank": b"  \n",
    "a word": b"query",
    "cut off": b'{"query": "mo',
    "two values": b'{"query": "moon"} {"query": "moon"}',
    "a comma too many": b'{"query": "moon",}',
    "single quotes": b"{'query': 'moon'}",
    "NaN": b'{"query": "moon", "k": NaN}',
    "bytes that are not UTF-8": b'{"query": "\xff\xfe"}',
    "an overlong encoding": b'{"query": "\xc0\xaf"}',
    "half a surrogate pair in UTF-8": b'{"query": "\xed\xa0\x80"}',
    "UTF-16": '{"query": "moon"}'.encode("utf-16-le"),
    "NUL": b"\x00\x00\x00",
    "a control character in a string": b'{"query": "a\x01b"}',
    "deep": b"[" * 100_000,
    "deep and closed": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"query":' * 50_000,
}


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_not_json(send: Send, path: str, name: str) -> None:
    answer = send("POST", path, MALFORMED[name])
    assert answer.status == 400, answer.body


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("value", ["[]", "null", '"text"', "3", "true"])
def test_json_that_is_not_an_object(send: Send, path: str, value: str) -> None:
    assert send("POST", path, value.encode()).status == 422


@pytest.mark.parametrize("path", [path for path in POSTS if path not in OPTIONAL])
def test_a_field_that_is_missing(send: Send, path: str) -> None:
    answer = send("POST", path, b"{}")
    assert answer.status == 422
    assert any(name in answer.error["message"] + str(answer.error.get("param")) for name in POSTS[path])


@pytest.mark.parametrize("path", POSTS)
def test_an_unknown_field_is_named(send: Send, path: str) -> None:
    answer = send("POST", path, json.dumps({**POSTS[path], "qurey": 1}).encode())
    assert answer.status == 422
    assert "qurey" in answer.error["message"] + str(answer.error.get("param"))


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("value", [None, 3, True, {}, {"a": 1}, [None], [[]], [{}], [1.5], 1e300, ""])
def test_a_field_of_another_type(send: Send, path: str, value: Any) -> None:
    name = next(iter(POSTS[path]))
    answer = send("POST", path, json.dumps({**POSTS[path], name: value}).encode())
    if answer.status == 200 and (value == "" or value is None and path in OPTIONAL):
        return
    assert answer.status == 422, answer.body
    assert name in str(answer.error.get("param")), answer.error


SEARCHES = [
    ('{"query": "moon", "k": 0}', "$.k"),
    ('{"query": "moon", "k": -1}', "$.k"),
    ('{"query": "moon", "k": 1000000}', "$.k"),
    ('{"query": "moon", "k": 1e999}', None),
    ('{"query": "moon", "k": 99999999999999999999999999}', "$.k"),
    ('{"query": "moon", "k": 1.5}', "$.k"),
    ('{"query": "moon", "k": "10"}', "$.k"),
    ('{"query": "moon", "mode": "magic"}', "$.mode"),
    ('{"query": "moon", "mode": 3}', "$.mode"),
    ('{"query": "moon", "filter": "year >"}', "$.filter"),
    ('{"query": "moon", "filter": 3}', "$.filter"),
    ('{"query": "moon", "filter": ["year>1", 3]}', "$.filter[1]"),
    ('{"query": "moon", "filter": ["year>1", "("]}', "$.filter[1]"),
    ('{"query": "moon", "weights": {"magic": 1}}', "$.weights.magic"),
    ('{"query": "moon", "weights": {"dense": "1"}}', "$.weights.dense"),
    ('{"query": "moon", "weights": {"dense": -1}}', "$.weights.dense"),
    ('{"query": "moon", "weights": [1]}', "$.weights"),
    ('{"query": "moon", "rerank": "magic:"}', "$.rerank"),
    ('{"query": "moon", "rerank": 3}', "$.rerank"),
    ('{"query": "moon", "explain": "yes"}', "$.explain"),
    ('{"query": "moon", "explain": 1}', "$.explain"),
    ('{"query": "moon", "stream": "yes"}', "$.stream"),
    ('{"query": "moon", "index": 3}', "$.index"),
    ('{"queries": []}', "$.queries"),
    ('{"queries": {"a": "moon"}}', "$.queries"),
    ('{"queries": ["moon", 3]}', "$.queries[1]"),
    (json.dumps({"queries": ["moon"] * 257}), "$.queries"),
    ('{"query": "moon", "queries": ["moon"]}', None),
]


@pytest.mark.parametrize("body, param", SEARCHES, ids=lambda value: str(value)[:50])
def test_searches_that_are_out_of_bounds(send: Send, body: str, param: Optional[str]) -> None:
    answer = send("POST", "/v1/search", body.encode())
    if param is None:
        assert answer.status in (400, 422), answer.body
    else:
        assert (answer.status, answer.error.get("param")) == (422, param), answer.body


OTHERS = [
    ("/v1/embeddings", '{"input": []}', "$.input"),
    ("/v1/embeddings", '{"input": ["a", 3]}', "$.input[1]"),
    ("/v1/embeddings", '{"input": [1, "a"]}', "$.input"),
    ("/v1/embeddings", '{"input": [[1], []]}', "$.input[1]"),
    ("/v1/embeddings", '{"input": [-1]}', "$.input[0]"),
    ("/v1/embeddings", '{"input": [99999999]}', "$.input[0]"),
    ("/v1/embeddings", '{"input": [[1, 99999999999999999999]]}', "$.input[0]"),
    ("/v1/embeddings", '{"input": "a", "dimensions": 0}', "$.dimensions"),
    ("/v1/embeddings", '{"input": "a", "dimensions": 1000000}', "$.dimensions"),
    ("/v1/embeddings", '{"input": "a", "encoding_format": "hex"}', "$.encoding_format"),
    ("/v1/embeddings", '{"input": "a", "input_type": "answer"}', "$.input_type"),
    ("/embed", '{"inputs": []}', "$.inputs"),
    ("/embed", '{"inputs": "a", "normalize": "yes"}', "$.normalize"),
    ("/rerank", '{"query": "a", "texts": []}', "$.texts"),
    ("/rerank", '{"query": "a", "texts": ["a", 3]}', "$.texts[1]"),
    ("/rerank", '{"query": "a", "documents": [{"txet": "a"}]}', "$.documents[0]"),
    ("/rerank", '{"query": "a", "documents": ["a"], "top_n": -1}', "$.top_n"),
    ("/v1/ngrams/find", '{"phrase": "a", "k": -1}', "$.k"),
    ("/v1/ngrams/find", '{"phrase": "a", "k": 1000000000}', "$.k"),
    ("/v1/ngrams/find", '{"phrase": "a", "next": 1e9}', "$.next"),
    ("/v1/ngrams/next", '{"context": "a", "k": 0}', "$.k"),
    ("/v1/ngrams/count", '{"phrase": ""}', "$.phrase"),
    ("/v1/ngrams/count", '{"phrase": "a", "any_case": 1}', "$.any_case"),
    ("/v1/generate-ngrams", '{"query": "a", "k": 1000000000}', "$.k"),
    ("/v1/generate-ngrams", '{"query": "a", "documents": -3}', "$.documents"),
]


@pytest.mark.parametrize("path, body, param", OTHERS)
def test_requests_that_are_out_of_bounds(send: Send, path: str, body: str, param: str) -> None:
    answer = send("POST", path, body.encode())
    assert answer.status == 422, answer.body
    assert str(answer.error.get("param")).startswith(param), answer.error


STRANGE = [
    "\u0000",
    "\ud83e",
    "a\u202eb",
    "🦄" * 1000,
    "́" * 5000,
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    "%s%n%x",
    "\"" * 2000,
    "(" * 2000,
    "a AND " * 2000,
    "-" * 5000,
    "w* " * 300,
    "title:" * 500,
    "[SEP][CLS][MASK]",
    "\r\n\r\nHTTP/1.1 200 OK\r\n",
]


@pytest.mark.parametrize("path", ["/v1/search", "/v1/embeddings", "/v1/ngrams/count", "/v1/ngrams/next", "/v1/generate-ngrams"])
@pytest.mark.parametrize("text", STRANGE, ids=lambda text: ascii(text)[:20])
def test_strange_texts_are_texts(send: Send, path: str, text: str) -> None:
    name = next(iter(POSTS[path]))
    # ASCII with escapes, so that half a surrogate pair can be sent.
    answer = send("POST", path, json.dumps({name: text}).encode())
    assert answer.status in (200, 400, 422), answer.body


def test_the_same_field_twice(send: Send) -> None:
    answer = send("POST", "/v1/search", b'{"query": "moon", "query": "granite"}')
    assert answer.status in (400, 422), answer.body


@pytest.mark.parametrize("path", POSTS)
def test_a_body_over_the_limit(send: Send, path: str) -> None:
    name = next(iter(POSTS[path]))
    answer = send("POST", path, json.dumps({**POSTS[path], name: "moon " * (MAX_BODY // 4)}).encode())
    assert answer.status == 413
    assert str(MAX_BODY) in answer.error["message"].replace(",", "") or answer.error.get("remedy")


@pytest.mark.parametrize("path", POSTS)
def test_a_text_just_below_the_limit(send: Send, path: str) -> None:
    name = next(iter(POSTS[path]))
    body = json.dumps({**POSTS[path], name: "moon " * (MAX_BODY // 6)}).encode()
    answer = send("POST", path, body)
    # Embedding such a text is cut, other routes may have bounds or run out of their time.
    assert answer.status in (200, 413, 422, 503), answer.body[:300]


def test_a_list_of_as_many_texts_as_fit(send: Send) -> None:
    answer = send("POST", "/v1/embeddings", json.dumps({"input": ["a"] * 100_000}).encode())
    assert (answer.status, answer.error["param"]) == (422, "$.input")

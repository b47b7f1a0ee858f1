"""Paths that try to leave the server, routes and methods that do not exist, and writes that must change nothing."""
import json
import urllib.parse
from pathlib import Path
from typing import Callable, Iterator

import pytest
from raw import Answer, Wire, ask, request
from served import DOCUMENTS, serving

from trawl import Client, Error, Index
from trawl._server import LocalServer

Send = Callable[..., Answer]

TRICKS = [
    "../notes",
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "%2e%2e%2fnotes",
    "notes%00",
    "notes%00.trawl",
    "notes%2f..%2fnotes",
    "notes.trawl",
    "./notes",
    ".",
    "..",
    "%",
    "%zz",
    "%ff%fe",
    "%c0%ae%c0%ae%c0%af",
    "notes;x=1",
    "~root",
    "notes%20",
    "NOTES",
    "x" * 5000,
]


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick[:30])
def test_an_index_is_found_by_its_name_alone(send: Send, trick: str) -> None:
    answer = send("GET", "/v1/indexes/" + trick)
    assert answer.status in (400, 404, 414, 422), answer.body
    assert b"root:" not in answer.body
    named = urllib.parse.unquote(trick, errors="replace")
    answer = send("POST", "/v1/search", json.dumps({"query": "moon", "index": named}).encode())
    assert answer.status in (404, 422), answer.body


def test_an_index_name_that_is_only_said_to_exist(send: Send) -> None:
    answer = send("PUT", "/v1/indexes/new/documents", b'{"id": "a", "text": "b"}\n')
    assert answer.status == 404


@pytest.mark.parametrize("path", ["/nothing", "/v1", "/v1/", "/v1/searchx", "/v2/search", "/%00", "/etc/passwd", "/..", "/../etc/passwd"])
def test_routes_that_do_not_exist(send: Send, path: str) -> None:
    answer = send("GET", path)
    assert answer.status in (400, 404), answer.body


@pytest.mark.parametrize(
    "method, path",
    [("GET", "/v1/search"), ("DELETE", "/v1/search"), ("POST", "/health"), ("PUT", "/v1/models"), ("PATCH", "/v1/indexes/notes")],
)
def test_methods_that_a_route_does_not_have(send: Send, method: str, path: str) -> None:
    answer = send(method, path)
    assert answer.status == 405, answer.body
    assert answer.headers.get("allow"), answer.headers


def test_asking_for_the_head_alone(victim: LocalServer) -> None:
    with Wire(victim.url) as wire:
        wire.send(request("HEAD", "/health", key=victim.api_key))
        answer = wire.answer(to_head=True)
        assert answer is not None and answer.status in (200, 405)
        # Nothing of a body comes before the next answer.
        wire.send(request("GET", "/health", key=victim.api_key))
        after = wire.answer()
        assert after is not None and after.status == 200


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=abc", "limit=1e9", "limit=99999999999999999999", "limit", "limti=3"])
def test_parameters_that_are_wrong(send: Send, query: str) -> None:
    answer = send("GET", "/v1/indexes/notes/documents?" + query)
    assert answer.status in (400, 422), answer.body


def test_a_place_in_the_list_that_does_not_exist(send: Send) -> None:
    assert send("GET", "/v1/indexes/notes/documents?after=nowhere").status in (200, 404, 422)


def test_documents_by_any_id(send: Send) -> None:
    for document in DOCUMENTS:
        path = "/v1/indexes/notes/documents/" + urllib.parse.quote(str(document["id"]), safe="")
        assert send("GET", path).json["document"] == document["id"]
    for id in ("nothing", "%00", "moon%00", "moon%230", "..", "%2e%2e"):
        assert send("GET", "/v1/indexes/notes/documents/" + id).status in (400, 404)


# Writes


@pytest.fixture
def writable(scratch: Path) -> Iterator[LocalServer]:
    with serving([str(scratch)]) as server:
        yield server


def documents_of(server: LocalServer) -> int:
    with Client(server.url, server.api_key) as client:
        return len(Index("scratch", client))


PUT = "/v1/indexes/scratch/documents"
GOOD = b'{"id": "good", "text": "good"}\n'
BAD_LINES = {
    "not JSON": b"good\n",
    "an array": b"[]\n",
    "cut off": b'{"id": "x", "text": "',
    "no id": b'{"text": "x"}\n',
    "an id of another type": b'{"id": ["x"], "text": "x"}\n',
    "a text of another type": b'{"id": "x", "text": {"a": 1}}\n',
    "not UTF-8": b'{"id": "x", "text": "\xff\xfe"}\n',
    "deep": b'{"id": "x", "text": "x", "a": ' + b"[" * 50_000 + b"\n",
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_bad_line_and_nothing_is_written(writable: LocalServer, name: str) -> None:
    before = documents_of(writable)
    good = b"".join(b'{"id": "good%d", "text": "good"}\n' % number for number in range(3))
    answer = ask(writable.url, request("PUT", PUT, good + BAD_LINES[name], key=writable.api_key))
    assert answer.status in (400, 422), answer.body
    assert "4" in answer.error["message"] + str(answer.error.get("param")), answer.error
    assert documents_of(writable) == before


def test_an_id_twice_in_a_body(writable: LocalServer) -> None:
    before = documents_of(writable)
    answer = ask(writable.url, request("PUT", PUT, GOOD * 2, key=writable.api_key))
    if answer.status == 200:
        assert documents_of(writable) == before + 1
    else:
        assert answer.status == 422 and "standard input" not in answer.error["message"]
        assert documents_of(writable) == before


def test_a_client_that_leaves_in_the_middle_of_its_documents(writable: LocalServer) -> None:
    before = documents_of(writable)
    for framing in (f"Content-Length: {len(GOOD) * 5}", "Transfer-Encoding: chunked"):
        head = f"PUT {PUT} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {writable.api_key}\r\n{framing}\r\n\r\n".encode()
        with Wire(writable.url) as wire:
            wire.send(head + (GOOD if "Length" in framing else b"%x\r\n%s\r\n" % (len(GOOD), GOOD)))
    assert documents_of(writable) == before


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"ids": [3]}', b'{"ids": [null]}', b'{"id": ["moon"]}', b'["moon"]']
)
def test_deletions_that_are_wrong(writable: LocalServer, body: bytes) -> None:
    before = documents_of(writable)
    answer = ask(writable.url, request("DELETE", PUT, body, key=writable.api_key))
    assert answer.status in (400, 422), answer.body
    assert documents_of(writable) == before


def test_deleting_one(writable: LocalServer) -> None:
    odd = PUT + "/" + urllib.parse.quote("a/b #c?", safe="")
    assert ask(writable.url, request("DELETE", odd, key=writable.api_key)).status == 200
    assert ask(writable.url, request("GET", odd, key=writable.api_key)).status == 404
    assert documents_of(writable) == len(DOCUMENTS) - 1


def test_a_server_that_only_reads(scratch: Path) -> None:
    with serving([str(scratch)], ["--read-only"]) as server:
        for method, path, body in (
            ("PUT", PUT, GOOD),
            ("DELETE", PUT, b'{"ids": ["moon"]}'),
            ("DELETE", PUT + "/moon", b""),
        ):
            assert ask(server.url, request(method, path, body, key=server.api_key)).status == 403
        assert documents_of(server) == len(DOCUMENTS)


def test_many_writers_at_once(writable: LocalServer) -> None:
    import threading

    faults = []

    def write(number: int) -> None:
        with Client(writable.url, writable.api_key) as client:
            try:
                Index("scratch", client).add([{"id": f"w{number}", "text": "written at once"}])
            except Error as error:
                faults.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert documents_of(writable) == len(DOCUMENTS) + 8

"""Clients that are slow, silent, gone or many."""
import json
import socket
import struct
import threading
import time
from typing import List

from raw import TIMEOUT, Wire, ask, check_error, request

from trawl._server import LocalServer

BODY = b'{"query": "moon", "mode": "lexical"}'


def healthy(server: LocalServer) -> float:
    """Seconds that a cheap search of another client takes."""
    start = time.monotonic()
    assert ask(server.url, request("POST", "/v1/search", BODY, key=server.api_key)).status == 200
    return time.monotonic() - start


def dribble(server: LocalServer, first: bytes, drip: bytes, seconds: float) -> float:
    """Sends `first`, then `drip` every 100 ms. The seconds until the server answers or closes."""
    start = time.monotonic()
    with Wire(server.url, timeout=0.1) as wire:
        wire.send(first)
        while time.monotonic() - start < seconds:
            try:
                wire.socket.sendall(drip)
                answer = wire.answer()
                if answer is not None:
                    assert answer.status in (400, 408, 413), answer
                return time.monotonic() - start
            except (TimeoutError, socket.timeout):
                continue
            except OSError:
                return time.monotonic() - start
    return seconds


def test_a_request_line_that_never_ends(victim: LocalServer) -> None:
    assert dribble(victim, b"GET /", b"a", TIMEOUT * 4) < TIMEOUT * 3


def test_headers_that_never_end(victim: LocalServer) -> None:
    first = b"GET /health HTTP/1.1\r\nHost: a\r\n"
    assert dribble(victim, first, b"X-Slow: 1\r\n", TIMEOUT * 4) < TIMEOUT * 3


def test_a_body_that_never_ends(victim: LocalServer) -> None:
    first = request("POST", "/v1/search", key=victim.api_key).replace(b"Content-Length: 0", b"Content-Length: 5000")
    assert dribble(victim, first, b" ", TIMEOUT * 4) < TIMEOUT * 3


def test_chunks_that_never_end(victim: LocalServer) -> None:
    first = request("POST", "/v1/search", key=victim.api_key).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    assert dribble(victim, first, b"1\r\n \r\n", TIMEOUT * 4) < TIMEOUT * 3


def test_a_body_that_does_not_come_is_answered_408(victim: LocalServer) -> None:
    head = request("POST", "/v1/search", key=victim.api_key).replace(b"Content-Length: 0", b"Content-Length: 50")
    with Wire(victim.url, timeout=TIMEOUT * 4) as wire:
        wire.send(head)
        answer = wire.answer()
        assert answer is not None and answer.status == 408
        check_error(answer)
        assert wire.closes_within(2)


def test_a_connection_that_asks_nothing(victim: LocalServer) -> None:
    with Wire(victim.url) as silent, Wire(victim.url) as kept:
        kept.send(request("GET", "/health", key=victim.api_key))
        assert kept.answer() is not None
        time.sleep(TIMEOUT / 2)
        # Between two requests a client may take its time.
        kept.send(request("GET", "/health", key=victim.api_key))
        answer = kept.answer()
        assert answer is not None and answer.status == 200
        assert healthy(victim) < 5
        silent.socket.close()


def test_clients_that_hang_up(victim: LocalServer) -> None:
    search = request("POST", "/v1/search", b'{"query": "what pulls the oceans", "rerank": "late:5"}', key=victim.api_key)
    for part in (1, 20, len(search) // 2, len(search) - 1, len(search)):
        for is_reset in (False, True):
            with Wire(victim.url) as wire:
                wire.send(search[:part])
                if is_reset:
                    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert healthy(victim) < 5


def test_clients_that_hang_up_while_hits_are_streamed(victim: LocalServer) -> None:
    body = b'{"query": "what pulls the oceans", "rerank": "late:5", "stream": true}'
    for _ in range(5):
        with Wire(victim.url) as wire:
            wire.send(request("POST", "/v1/search", body, key=victim.api_key))
            wire.socket.recv(50)
    assert healthy(victim) < 5


def test_readers_that_do_not_read(victim: LocalServer) -> None:
    texts = ["text"] * 200
    body = json.dumps({"input": texts}).encode()
    wires: List[Wire] = []
    try:
        for _ in range(10):
            wire = Wire(victim.url)
            # A small window: the answer of 1 MB does not fit into the buffers of the kernel.
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            wires.append(wire)
            wire.send(request("POST", "/v1/embeddings", body, key=victim.api_key))
        time.sleep(1)
        assert healthy(victim) < 5
    finally:
        for wire in wires:
            wire.socket.close()


def test_many_connections(victim: LocalServer) -> None:
    wires = [Wire(victim.url) for _ in range(200)]
    try:
        assert healthy(victim) < 5
        for wire in wires[::10]:
            wire.send(request("GET", "/health", key=victim.api_key))
            answer = wire.answer()
            assert answer is None or answer.status == 200
    finally:
        for wire in wires:
            wire.socket.close()


def test_clients_at_once_get_their_own_answers(victim: LocalServer) -> None:
    queries = ["moon", "granite", "bees", "sugar"]
    wrong: List[str] = []

    def search(query: str) -> None:
        body = json.dumps({"query": query, "mode": "lexical", "k": 1}).encode()
        with Wire(victim.url) as wire:
            for _ in range(20):
                wire.send(request("POST", "/v1/search", body, key=victim.api_key))
                answer = wire.answer()
                if answer is None or answer.status != 200 or answer.json["query"] != query:
                    wrong.append(query)

    threads = [threading.Thread(target=search, args=(query,)) for query in queries * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []

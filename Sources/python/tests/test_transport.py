"""Connections, against a small server that misbehaves on purpose."""
import json
import os
import pickle
import socket
import threading
from typing import Callable, Iterator, List

import pytest

from trawl import Error
from trawl._transport import Transport, decoded, encoded, error_of


class Scripted:
    """A server that answers each connection by the next function of a script."""

    def __init__(self, *script: Callable[[socket.socket], None]) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.connections = 0
        self.thread = threading.Thread(target=self.run, args=(script,), daemon=True)
        self.thread.start()

    def run(self, script: "tuple[Callable[[socket.socket], None], ...]") -> None:
        for answer in script:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                answer(connection)

    def close(self) -> None:
        self.listener.close()


def read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answer_of(status: str, value: object, headers: str = "") -> bytes:
    body = json.dumps(value).encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def answering(*answers: bytes) -> Callable[[socket.socket], None]:
    """Answers as many requests of one connection, then closes it."""

    def run(connection: socket.socket) -> None:
        for answer in answers:
            if read_request(connection):
                connection.sendall(answer)

    return run


@pytest.fixture
def scripted() -> Iterator[Callable[..., Scripted]]:
    servers: List[Scripted] = []

    def start(*script: Callable[[socket.socket], None]) -> Scripted:
        servers.append(Scripted(*script))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


OK = answer_of("200 OK", {"is": "fine"})


def test_one_connection_serves_many_requests(scripted: Callable[..., Scripted]) -> None:
    server = scripted(answering(OK, OK, OK))
    transport = Transport(server.url)
    for _ in range(3):
        assert transport.json("GET", "/health") == {"is": "fine"}
    assert server.connections == 1


def test_a_kept_connection_that_the_server_closed_is_replaced(scripted: Callable[..., Scripted]) -> None:
    server = scripted(answering(OK), answering(OK))
    transport = Transport(server.url)
    assert transport.json("GET", "/health") == {"is": "fine"}
    assert transport.json("POST", "/v1/search", {"query": "a"}) == {"is": "fine"}
    assert server.connections == 2


def test_a_new_connection_that_is_closed_at_once_is_an_error(scripted: Callable[..., Scripted]) -> None:
    server = scripted(lambda connection: None)
    with pytest.raises(Error, match="connection to http://127.0.0.1:.* failed"):
        Transport(server.url).json("GET", "/health")
    assert server.connections == 1


def test_overload_is_tried_again_after_the_time_that_the_server_names(scripted: Callable[..., Scripted]) -> None:
    busy = answer_of("429 Too Many Requests", {"error": {"message": "busy"}}, "Retry-After: 0\r\n")
    server = scripted(answering(busy, busy, OK))
    assert Transport(server.url).json("GET", "/v1/models") == {"is": "fine"}


def test_overload_that_lasts_is_an_error(scripted: Callable[..., Scripted]) -> None:
    busy = answer_of("429 Too Many Requests", {"error": {"message": "busy"}}, "Retry-After: 0\r\n")
    server = scripted(answering(busy, busy))
    with pytest.raises(Error) as caught:
        Transport(server.url, retries=1).json("GET", "/v1/models")
    assert caught.value.status == 429


def test_a_body_that_is_refused_before_it_was_read_gives_the_status(scripted: Callable[..., Scripted]) -> None:
    def refuse(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(answer_of("413 Content Too Large", {"error": {"message": "too large"}}, "Connection: close\r\n"))
        connection.shutdown(socket.SHUT_WR)
        # Closing with unread input would reset the connection before the client has read the answer.
        connection.settimeout(2)
        try:
            for _ in range(20):
                if not connection.recv(1 << 16):
                    break
        except OSError:
            pass

    server = scripted(refuse)
    with pytest.raises(Error) as caught:
        Transport(server.url, timeout=5).send("PUT", "/documents", b"x" * (64 << 20), "application/x-ndjson")
    assert caught.value.status in (413, None)


def test_a_server_that_does_not_answer_is_an_error_after_the_timeout(scripted: Callable[..., Scripted]) -> None:
    waiting = threading.Event()
    server = scripted(lambda connection: (waiting.wait(5), None)[1])
    with pytest.raises(Error, match="within 0.2 seconds"):
        Transport(server.url, timeout=0.2).json("GET", "/health")
    waiting.set()


def test_no_server_at_all() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Error, match="no server answers"):
        Transport(f"http://127.0.0.1:{port}").json("GET", "/health")


@pytest.mark.parametrize("url", ["", "ftp://host", "http://", "http://host:port", "http://host:99999"])
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(Error, match="not the URL of a server"):
        Transport(url)


def test_a_path_below_which_the_server_is_mounted(scripted: Callable[..., Scripted]) -> None:
    heads: List[bytes] = []

    def record(connection: socket.socket) -> None:
        heads.append(read_request(connection))
        connection.sendall(OK)

    server = scripted(record)
    Transport(server.url + "/trawl/", "secret").json("GET", "/health")
    assert heads[0].startswith(b"GET /trawl/health HTTP/1.1\r\n")
    assert b"Authorization: Bearer secret\r\n" in heads[0]


def test_threads_do_not_share_a_connection_at_a_time(scripted: Callable[..., Scripted]) -> None:
    server = scripted(*[answering(OK)] * 8)
    # Each connection of the script answers once; threads that took one of another would fail.
    transport = Transport(server.url, kept=0)
    answers: List[object] = []
    threads = [threading.Thread(target=lambda: answers.append(transport.json("GET", "/health"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [{"is": "fine"}] * 8


def test_a_forked_process_opens_connections_of_its_own(scripted: Callable[..., Scripted]) -> None:
    server = scripted(answering(OK, OK), answering(OK))
    transport = Transport(server.url)
    transport.json("GET", "/health")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        transport._connection()
        os.write(writing, b"new" if not transport._idle else b"old")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 10) == b"new"
    assert transport.json("GET", "/health") == {"is": "fine"}


EVENTS = (
    "event: hits\ndata: {\"stage\":\ndata: \"search\"}\n\n: comment\n\nevent: done\ndata: {}\n\n".encode()
)


def test_server_sent_events(scripted: Callable[..., Scripted]) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {len(EVENTS)}\r\n\r\n".encode()
    server = scripted(answering(head + EVENTS, OK))
    transport = Transport(server.url)
    assert list(transport.events("/v1/search", {})) == [("hits", {"stage": "search"}), ("done", {})]
    assert transport.json("GET", "/health") == {"is": "fine"}
    assert server.connections == 1


def test_errors_say_what_where_and_what_to_do() -> None:
    body = b'{"error": {"message": "k is 0", "type": "invalid_request", "param": "$.k", "code": 422, "remedy": "give 1"}}'
    error = error_of(422, body)
    assert (error.status, error.param, error.message, error.remedy) == (422, "$.k", "k is 0", "give 1")
    assert str(error) == "$.k: k is 0; give 1"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": "text"}', b'{"error": {}}', b"\xff"])
def test_errors_of_a_proxy_that_knows_no_json(body: bytes) -> None:
    assert str(error_of(502, body)) == "the server answered 502 Bad Gateway"


def test_texts_that_are_no_unicode_are_refused_before_they_are_sent() -> None:
    with pytest.raises(Error, match="surrogate"):
        encoded({"query": "\ud83e"})
    with pytest.raises(Error, match="JSON"):
        encoded({"weights": {"dense": float("nan")}})
    with pytest.raises(Error, match="not JSON"):
        decoded(b"<html>")


def test_an_api_key_cannot_smuggle_a_header() -> None:
    with pytest.raises(Error, match="API key"):
        Transport("http://127.0.0.1:1", "a\r\nX: y")

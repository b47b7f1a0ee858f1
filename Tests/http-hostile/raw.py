"""Requests as bytes, so that they may be wrong, and answers as they come."""
import json
import socket
import time
import urllib.parse
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Union

# No answer takes longer on a busy machine.
PATIENCE = 20.0

# The limits of the attacked server, in seconds and bytes, so that tests are short.
TIMEOUT = 2
MAX_BODY = 1 << 20


@dataclass
class Answer:
    status: int
    headers: Dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> Dict[str, Any]:
        fault = self.json["error"]
        assert isinstance(fault, dict)
        return fault


class Wire:
    """One connection."""

    def __init__(self, url: str, timeout: float = PATIENCE) -> None:
        parts = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 80), timeout=timeout)
        self.buffer = b""
        self.is_closed = False

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Sends what the server takes: it may close while we send."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def answer(self, *, to_head: bool = False) -> Optional[Answer]:
        """The next answer; None if the server closed the connection instead.

        Raises:
            TimeoutError: neither happened.
        """
        head = self._until(b"\r\n\r\n")
        if head is None:
            return None
        lines = head.decode("latin-1").split("\r\n")
        version, status, *_ = lines[0].split(" ", 2)
        assert version.startswith("HTTP/1."), lines[0]
        headers = {}
        for line in lines[1:]:
            if line:
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
        code = int(status)
        if to_head or code in (204, 304) or 100 <= code < 200:
            return Answer(code, headers, b"")
        if "chunked" in headers.get("transfer-encoding", ""):
            body = self._chunks()
        elif "content-length" in headers:
            body = self._take(int(headers["content-length"]))
        else:
            body = self._rest()
        return Answer(code, headers, body)

    def answers(self) -> List[Answer]:
        """All answers until the server closes the connection, or is silent for a second."""
        self.socket.settimeout(1)
        found: List[Answer] = []
        try:
            while True:
                answer = self.answer()
                if answer is None:
                    return found
                found.append(answer)
        except (TimeoutError, socket.timeout):
            return found

    def closes_within(self, seconds: float) -> bool:
        """Whether the server closes the connection in that time; what it still sends is dropped."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if left <= 0:
                return False
            self.socket.settimeout(left)
            try:
                if not self.socket.recv(1 << 16):
                    return True
            except (TimeoutError, socket.timeout):
                return False
            except OSError:
                return True

    def _more(self) -> bool:
        if self.is_closed:
            return False
        try:
            data = self.socket.recv(1 << 16)
        except (ConnectionResetError, BrokenPipeError):
            data = b""
        self.is_closed = not data
        self.buffer += data
        return bool(data)

    def _until(self, end: bytes) -> Optional[bytes]:
        while end not in self.buffer:
            if not self._more():
                return None
        part, _, self.buffer = self.buffer.partition(end)
        return part

    def _take(self, count: int) -> bytes:
        while len(self.buffer) < count:
            assert self._more(), "the answer ends before its length"
        part, self.buffer = self.buffer[:count], self.buffer[count:]
        return part

    def _chunks(self) -> bytes:
        body = b""
        while True:
            size = self._until(b"\r\n")
            assert size is not None, "the answer ends within its chunks"
            part = self._take(int(size.split(b";")[0], 16) + 2)[:-2]
            if not part:
                return body
            body += part

    def _rest(self) -> bytes:
        while self._more():
            pass
        part, self.buffer = self.buffer, b""
        return part


Headers = Union[Dict[str, str], List[str]]


def request(
    method: str, path: str, body: bytes = b"", *, key: Optional[str] = None, headers: Headers = (), close: bool = False
) -> bytes:
    """The bytes of a request that is right but for what the arguments say."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if key is not None:
        lines.append(f"Authorization: Bearer {key}")
    if body or method in ("POST", "PUT", "DELETE"):
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    if close:
        lines.append("Connection: close")
    lines += [f"{name}: {value}" for name, value in headers.items()] if isinstance(headers, dict) else list(headers)
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def ask(url: str, data: bytes) -> Answer:
    """The answer to one request on a connection of its own."""
    with Wire(url) as wire:
        wire.send(data)
        answer = wire.answer()
        assert answer is not None, "the server closed the connection without an answer"
        return answer


def check_error(answer: Answer) -> None:
    """An error is JSON with a message for people, and without anything of the program's inside."""
    assert answer.headers.get("content-type", "").startswith("application/json"), answer
    fault = answer.error
    assert fault["message"] and fault["type"], fault
    assert fault["code"] == answer.status, fault
    assert set(fault) <= {"message", "type", "param", "code", "remedy"}, fault
    for word in ("Swift.", "DecodingError", "Fatal error", ".swift", "Optional(", "/Sources/", "0x0000"):
        assert word not in answer.body.decode("utf-8"), fault

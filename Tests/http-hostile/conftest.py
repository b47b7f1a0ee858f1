"""A server to attack: short patience, small bodies. After each test it must live and answer."""
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from raw import Answer, ask, request
from served import serving

from trawl._server import LocalServer

# Seconds and bytes, so that tests are short.
TIMEOUT = 2
MAX_BODY = 1 << 20


@pytest.fixture(scope="session")
def victim(notes: Path) -> Iterator[LocalServer]:
    with serving([str(notes)], ["--timeout", str(TIMEOUT), "--max-body", str(MAX_BODY >> 20)]) as server:
        yield server


@pytest.fixture(autouse=True)
def it_lives(victim: LocalServer) -> Iterator[None]:
    yield
    process = victim._process
    assert process is not None and process.poll() is None, f"the server died: {victim.last_words}"
    start = time.monotonic()
    assert ask(victim.url, request("GET", "/health", key=victim.api_key)).status == 200
    assert time.monotonic() - start < 5


@pytest.fixture
def send(victim: LocalServer) -> Callable[..., Answer]:
    """Sends a request with the right key, and checks that an error is told as documented."""

    def run(method: str, path: str, body: bytes = b"", **options: Any) -> Answer:
        answer = ask(victim.url, request(method, path, body, key=victim.api_key, **options))
        if answer.status >= 400:
            check_error(answer)
        return answer

    return run


def check_error(answer: Answer) -> None:
    """An error is JSON with a message for people, and without anything of the program's inside."""
    assert answer.headers.get("content-type", "").startswith("application/json"), answer
    fault = answer.error
    assert fault["message"] and fault["type"], fault
    assert fault["code"] == answer.status, fault
    assert set(fault) <= {"message", "type", "param", "code", "remedy"}, fault
    for word in ("Swift.", "DecodingError", "Fatal error", ".swift", "Optional(", "/Sources/", "0x0000"):
        assert word not in answer.body.decode("utf-8"), fault

"""A server to attack: short patience, small bodies. After each test it must live and answer."""
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from raw import MAX_BODY, TIMEOUT, Answer, ask, check_error, request
from served import serving

from trawl._server import LocalServer


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

"""Servers that the package starts by itself."""
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from served import REPOSITORY, status_of

import trawl
from trawl import Client, Error, Index
from trawl._binary import find_binary
from trawl._server import LocalServer, index_name


def wait_until(condition: "object", seconds: float = 10) -> bool:
    assert callable(condition)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture(autouse=True)
def no_server_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRAWL_URL", raising=False)
    monkeypatch.delenv("TRAWL_API_KEY", raising=False)


def test_an_index_by_its_path_starts_a_server(notes: Path) -> None:
    index = Index(notes)
    assert index.search("moon", mode="lexical", k=1)[0].document == "moon"
    server = index.client.server
    assert server is not None and server.url.startswith("http://127.0.0.1:")
    # The same index again is the same server.
    assert Index(os.path.relpath(notes)).client is index.client
    pid = server.pid
    index.client.close()
    assert pid is not None and not is_running(pid)
    # A closed one is replaced.
    again = Index(notes)
    assert again.client is not index.client and len(again) > 0
    again.client.close()


def test_it_wants_the_key_that_was_made_for_it(notes: Path) -> None:
    with Client(indexes=[notes]) as client:
        assert client.server is not None
        assert status_of(client.url, "/v1/indexes") == 401
        assert status_of(client.url, "/v1/indexes", "wrong") == 401
        assert status_of(client.url, "/v1/indexes", client.server.api_key) == 200
        # Other users of the machine can read command lines.
        command = Path(f"/proc/{client.server.pid}/cmdline").read_bytes().decode()
        assert client.server.api_key not in command


def test_url_and_key_from_the_environment(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAWL_URL", server.url)
    monkeypatch.setenv("TRAWL_API_KEY", server.api_key)
    index = Index("somewhere/else/notes.trawl")
    assert index.client.server is None
    assert index.search("moon", mode="lexical", k=1)[0].document == "moon"
    assert trawl.Embedder().client is index.client
    monkeypatch.setenv("TRAWL_API_KEY", "wrong")
    with pytest.raises(Error) as caught:
        Index("notes").search("moon")
    assert caught.value.status == 401


def test_it_outlives_the_thread_that_asked_for_it(notes: Path) -> None:
    clients = []
    thread = threading.Thread(target=lambda: clients.append(Client(indexes=[notes])))
    thread.start()
    thread.join()
    time.sleep(0.3)
    with clients[0] as client:
        assert Index("notes", client).search("moon", mode="lexical", k=1)


PROGRAM = """
import os, sys, time, trawl
index = trawl.Index(sys.argv[1])
print(index.client.server.pid, flush=True)
{end}
"""


def started_by_a_program(notes: Path, end: str) -> "tuple[subprocess.Popen[str], int]":
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM).format(end=end), str(notes)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "Sources/python")},
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def test_it_ends_with_the_program(notes: Path) -> None:
    process, pid = started_by_a_program(notes, "")
    assert process.wait(20) == 0
    assert not is_running(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="needs PR_SET_PDEATHSIG")
def test_it_ends_when_the_program_is_killed(notes: Path) -> None:
    process, pid = started_by_a_program(notes, "time.sleep(60)")
    assert is_running(pid)
    process.send_signal(signal.SIGKILL)
    process.wait(5)
    assert wait_until(lambda: not is_running(pid))


def test_it_ends_when_the_program_ends_without_cleaning_up(notes: Path) -> None:
    process, pid = started_by_a_program(notes, "os._exit(3)")
    assert process.wait(20) == 3
    assert wait_until(lambda: not is_running(pid))


def test_a_forked_process_that_ends_leaves_it_alone(notes: Path) -> None:
    end = """
if os.fork() == 0:
    assert len(index) > 0
    sys.exit(0)
assert os.wait()[1] == 0
print(len(index), flush=True)
"""
    process, pid = started_by_a_program(notes, end)
    assert process.stdout is not None and int(process.stdout.readline()) > 0
    assert process.wait(20) == 0
    assert not is_running(pid)


def test_ctrl_c_interrupts_the_program_and_not_the_server(notes: Path) -> None:
    end = """
try:
    print("waiting", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print(len(index), flush=True)
"""
    process, pid = started_by_a_program(notes, end)
    assert process.stdout is not None and process.stdout.readline() == "waiting\n"
    process.send_signal(signal.SIGINT)
    assert int(process.stdout.readline()) > 0
    assert process.wait(20) == 0
    assert not is_running(pid)


def test_an_index_that_does_not_exist(binary: str, tmp_path: Path) -> None:
    with pytest.raises(Error, match="nowhere"):
        Index(tmp_path / "nowhere.trawl")


def test_the_program_is_found(binary: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert find_binary() == binary
    monkeypatch.setenv("TRAWL_BINARY", str(tmp_path / "none"))
    with pytest.raises(Error, match="TRAWL_BINARY"):
        find_binary()
    monkeypatch.delenv("TRAWL_BINARY")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Error, match="was not found"):
        find_binary()
    # The command of the package itself is not it.
    script = tmp_path / "trawl"
    script.write_text("#!/usr/bin/python3\nfrom trawl._command import main\nmain()\n")
    script.chmod(0o755)
    with pytest.raises(Error, match="was not found"):
        find_binary()
    other = tmp_path / "other"
    other.mkdir()
    (other / "trawl").symlink_to(shutil.which("true", path="/bin:/usr/bin") or "/bin/true")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{other}")
    assert find_binary() == str(other / "trawl")


def test_a_program_that_cannot_serve_says_why(tmp_path: Path) -> None:
    program = tmp_path / "trawl"
    program.write_text("#!/bin/sh\necho 'error: no such verb: serve' >&2\nexit 64\n")
    program.chmod(0o755)
    with pytest.raises(Error, match="no such verb"):
        LocalServer(binary=str(program))


def test_a_program_that_never_listens(tmp_path: Path) -> None:
    program = tmp_path / "trawl"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    with pytest.raises(Error, match="did not listen within 0.5 seconds"):
        LocalServer(binary=str(program), timeout=0.5)


def test_the_command_of_the_package_is_the_program(binary: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "trawl._command", "--version"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "Sources/python")},
    )
    plain = subprocess.run([binary, "--version"], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, plain.stdout)


@pytest.mark.parametrize(
    "path, name", [("wikipedia", "wikipedia"), ("a/notes.trawl", "notes"), ("a/notes.trawl/", "notes"), ("b.c", "b.c")]
)
def test_names_of_indexes(path: str, name: str) -> None:
    assert index_name(path) == name

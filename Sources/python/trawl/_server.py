"""A server of one's own: started on a free port of the loopback interface, and gone when this process is."""
from __future__ import annotations

import atexit
import os
import re
import secrets
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import Deque, List, Optional, Sequence

from ._binary import find_binary
from ._transport import Transport
from .errors import Error

_LISTENING = re.compile(r"listening on (http://\S+)")

# Runs between this process and the server: asks the kernel for SIGTERM when this process dies, however it dies, and
# becomes the server. A function for `preexec_fn` would do the same in a forked copy of a process that has threads,
# where it may hang.
_STARTER = """
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 15)  # PR_SET_PDEATHSIG, SIGTERM
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""


class LocalServer:
    """A process ``trawl serve``. The constructor returns when it listens; models may still be loading.

    Args:
        indexes: names or paths of indexes.
        options: further flags of ``trawl serve``.
        api_key: the key that it demands; None: a random one.
        timeout: seconds that it may take to listen.

    Raises:
        Error: it could not be started, with what it said.
    """

    def __init__(
        self,
        indexes: Sequence[str] = (),
        *,
        options: Sequence[str] = (),
        binary: Optional[str] = None,
        api_key: Optional[str] = None,
        timeout: float = 30.0,
    ) -> None:
        program = find_binary() if binary is None else binary
        self._arguments = [program, "serve", *indexes, *options, "--port", "0"]
        self.api_key = secrets.token_urlsafe(24) if api_key is None else api_key
        self._said: Deque[str] = deque(maxlen=50)
        self._process: Optional[subprocess.Popen[str]] = None
        self._failure: Optional[BaseException] = None
        self._url: Optional[str] = None
        self._listens = threading.Event()
        self._owner = os.getpid()
        # The kernel sends the signal when the thread that started the process ends. So a thread starts it that lives as
        # long as the server does, and reads what it says, so that the pipe never fills.
        self._reader = threading.Thread(target=self._run, name="trawl serve", daemon=True)
        self._reader.start()
        if not self._listens.wait(timeout):
            self.close()
            raise Error(f"'trawl serve' did not listen within {timeout:g} seconds", remedy=self.last_words)
        if self._failure is not None:
            raise Error(f"'{program}' could not be started: {self._failure}")
        if self._url is None:
            self.close()
            raise Error("'trawl serve' stopped before it listened", remedy=self.last_words)
        self.url: str = self._url
        atexit.register(self.close)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> Optional[int]:
        """The number of the process; None after `close`."""
        return None if self._process is None else self._process.pid

    def wait_until_ready(self, timeout: float = 300.0) -> None:
        """Waits until the models are loaded.

        Raises:
            Error: they cannot be loaded, or not in time.
        """
        transport = Transport(self.url, self.api_key, retries=0)
        end = time.monotonic() + timeout
        try:
            while True:
                try:
                    transport.json("GET", "/ready")
                    return
                except Error as error:
                    if error.status != 503 or time.monotonic() > end:
                        raise Error(error.message, status=error.status, remedy=self.last_words) from None
                time.sleep(0.02)
        finally:
            transport.close()

    def close(self) -> None:
        """Stops the server. What it has begun is answered first."""
        if self._owner != os.getpid():
            # A forked process has a copy of this object; the server is not its own.
            return
        atexit.unregister(self.close)
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _run(self) -> None:
        try:
            process = subprocess.Popen(
                bound_to_this_process(self._arguments),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                env={**os.environ, "TRAWL_API_KEY": self.api_key},
                # Ctrl-C at a prompt of Python interrupts Python, not the server.
                start_new_session=True,
            )
        except OSError as error:
            self._failure = error
            self._listens.set()
            return
        self._process = process
        assert process.stderr is not None
        with process.stderr as lines:
            for line in lines:
                self._said.append(line.rstrip("\n"))
                found = _LISTENING.search(line)
                if found and self._url is None:
                    self._url = found.group(1).rstrip("/")
                    self._listens.set()
        process.wait()
        self._listens.set()

    @property
    def last_words(self) -> Optional[str]:
        """The last lines that the server wrote; None if there are none."""
        return "it said: " + " / ".join(self._said) if self._said else None


def bound_to_this_process(arguments: Sequence[str]) -> List[str]:
    """A command that runs another one, which gets SIGTERM when the thread of this process that starts it ends."""
    return [sys.executable, "-I", "-S", "-c", _STARTER, str(os.getpid()), *arguments]


def index_name(name_or_path: "str | os.PathLike[str]") -> str:
    """The name of an index in requests: its folder without ``.trawl``."""
    name = Path(os.fspath(name_or_path)).name
    return name[: -len(".trawl")] if name.endswith(".trawl") else name

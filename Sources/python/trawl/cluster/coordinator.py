"""A replica of the coordinator: an actor of Ray Serve that owns a process ``trawl serve MANIFEST`` and passes requests to it."""
from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any, AsyncIterator, Dict, FrozenSet, List, Optional, Tuple

import ray

from .._server import LocalServer
from ..errors import Error
from .answers import unavailable
from .manifest import ENDING
from .registry import NAMESPACE, Snapshot, registry_name

_log = logging.getLogger("ray.serve")
_FOLLOW_SECONDS = 2.0
# How long the first process waits for a replica of each shard, and models for being loaded.
_START_SECONDS = 300.0
# How long a request waits for a process where there is none.
_WAIT_SECONDS = 10.0
# A coordinator that has had no process for so long is started again, perhaps on another machine.
_PATIENCE = 60.0
# How long requests that have begun may go on in a process that was replaced.
_DRAIN_SECONDS = 30.0
# What belongs to one connection, not to the message (RFC 9110, 7.6.1), and what each hop writes by itself.
_OF_CONNECTIONS = frozenset(
    ("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer")
    + ("transfer-encoding", "upgrade", "host", "expect", "date", "server")
)


class _Process:
    """A process that serves a snapshot, and the number of requests in it."""

    def __init__(self, server: LocalServer, snapshot: Snapshot, folder: str) -> None:
        self.server = server
        self.snapshot = snapshot
        self.requests = 0
        self._folder = folder

    def close(self) -> None:
        """Stops it when the requests that it has are answered."""
        end = time.monotonic() + _DRAIN_SECONDS
        while self.requests > 0 and self.server.is_running and time.monotonic() < end:
            time.sleep(0.02)
        self.server.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class Coordinator:
    """Replaces its process when the shards' addresses change: the new one is ready before the old one is stopped."""

    def __init__(self, name: str) -> None:
        self._registry: Any = ray.get_actor(registry_name(name), namespace=NAMESPACE)
        self._facts: Dict[str, Any] = ray.get(self._registry.facts.remote())
        self._id = uuid.uuid4().hex
        self._process: Optional[_Process] = None
        self._snapshot: Optional[Snapshot] = None
        # Addresses that processes use which still run, also while they are replaced.
        self._uses: FrozenSet[str] = frozenset()
        self._new = threading.Event()
        self._stops = threading.Event()
        self._session: Any = None
        self._down_since: Optional[float] = None
        for task in (self._follow, self._keep):
            threading.Thread(target=task, name=task.__name__.strip("_"), daemon=True).start()
        end = time.monotonic() + _START_SECONDS
        while self._process is None:
            if time.monotonic() > end:
                self._stops.set()
                raise Error(f"the coordinator of {name} was not ready within {_START_SECONDS:g} seconds")
            time.sleep(0.02)

    def check_health(self) -> None:
        """Called by Ray, which starts another replica when it fails."""
        since = self._down_since
        if since is not None and time.monotonic() - since > _PATIENCE:
            raise Error("the coordinator cannot start its server")

    async def __del__(self) -> None:
        """Called by Ray before it stops the actor, when its requests are answered."""
        if self._stops.is_set():
            return
        self._stops.set()
        process, self._process = self._process, None
        if process is not None:
            await asyncio.get_running_loop().run_in_executor(None, process.close)
        try:
            await self._registry.stopped.remote(self._id)
        except ray.exceptions.RayError:
            pass  # it will find out
        if self._session is not None:
            await self._session.close()

    # Requests

    async def __call__(self, request: Any) -> Any:
        from aiohttp import ClientError
        from starlette.responses import Response, StreamingResponse

        process = await self._running()
        if process is None:
            return _retry(Response, "the coordinator has no server at the moment")
        process.requests += 1
        try:
            answer = await self._send(process, request)
        except (ClientError, OSError) as error:
            process.requests -= 1
            _log.warning("a request failed: %s", error)
            return _retry(Response, "the server of the coordinator died while it had the request")
        except BaseException:
            process.requests -= 1
            raise

        async def body() -> AsyncIterator[bytes]:
            try:
                async for part in answer.content.iter_any():
                    yield part
            finally:
                process.requests -= 1
                answer.close()

        response = StreamingResponse(body(), status_code=answer.status)
        response.raw_headers = [
            (key.lower(), value) for key, value in answer.raw_headers if key.decode("latin-1").lower() not in _OF_CONNECTIONS
        ]
        return response

    async def _running(self) -> Optional[_Process]:
        end = time.monotonic() + _WAIT_SECONDS
        while True:
            process = self._process
            if process is not None and process.server.is_running:
                return process
            if time.monotonic() > end:
                return None
            await asyncio.sleep(0.02)

    async def _send(self, process: _Process, request: Any) -> Any:
        from aiohttp import ClientSession, ClientTimeout, TCPConnector
        from yarl import URL

        if self._session is None:
            self._session = ClientSession(
                connector=TCPConnector(limit=0), timeout=ClientTimeout(total=None), auto_decompress=False
            )
        headers = [
            (key.decode("latin-1"), value.decode("latin-1"))
            for key, value in request.scope["headers"]
            if key.decode("latin-1").lower() not in _OF_CONNECTIONS
        ]
        if not self._facts["has_own_key"]:
            headers = [item for item in headers if item[0].lower() != "authorization"]
            headers.append(("Authorization", f"Bearer {self._facts['api_key']}"))
        path = (request.scope.get("raw_path") or request.url.path.encode()).decode("latin-1")
        query = request.scope.get("query_string", b"").decode("latin-1")
        url = URL(process.server.url + path + ("?" + query if query else ""), encoded=True)
        has_body = any(key.lower() in ("content-length", "transfer-encoding") for key, _ in _decoded(request))
        return await self._session.request(
            request.method, url, headers=headers, data=request.stream() if has_body else None, allow_redirects=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )

    # Processes

    def _follow(self) -> None:
        """Keeps the newest snapshot, and tells the registry which addresses are in use."""
        while not self._stops.is_set():
            try:
                # A longer wait would look like death.
                known = self._uses if self._snapshot is None else self._snapshot.addresses
                call = self._registry.follow.remote(self._id, self._uses, known, _FOLLOW_SECONDS)
                snapshot = ray.get(call, timeout=_FOLLOW_SECONDS * 5)
            except ray.exceptions.RayError as error:
                _log.warning("the registry does not answer: %s", error)
                self._stops.wait(0.5)
                continue
            if snapshot is not None:
                self._snapshot = snapshot
                self._new.set()

    def _keep(self) -> None:
        """Keeps a process of the newest snapshot running."""
        pause = 0.1
        while not self._stops.is_set():
            process = self._process
            is_down = process is None or not process.server.is_running
            if not (is_down or self._new.is_set()) or self._snapshot is None:
                self._new.wait(0.1)
                continue
            if not is_down:
                # Changes come in groups: replicas start and stop together.
                while self._new.is_set() and not self._stops.is_set():
                    self._new.clear()
                    self._stops.wait(self._facts["settings"].settle)
            self._new.clear()
            snapshot = self._snapshot
            if not is_down and process is not None and snapshot == process.snapshot:
                continue
            try:
                self._replace(process, snapshot)
                self._down_since, pause = None, 0.1
            except Error as error:
                _log.error("the coordinator's server cannot be started: %s", error)
                if is_down and self._down_since is None:
                    self._down_since = time.monotonic()
                self._new.set()
                self._stops.wait(pause)
                pause = min(pause * 2, 2.0)

    def _replace(self, old: Optional[_Process], snapshot: Snapshot) -> None:
        settings = self._facts["settings"]
        self._uses = self._uses | snapshot.addresses
        options = (["--allow-partial"] if settings.allow_partial else []) + list(settings.options)
        folder = tempfile.mkdtemp(prefix="trawl-coordinator-")
        path = Path(folder) / (self._facts["name"] + ENDING)
        path.write_text(snapshot.text, encoding="utf-8")
        server: Optional[LocalServer] = None
        try:
            server = LocalServer([str(path)], options=options, binary=self._facts["binary"], api_key=self._facts["api_key"])
            server.wait_until_ready(_START_SECONDS)
        except Error:
            if server is not None:
                server.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._process = _Process(server, snapshot, folder)
        if self._stops.is_set():
            self._process.close()
            return
        if old is not None:
            old.close()
        self._uses = snapshot.addresses


def _decoded(request: Any) -> List[Tuple[str, str]]:
    return [(key.decode("latin-1"), value.decode("latin-1")) for key, value in request.scope["headers"]]


def _retry(kind: Any, message: str) -> Any:
    return kind(unavailable(message), 503, {"Retry-After": "1"}, media_type="application/json")

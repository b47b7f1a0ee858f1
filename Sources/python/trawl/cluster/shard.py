"""A replica of a shard: an actor of Ray Serve that owns a process ``trawl serve``."""
from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any, Dict, List

import ray

from .._server import LocalServer
from .._transport import Transport
from ..errors import Error
from .manifest import Shard
from .registry import NAMESPACE, registry_name

_log = logging.getLogger("ray.serve")
_PULSE = 1.0
# A replica that has not answered for so long is started again.
_PATIENCE = 15.0
# How long coordinators may take to let go of a replica that would like to stop.
RELEASE_SECONDS = 60.0


class ShardReplica:
    """Serves a build of a shard, tells the registry so each second, and is no more when its process dies.

    Questions of coordinators go to the process, not through Ray.
    """

    def __init__(self, name: str, shard: Shard) -> None:
        self._registry: Any = ray.get_actor(registry_name(name), namespace=NAMESPACE)
        facts: Dict[str, Any] = ray.get(self._registry.facts.remote())
        self._shard = shard
        self._id = uuid.uuid4().hex
        self._cpus = facts["settings"].shards.cpus
        # The name of an index is that of its folder: a link gives it the name of the build.
        self._folder = tempfile.mkdtemp(prefix="trawl-shard-")
        link = Path(self._folder) / f"{shard.build}.trawl"
        link.symlink_to(shard.path)
        options = ["--host", ray.util.get_node_ip_address(), "--read-only", *facts["settings"].options]
        self._stops = threading.Event()
        self._load = 0.0
        try:
            self._server = LocalServer([str(link)], options=options, binary=facts["binary"], api_key=facts["api_key"])
            self._server.wait_until_ready()
        except Error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self._transport = Transport(self._server.url, facts["api_key"], timeout=5, retries=0)
        self._url = f"{self._server.url}/{shard.build}"
        self._answered = time.monotonic()
        self._report()
        self._pulse = threading.Thread(target=self._beat, name="pulse", daemon=True)
        self._pulse.start()

    def check_health(self) -> None:
        """Called by Ray, which starts another replica when it fails."""
        if time.monotonic() - self._answered > _PATIENCE:
            raise Error(f"shard {self._shard.number} at {self._url} does not answer")

    def record_autoscaling_stats(self) -> Dict[str, float]:
        """Called by Ray: the share of the replica's processors that is busy."""
        return {"load": self._load}

    async def __del__(self) -> None:
        """Called by Ray before it stops the actor."""
        if self._stops.is_set():
            return
        try:
            await self._registry.leave.remote(self._id, RELEASE_SECONDS)
        except ray.exceptions.RayError:
            pass  # the registry stops too
        self._stops.set()
        self._server.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _report(self) -> None:
        ray.get(
            self._registry.here.remote(self._id, self._shard.number, self._shard.build, self._url), timeout=_PULSE * 5
        )

    def _beat(self) -> None:
        busy, then = self._busy_seconds(), time.monotonic()
        while not self._stops.wait(_PULSE / 5):
            if not self._server.is_running:
                self._die()
                return
            now = time.monotonic()
            if now - then < _PULSE:
                continue
            used = self._busy_seconds()
            self._load, busy, then = (used - busy) / (now - then) / self._cpus, used, now
            try:
                self._transport.json("GET", "/health")
                self._answered = time.monotonic()
                self._report()
            except Error as error:
                _log.warning("shard %d: %s", self._shard.number, error)
            except ray.exceptions.RayError as error:
                _log.warning("the registry does not answer: %s", error)

    def _die(self) -> None:
        """The process has died: the sooner this actor follows, the sooner Ray starts another."""
        if self._stops.is_set():
            return
        _log.error("shard %d: its server has died: %s", self._shard.number, self._server.last_words)
        try:
            ray.get(self._registry.gone.remote(self._id), timeout=_PULSE)
        except ray.exceptions.RayError:
            pass  # it will find out
        shutil.rmtree(self._folder, ignore_errors=True)
        os._exit(1)

    def _busy_seconds(self) -> float:
        try:
            fields: List[str] = Path(f"/proc/{self._server.pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

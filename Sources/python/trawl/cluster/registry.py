"""Who serves which shard: an actor that replicas report to and coordinators follow."""
from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from typing import Any, Dict, FrozenSet, List, Optional

from ..errors import Error
from .manifest import Manifest
from .settings import Settings

NAMESPACE = "trawl"
# Replicas and coordinators report each second. One that has been silent for so long is taken for dead.
_LEASE = 5.0


def registry_name(name: str) -> str:
    """The name of the actor in Ray."""
    return f"registry of {name}"


@dataclass(frozen=True)
class Snapshot:
    """What a coordinator serves: the text of a manifest, and the addresses in it."""

    text: str
    addresses: FrozenSet[str]


@dataclass
class _Replica:
    shard: int
    build: str
    url: str
    seen: float = field(default_factory=time.monotonic)
    leaves: bool = False


@dataclass
class _Coordinator:
    uses: FrozenSet[str]
    seen: float = field(default_factory=time.monotonic)


class Registry:
    """The methods are those of an actor, which Ray starts again where it dies: everything that it knows is in the manifest's
    file and in what replicas and coordinators report again and again."""

    def __init__(self, name: str, path: str, settings: Settings, api_key: str, has_own_key: bool, binary: str) -> None:
        self._facts = {
            "name": name, "path": path, "settings": settings, "api_key": api_key, "has_own_key": has_own_key,
            "binary": binary,
        }
        self._path = path
        self._manifest = Manifest.read(path, binary)
        self._binary = binary
        self._replicas: Dict[str, _Replica] = {}
        self._coordinators: Dict[str, _Coordinator] = {}
        self._changed = asyncio.Condition()

    async def facts(self) -> Dict[str, Any]:
        """What replicas, coordinators and other processes of the application need to know."""
        return self._facts

    # Replicas

    async def here(self, id: str, shard: int, build: str, url: str) -> None:
        """A replica lives. To be called each second."""
        known = self._replicas.get(id)
        if known is not None:
            known.seen = time.monotonic()
            return
        self._replicas[id] = _Replica(shard, build, url)
        await self._notify()

    async def gone(self, id: str) -> None:
        """A replica has died."""
        if self._replicas.pop(id, None) is not None:
            await self._notify()

    async def leave(self, id: str, timeout: float) -> bool:
        """A replica would like to stop. Returns when no coordinator uses it any more: whether that was in time."""
        replica = self._replicas.get(id)
        if replica is None:
            return True
        replica.leaves = True
        await self._notify()
        try:
            return await self._until(lambda: not self._uses(replica.url), timeout)
        finally:
            await self.gone(id)

    # Coordinators

    async def follow(
        self, id: str, uses: FrozenSet[str], known: FrozenSet[str], timeout: float
    ) -> Optional[Snapshot]:
        """The snapshot as soon as it has other addresses than a coordinator knows; None where it has not in time.

        ``uses`` are the addresses in its processes. To be called again and again.
        """
        self._coordinators[id] = _Coordinator(uses)
        await self._notify()

        def is_new() -> bool:
            snapshot = self._snapshot()
            return snapshot is not None and snapshot.addresses != known

        return self._snapshot() if await self._until(is_new, timeout) else None

    async def stopped(self, id: str) -> None:
        """A coordinator has stopped."""
        if self._coordinators.pop(id, None) is not None:
            await self._notify()

    # Replacement

    async def shards(self) -> List[str]:
        """The paths of all shards that are served, by number."""
        return [shard.path for shard in self._manifest.shards]

    async def switch(self, path: str, timeout: float) -> bool:
        """Serves the manifest in the file ``path``, which replaces the one that is served, when each of its shards has a
        replica. Returns when no coordinator uses another build: whether that was in time.

        Raises:
            Error: a shard has no replica in time. Nothing has changed then.
        """
        new = Manifest.read(path, self._binary)
        if not await self._until(lambda: self._missing(new) is None, timeout):
            missing = self._missing(new)
            raise Error(f"no replica of the new build of shard {missing} was ready within {timeout:g} seconds")
        os.replace(path, self._path)
        self._manifest = new
        await self._notify()
        builds = {shard.build for shard in new.shards}
        old = [replica.url for replica in self._replicas.values() if replica.build not in builds]
        return await self._until(lambda: not any(map(self._uses, old)), timeout)

    async def status(self) -> Dict[str, Any]:
        """The replicas of each shard and the number of coordinators."""
        self._sweep()
        return {
            "shards": [
                {"number": shard.number, "path": shard.path, "digest": shard.digest, "replicas": self._urls(shard.build)}
                for shard in self._manifest.shards
            ],
            "coordinators": len(self._coordinators),
        }

    # What follows from it

    def _urls(self, build: str) -> List[str]:
        return sorted(item.url for item in self._replicas.values() if item.build == build and not item.leaves)

    def _missing(self, manifest: Manifest) -> Optional[int]:
        return next((shard.number for shard in manifest.shards if not self._urls(shard.build)), None)

    def _snapshot(self) -> Optional[Snapshot]:
        """None while a shard has no replica: without an address a coordinator would open the shard by itself. Those that run
        keep the old addresses meanwhile, and answer that the shard is missing."""
        replicas = {shard.number: self._urls(shard.build) for shard in self._manifest.shards}
        if not all(replicas.values()):
            return None
        addresses = frozenset(url for urls in replicas.values() for url in urls)
        return Snapshot(self._manifest.text(replicas), addresses)

    def _uses(self, url: str) -> bool:
        return any(url in coordinator.uses for coordinator in self._coordinators.values())

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _until(self, condition: Any, timeout: float) -> bool:
        """Waits until the condition holds, and looks at least each second, as time alone changes who lives."""
        end = time.monotonic() + timeout
        while True:
            self._sweep()
            if condition():
                return True
            left = end - time.monotonic()
            if left <= 0:
                return False
            async with self._changed:
                try:
                    await asyncio.wait_for(self._changed.wait(), min(left, 1.0))
                except asyncio.TimeoutError:
                    pass

    def _sweep(self) -> None:
        """Forgets who has been silent for too long."""
        oldest = time.monotonic() - _LEASE
        for id in [id for id, item in self._replicas.items() if item.seen < oldest and not item.leaves]:
            del self._replicas[id]
        for id in [id for id, item in self._coordinators.items() if item.seen < oldest]:
            del self._coordinators[id]

"""Serving the shards of a manifest with Ray Serve, as one index.

An application for each build of each shard, whose replicas own a process ``trawl serve``; an application of coordinators, which
answer clients; and a registry, which tells coordinators the addresses of the replicas that live.
"""
from __future__ import annotations

import os
import secrets
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence

import ray
from ray import serve as ray_serve
from ray.serve.config import AutoscalingConfig, AutoscalingPolicy, HTTPOptions
from ray.serve.schema import LoggingConfig

from .._binary import find_binary
from ..errors import Error
from .connection import connect
from .coordinator import Coordinator
from .manifest import ENDING, Manifest, Shard, name_of
from .registry import NAMESPACE, Registry, registry_name
from .scaling import ByLoad
from .settings import Scale, Settings
from .shard import RELEASE_SECONDS, ShardReplica

_START_SECONDS = 600.0
# Requests that Ray passes to a coordinator at a time; its server has a queue of its own, and refuses what is too much.
_MOST_REQUESTS = 1024
_COMMON: Dict[str, Any] = {
    "health_check_period_s": 1,
    "health_check_timeout_s": 10,
    "graceful_shutdown_wait_loop_s": 0.2,
    "logging_config": LoggingConfig(enable_access_log=False, log_level="WARNING"),
}


def serve(
    manifest: "str | os.PathLike[str]",
    settings: Optional[Settings] = None,
    *,
    binary: Optional[str] = None,
    address: Optional[str] = None,
) -> Application:
    """Starts the application, and returns when it answers. It goes on when this process ends, unless the cluster does.

    Args:
        manifest: the file that lists the shards.
        settings: how they are served; None: by one replica each.
        address: the cluster of Ray; None: see `connection.connect`.

    Raises:
        Error: the manifest is not one, the application runs already, or not all shards can be served.
    """
    settings = settings or Settings()
    program = binary or find_binary()
    path = os.path.abspath(manifest)
    shards = Manifest.read(path, program).shards
    name = settings.name or name_of(path)
    connect(address)
    if _registry(name) is not None:
        raise Error(f"'{name}' is served already", remedy="stop it first, or give another name")
    # Coordinators and shards share a key: the user's, which clients must present, or one that stays among them.
    key = os.environ.get("TRAWL_API_KEY") or None
    actor: Any = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=0, max_concurrency=10000)(Registry)
    registry = actor.options(name=registry_name(name), namespace=NAMESPACE, lifetime="detached").remote(
        name, path, settings, key or secrets.token_urlsafe(24), key is not None, program
    )
    application = Application(name, registry)
    try:
        application.facts()
        ray_serve.start(
            http_options=HTTPOptions(host=settings.host, port=settings.port), logging_config=_COMMON["logging_config"]
        )
        application._start_shards(shards)
        application._start_coordinators()
    except BaseException:
        application.stop()
        raise
    return application


def find(name: Optional[str] = None, *, address: Optional[str] = None) -> Application:
    """An application that runs; the only one if no name is given.

    Raises:
        Error: there is none, or more than one.
    """
    connect(address, must_exist=True)
    prefix = registry_name("")
    running = sorted(
        actor["name"][len(prefix) :]
        for actor in ray.util.list_named_actors(all_namespaces=True)
        if actor["namespace"] == NAMESPACE and actor["name"].startswith(prefix)
    )
    if name is None:
        if len(running) != 1:
            what = f"{len(running)} applications run: {', '.join(running)}" if running else "no application runs"
            raise Error(what, remedy="name one" if running else "start one with 'serve'")
        name = running[0]
    registry = _registry(name)
    if registry is None:
        raise Error(f"no application '{name}' runs", remedy=f"those that do: {', '.join(running) or 'none'}")
    return Application(name, registry)


def _registry(name: str) -> Any:
    try:
        return ray.get_actor(registry_name(name), namespace=NAMESPACE)
    except ValueError:
        return None


class Application:
    """Shards that are served as one index. Made by `serve` and `find`."""

    def __init__(self, name: str, registry: Any) -> None:
        self.name = name
        self._registry = registry

    @property
    def url(self) -> str:
        """Where clients connect to, on this machine."""
        settings = self.facts()["settings"]
        host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
        return f"http://{host}:{settings.port}"

    def facts(self) -> Dict[str, Any]:
        return dict(self._ask("facts"))

    def status(self) -> Dict[str, Any]:
        """The shards with their replicas, and the number of coordinators."""
        return dict(self._ask("status"))

    def replace(self, number: int, path: "str | os.PathLike[str]") -> None:
        """Serves a newer build of a shard. Searches go on, each with one build: its replicas are started, coordinators switch to
        them, and those of the older build are stopped. Then the manifest's file names the newer build.

        Raises:
            Error: the index is not a build of that shard by the same recipe, or cannot be served. The older build is served then.
        """
        facts = self.facts()
        old = Manifest.read(facts["path"], facts["binary"]).shards
        if not 0 <= number < len(old):
            raise Error(f"there is no shard {number} of {len(old)}", remedy="they are numbered from 0")
        paths: List["str | os.PathLike[str]"] = [shard.path for shard in old]
        paths[number] = os.path.abspath(path)
        # Beside the file that it will replace, so that this is one step.
        folder = os.path.dirname(facts["path"])
        handle, draft = tempfile.mkstemp(prefix=f".{self.name}-", suffix=ENDING, dir=folder)
        os.close(handle)
        try:
            Manifest.write(paths, draft, facts["binary"])
            new = Manifest.read(draft, facts["binary"]).shards
            if new[number].build == old[number].build:
                raise Error(f"shard {number} is this build already")
            self._start_shards([new[number]])
            try:
                self._ask("switch", draft, RELEASE_SECONDS)
            except Error:
                self._delete([new[number]])
                raise
        finally:
            Path(draft).unlink(missing_ok=True)
        self._delete([old[number]])

    def stop(self) -> None:
        """Stops everything. What has begun is answered."""
        # Coordinators first: nobody asks the shards then.
        self._delete_names(name for name in self._running() if name == self.name)
        self._delete_names(self._running())
        ray.kill(self._registry)
        end = time.monotonic() + 10
        while _registry(self.name) is not None and time.monotonic() < end:
            time.sleep(0.05)

    # Deployments

    def _start_shards(self, shards: Sequence[Shard]) -> None:
        scale = self.facts()["settings"].shards
        targets = []
        for shard in shards:
            deployment: Any = ray_serve.deployment(
                name=f"shard-{shard.number}", graceful_shutdown_timeout_s=RELEASE_SECONDS + 30,
                ray_actor_options={"num_cpus": scale.cpus}, **_scaling(scale, by_load=True), **_COMMON,
            )
            bound = deployment(ShardReplica).bind(self.name, shard)
            targets.append(ray_serve.RunTarget(target=bound, name=self._application(shard), route_prefix=None))
        self._run(targets)

    def _start_coordinators(self) -> None:
        scale = self.facts()["settings"].coordinators
        deployment: Any = ray_serve.deployment(
            name="coordinator", graceful_shutdown_timeout_s=60, max_ongoing_requests=_MOST_REQUESTS,
            ray_actor_options={"num_cpus": scale.cpus}, **_scaling(scale, by_load=False), **_COMMON,
        )
        bound = deployment(Coordinator).bind(self.name)
        self._run([ray_serve.RunTarget(target=bound, name=self.name, route_prefix="/")])

    def _run(self, targets: Sequence[Any]) -> None:
        """Returns when all replicas run."""
        ray_serve.run_many(list(targets), wait_for_applications_running=False)
        waiting = {target.name for target in targets}
        end = time.monotonic() + _START_SECONDS
        while waiting:
            applications = ray_serve.status().applications
            for name in sorted(waiting):
                found = applications.get(name)
                if found is None:
                    continue
                reasons = [item.message for item in found.deployments.values() if item.message]
                if found.status == "RUNNING":
                    waiting.remove(name)
                elif found.status in ("DEPLOY_FAILED", "UNHEALTHY"):
                    self._delete_names(target.name for target in targets)
                    raise Error(f"{name} cannot be served: {'; '.join(reasons) or found.message}")
            if time.monotonic() > end:
                self._delete_names(target.name for target in targets)
                raise Error(
                    f"{', '.join(sorted(waiting))} did not run within {_START_SECONDS:g} seconds",
                    remedy="look whether the cluster has processors for all replicas: 'ray status'",
                )
            time.sleep(0.1)

    def _application(self, shard: Shard) -> str:
        return f"{self.name}.{shard.build}"

    def _delete(self, shards: Sequence[Shard]) -> None:
        self._delete_names(self._application(shard) for shard in shards)

    def _delete_names(self, names: Iterable[str]) -> None:
        """Returns when the replicas of these applications have stopped."""
        left = list(names)
        for name in left:
            ray_serve.delete(name, _blocking=False)
        end = time.monotonic() + RELEASE_SECONDS + 60
        while time.monotonic() < end and any(name in ray_serve.status().applications for name in left):
            time.sleep(0.1)

    def _running(self) -> List[str]:
        applications = ray_serve.status().applications
        return [name for name in applications if name == self.name or name.startswith(self.name + ".")]

    def _ask(self, method: str, *arguments: Any) -> Any:
        try:
            return ray.get(getattr(self._registry, method).remote(*arguments))
        except ray.exceptions.RayTaskError as error:
            cause = error.cause
            raise cause if isinstance(cause, Error) else Error(f"the registry failed: {cause}") from None
        except ray.exceptions.RayActorError:
            raise Error(f"the registry of '{self.name}' has died", remedy="try again: Ray starts it anew") from None


def _scaling(scale: Scale, *, by_load: bool) -> Dict[str, Any]:
    if scale.most is None:
        return {"num_replicas": scale.replicas}
    options: Dict[str, Any] = {"min_replicas": scale.replicas, "max_replicas": scale.most}
    if by_load:
        options["policy"] = AutoscalingPolicy(policy_function=ByLoad, policy_kwargs={"load": scale.load})
    else:
        options["target_ongoing_requests"] = scale.load
    return {"autoscaling_config": AutoscalingConfig(**options)}

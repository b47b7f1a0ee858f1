"""The commands ``python -m trawl.cluster``."""
from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import sys
import threading
from typing import Any, List, Optional

from ..errors import Error
from .settings import Scale, Settings


def main(arguments: Optional[List[str]] = None) -> int:
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        return int(given.run(given))
    except Error as error:
        print(f"trawl.cluster: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("trawl.cluster: stopped", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trawl.cluster",
        description="Build and serve an index of many machines, on a cluster of Ray. docs/cluster-ray.md explains it.",
        epilog="Without --address the commands use the cluster of RAY_ADDRESS, or one that runs on this machine; 'build' and "
        "'serve' start one where there is none. Exit codes: 0 done, 2 error, 130 stopped with Ctrl-C.",
    )
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    verb = _verb(verbs, "build", _build, "Build all shards of a recipe's corpus, and their manifest.",
        "Run it again after a failure: shards that are finished and current are kept.")
    verb.add_argument("recipe", metavar="RECIPE", help="the recipe: YAML with corpus.paths (docs/recipes.md)")
    verb.add_argument("--shards", type=int, required=True, metavar="N", help="the number of shards")
    verb.add_argument("--output", required=True, metavar="DIR", help="the folder of the shards and of NAME.shards.json")
    verb.add_argument("--name", help="what they are called (default: as the recipe)")
    verb.add_argument("--cpus", type=float, default=1.0, metavar="N", help="processors reserved for each build (default: 1)")
    verb.add_argument("--retries", type=int, default=3, metavar="N",
        help="how often a shard is tried again whose worker died (default: 3)")
    verb.add_argument("--rebuild", action="store_true", help="build all shards, also those that are current")
    verb.add_argument("--quiet", action="store_true", help="do not show progress")

    verb = _verb(verbs, "serve", _serve, "Serve the shards of a manifest as one index, until Ctrl-C.",
        "The routes are those of 'trawl serve' (docs/http.md). TRAWL_API_KEY is the key that requests must present.")
    verb.add_argument("manifest", metavar="MANIFEST", help="the file that 'build' or 'trawl shards manifest' wrote")
    verb.add_argument("--settings", metavar="FILE", help="YAML with the settings; flags win over it")
    verb.add_argument("--name", help="what the application and its index are called (default: as the manifest)")
    verb.add_argument("--replicas", type=int, metavar="N", help="replicas of each shard (default: 1)")
    verb.add_argument("--coordinators", type=int, metavar="N", help="replicas of the coordinator (default: 1)")
    verb.add_argument("--host", help="the address to listen on (default: 127.0.0.1)")
    verb.add_argument("--port", type=int, metavar="N", help="the port (default: 8000)")
    verb.add_argument("--allow-partial", action="store_true", default=None,
        help="go on without shards that do not answer, and say which are missing")
    verb.add_argument("--detach", action="store_true", help="return when it answers; it goes on until 'stop'")

    verb = _verb(verbs, "replace", _replace, "Serve a newer build of a shard, without an interruption.",
        "The manifest's file names the newer build afterwards.")
    verb.add_argument("shard", type=int, metavar="NUMBER", help="the number of the shard, from 0")
    verb.add_argument("path", metavar="PATH", help="the newer build: a folder that ends in .trawl")
    verb.add_argument("--name", help="the application (default: the only one)")

    verb = _verb(verbs, "status", _status, "List the replicas that answer for each shard.", "")
    verb.add_argument("--name", help="the application (default: the only one)")
    verb.add_argument("--json", action="store_true", help="print one JSON object")

    verb = _verb(verbs, "stop", _stop, "Stop an application. Requests that have begun are answered.", "")
    verb.add_argument("--name", help="the application (default: the only one)")
    return parser


def _verb(verbs: Any, name: str, run: Any, summary: str, more: str) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = verbs.add_parser(name, help=summary, description=f"{summary} {more}".strip())
    verb.add_argument("--address", metavar="ADDRESS", help="the cluster of Ray, such as HOST:6379")
    verb.set_defaults(run=run)
    return verb


def _build(given: argparse.Namespace) -> int:
    _require_ray()
    from .build import build

    # Where a signal is ignored, as in scripts that run it in the background, Ctrl-C is not meant for it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    manifest = build(
        given.recipe, given.shards, given.output, name=given.name, cpus=given.cpus, retries=given.retries,
        rebuild=given.rebuild, say=_ignore if given.quiet else _say, address=given.address,
    )
    print(manifest)
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _ignore(line: str) -> None:
    pass


def _serve(given: argparse.Namespace) -> int:
    _require_ray()
    from .serve import serve

    settings = _settings(given)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    application = serve(given.manifest, settings, address=given.address)
    print(f"listening on {application.url}", file=sys.stderr, flush=True)
    if given.detach:
        return 0
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
    application.stop()
    return 0


def _settings(given: argparse.Namespace) -> Settings:
    settings = Settings.read(given.settings) if given.settings else Settings()
    flags = {key: getattr(given, key) for key in ("name", "host", "port", "allow_partial") if getattr(given, key) is not None}
    if given.replicas is not None:
        flags["shards"] = _replicas(settings.shards, given.replicas)
    if given.coordinators is not None:
        flags["coordinators"] = _replicas(settings.coordinators, given.coordinators)
    return dataclasses.replace(settings, **flags)


def _replicas(scale: Scale, count: int) -> Scale:
    return dataclasses.replace(scale, replicas=count, most=None if scale.most is None else max(scale.most, count))


def _replace(given: argparse.Namespace) -> int:
    _found(given).replace(given.shard, given.path)
    return 0


def _status(given: argparse.Namespace) -> int:
    status = _found(given).status()
    if given.json:
        print(json.dumps(status))
        return 0
    for shard in status["shards"]:
        print(f"shard {shard['number']}  {shard['path']}  {', '.join(shard['replicas']) or 'no replica'}")
    print(f"coordinators  {status['coordinators']}")
    return 0


def _stop(given: argparse.Namespace) -> int:
    _found(given).stop()
    return 0


def _found(given: argparse.Namespace) -> Any:
    _require_ray()
    from .serve import find

    return find(given.name, address=given.address)


def _require_ray() -> None:
    try:
        import ray.serve  # noqa: F401
    except ImportError as error:
        raise Error(f"Ray is not installed: {error}", remedy="pip install 'trawl[cluster]'") from None


if __name__ == "__main__":
    sys.exit(main())

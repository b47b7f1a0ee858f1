"""The cluster of Ray that the commands work on."""
from __future__ import annotations

import logging
import os
from typing import Optional

import ray

from ..errors import Error
from .registry import NAMESPACE

# What is passed between processes is small: texts and addresses.
_STORE_BYTES = 128 << 20


def connect(address: Optional[str] = None, *, must_exist: bool = False, cpus: Optional[int] = None) -> None:
    """Connects this process to a cluster, unless it is: the one at ``address``, else that of RAY_ADDRESS, else one that
    runs on this machine, else, unless ``must_exist``, one that is started here and ends with this process.

    Raises:
        Error: there is none.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Read by processes of Ray that this one starts; see `answers`.
    os.environ.setdefault("RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH", "trawl.cluster.answers.middlewares")
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    if ray.is_initialized():
        return
    common = {"namespace": NAMESPACE, "logging_level": "warning"}
    try:
        ray.init(address=address or os.environ.get("RAY_ADDRESS") or "auto", **common)
        return
    except ConnectionError as error:
        if address is not None or os.environ.get("RAY_ADDRESS"):
            raise Error(f"no cluster of Ray answers: {error}", remedy="start one with 'ray start --head'") from None
    if must_exist:
        raise Error("no cluster of Ray runs on this machine", remedy="name one with --address, or start what is asked for")
    ray.init(address="local", num_cpus=cpus, include_dashboard=False, object_store_memory=_STORE_BYTES, **common)

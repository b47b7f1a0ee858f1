"""The number of replicas of a shard, by how busy their processes are.

Ray counts the requests that it routes, but coordinators ask shards without it. So replicas report their load.
"""
from __future__ import annotations

import math
from typing import Any, Dict, Tuple


class ByLoad:
    """A policy of Ray Serve: as many replicas as bring the mean load to a target."""

    def __init__(self, load: float) -> None:
        self._target = load

    def __call__(self, context: Any) -> Tuple[int, Dict[str, Any]]:
        loads = list((context.aggregated_metrics or {}).get("load", {}).values())
        if not loads:
            return context.target_num_replicas, {}
        return max(1, math.ceil(sum(loads) / self._target)), {}

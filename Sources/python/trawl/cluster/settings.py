"""How a cluster is served: a dataclass, and the YAML file that people write it in."""
from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Optional, Tuple, Type, TypeVar

from ..errors import Error

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_T = TypeVar("_T", "Scale", "Settings")


@dataclass(frozen=True)
class Scale:
    """How many replicas a deployment has.

    Attributes:
        replicas: the number of replicas; the smallest one if ``most`` is given.
        most: the largest number; Ray chooses between the two by the load.
        load: the load of a replica that Ray aims at. Of a shard: the share of its processors that is busy. Of a coordinator:
            requests at a time.
        cpus: the processors that Ray reserves for a replica.
    """

    replicas: int = 1
    most: Optional[int] = None
    load: float = 0.7
    cpus: float = 1.0

    def __post_init__(self) -> None:
        _require(type(self.replicas) is int and 1 <= self.replicas <= 256, "replicas", "a number from 1 to 256")
        is_most = self.most is None or (type(self.most) is int and self.replicas <= self.most <= 256)
        _require(is_most, "most", f"a number from 'replicas' ({self.replicas}) to 256")
        _require(_is_number(self.load) and self.load > 0, "load", "a number above 0")
        _require(_is_number(self.cpus) and 0 < self.cpus <= 1024, "cpus", "a number above 0, at most 1024")


def _coordinators() -> Scale:
    return Scale(load=8.0)


@dataclass(frozen=True)
class Settings:
    """How the shards of a manifest are served.

    Attributes:
        name: what the application and its index are called; None: as the manifest.
        host: the address that clients connect to.
        port: its port.
        shards: the replicas of each shard.
        coordinators: the replicas of the coordinator.
        allow_partial: whether searches go on without shards that do not answer, and say so.
        options: further flags of ``trawl serve``, for shards and coordinators.
        settle: seconds without a change of the shards' replicas before coordinators take it in.
    """

    name: Optional[str] = None
    host: str = "127.0.0.1"
    port: int = 8000
    shards: Scale = field(default_factory=Scale)
    coordinators: Scale = field(default_factory=_coordinators)
    allow_partial: bool = False
    options: Tuple[str, ...] = ()
    settle: float = 1.0

    def __post_init__(self) -> None:
        is_name = self.name is None or (isinstance(self.name, str) and _NAME.fullmatch(self.name) is not None)
        _require(is_name, "name", "letters, digits, '.', '_' and '-'")
        _require(isinstance(self.host, str) and bool(self.host), "host", "an address such as 127.0.0.1 or 0.0.0.0")
        _require(type(self.port) is int and 0 < self.port < 65536, "port", "a number from 1 to 65535")
        _require(isinstance(self.allow_partial, bool), "allow_partial", "true or false")
        are_options = isinstance(self.options, tuple) and all(isinstance(option, str) for option in self.options)
        _require(are_options, "options", "a list of texts")
        _require(_is_number(self.settle) and 0 <= self.settle <= 60, "settle", "a number from 0 to 60")

    @staticmethod
    def read(path: "str | Path") -> Settings:
        """The settings in a YAML file, whose keys are those of this class.

        Raises:
            Error: the file cannot be read, or a key or a value is not one of the settings.
        """
        import yaml

        try:
            value = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise Error(f"{path}: {error.strerror}", remedy="name a file of settings") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise Error(f"{path} is not YAML: {' '.join(str(error).split())}") from None
        try:
            fields = _mapping(value, "the file")
            for key in ("shards", "coordinators"):
                if key in fields:
                    base = Scale() if key == "shards" else _coordinators()
                    fields[key] = _replaced(base, _mapping(fields[key], key), key + ".")
            if isinstance(fields.get("options"), list):
                fields["options"] = tuple(fields["options"])
            return _replaced(Settings(), fields, "")
        except Error as error:
            raise Error(f"{path}: {error.message}", remedy=error.remedy) from None


def _replaced(base: _T, values: Dict[str, Any], prefix: str) -> _T:
    known: Type[_T] = type(base)
    names = [field.name for field in dataclasses.fields(known)]
    for key in values:
        if key not in names:
            raise Error(f"there is no setting '{prefix}{key}'", remedy=f"the settings here are {', '.join(names)}")
    try:
        return dataclasses.replace(base, **values)
    except Error as error:
        raise Error(f"{prefix}{error.message}", remedy=error.remedy) from None


def _mapping(value: Any, name: str) -> Dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Error(f"{name} is not a group of settings", remedy="write it as 'key: value' lines")
    return {str(key): value[key] for key in value}


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _require(condition: bool, name: str, expected: str) -> None:
    if not condition:
        raise Error(f"{name} has a value that it cannot have", remedy=f"give {expected}")

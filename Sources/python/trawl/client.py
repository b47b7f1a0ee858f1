"""A connection to a server: one that runs, or one that is started for this process."""
from __future__ import annotations

import os
import threading
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

from ._server import LocalServer, index_name
from ._transport import Transport
from .results import IndexInfo

PathLike = Union[str, "os.PathLike[str]"]


class Client:
    """A server of Trawl.

    Without `url` it is the one that ``TRAWL_URL`` names; if that is not set, a server is started on the loopback interface,
    which ends with this process, or with `close`.

    Args:
        url: such as ``http://127.0.0.1:7700``.
        api_key: as ``--api-key`` of the server; default: ``TRAWL_API_KEY``.
        indexes: the indexes that a server of one's own is to serve, by names or paths.
        timeout: seconds without an answer before a request fails.
        retries: how often a request is repeated that the server had no capacity for.

    A client may be used by many threads at once.
    """

    def __init__(
        self,
        url: Optional[str] = None,
        api_key: Optional[str] = None,
        *,
        indexes: Sequence[PathLike] = (),
        timeout: float = 120.0,
        retries: int = 3,
    ) -> None:
        self._server: Optional[LocalServer] = None
        url = url or os.environ.get("TRAWL_URL")
        if url is None:
            self._server = LocalServer([os.fspath(index) for index in indexes])
            try:
                self._server.wait_until_ready()
            except BaseException:
                self._server.close()
                raise
            url, api_key = self._server.url, self._server.api_key
        elif api_key is None:
            api_key = os.environ.get("TRAWL_API_KEY")
        self.transport = Transport(url, api_key, timeout=timeout, retries=retries)

    @property
    def url(self) -> str:
        return self.transport.url

    @property
    def server(self) -> Optional[LocalServer]:
        """The server of one's own, if this client started one."""
        return self._server

    def indexes(self) -> List[IndexInfo]:
        """The indexes that are served."""
        return [IndexInfo.from_json(value) for value in self.transport.json("GET", "/v1/indexes")["indexes"]]

    def models(self) -> List[str]:
        """The names of the models that requests may name."""
        return [model["id"] for model in self.transport.json("GET", "/v1/models")["data"]]

    def info(self) -> Dict[str, Any]:
        """The server's version, models and limits."""
        info: Dict[str, Any] = self.transport.json("GET", "/info")
        return info

    def close(self) -> None:
        """Closes the connections, and stops the server if this client started it."""
        self.transport.close()
        if self._server is not None:
            self._server.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"trawl.Client({self.url!r})"


_shared_lock = threading.Lock()
_shared: Dict[Tuple[Any, ...], Client] = {}


def shared_client(index: Optional[PathLike] = None) -> Client:
    """The client of objects that were given none: one for each server, so that a model is loaded once.

    Without ``TRAWL_URL`` that is a server for each index, and one more for work without an index.
    """
    url = os.environ.get("TRAWL_URL")
    # After a fork the parent's server would end with the parent: a child starts its own.
    key: Tuple[Any, ...] = (os.getpid(), _location(index)) if url is None else (url, os.environ.get("TRAWL_API_KEY"))
    with _shared_lock:
        client = _shared.get(key)
        if client is None or (client.server is not None and client.server.pid is None):
            client = Client(indexes=() if index is None else (index,))
            _shared[key] = client
        return client


def _location(index: Optional[PathLike]) -> Optional[str]:
    """The absolute path of an index; names stay what they are."""
    if index is None:
        return None
    path = os.fspath(index)
    return os.path.realpath(path) if os.path.exists(path) else path


__all__ = ["Client", "PathLike", "index_name", "shared_client"]

"""HTTP/1.1 with kept connections. Safe for threads and after a fork."""
from __future__ import annotations

import http.client
import json
import os
import socket
import threading
import time
import urllib.parse
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

from ._version import __version__
from .errors import Error

Body = Union[bytes, None]

# The server closed a kept connection before it read the request: nothing was done, so it may be sent again.
_STALE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ConnectionAbortedError)

# The longest wait that a Retry-After header may ask for.
_LONGEST_WAIT = 30.0


class Transport:
    """Requests to one server. Idle connections are kept for the next request, whichever thread makes it.

    Args:
        url: ``http://HOST:PORT`` or ``https://…``, with a path if the server is mounted below one.
        api_key: sent as a bearer token.
        timeout: seconds without a byte from the server before a request fails.
        retries: how often a request is repeated that the server had no capacity for (429, 503).
    """

    def __init__(
        self, url: str, api_key: Optional[str] = None, *, timeout: float = 120.0, retries: int = 3, kept: int = 32
    ) -> None:
        parts = urllib.parse.urlsplit(url if "//" in url else "http://" + url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Error(f"'{url}' is not the URL of a server", remedy="give one such as http://127.0.0.1:7700")
        try:
            self._port = parts.port
        except ValueError as error:
            raise Error(f"'{url}' is not the URL of a server: {error}") from None
        self.url = url
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._prefix = parts.path.rstrip("/")
        self._timeout = timeout
        self._retries = retries
        self._kept = kept
        self._headers = {"User-Agent": f"trawl-python/{__version__}", "Accept": "application/json"}
        if api_key is not None:
            if not api_key.isascii() or not api_key.isprintable():
                raise Error("the API key has characters that a header cannot have")
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._lock = threading.Lock()
        self._idle: List[http.client.HTTPConnection] = []
        self._process = os.getpid()

    # Requests

    def json(self, method: str, path: str, value: Any = None) -> Any:
        """The JSON that the server answers.

        Raises:
            Error: the server refused the request, or gave no answer.
        """
        return self.send(method, path, None if value is None else encoded(value), "application/json")

    def send(self, method: str, path: str, body: Body, content_type: str) -> Any:
        """As `json`, with a body of any type."""
        for attempt in range(self._retries + 1):
            status, headers, data = self._exchange(method, path, body, content_type)
            if status not in (429, 503) or attempt == self._retries:
                break
            time.sleep(_wait(headers, attempt))
        if not 200 <= status < 300:
            raise error_of(status, data)
        return decoded(data)

    def events(self, path: str, value: Any) -> Iterator[Tuple[str, Any]]:
        """The server-sent events that a request is answered by: their names and data.

        Leaving the iteration early closes the connection, which stops the work at the server.
        """
        connection, response = self._open("POST", path, encoded(value), "application/json")
        is_whole = False
        try:
            if response.status != 200:
                data = response.read()
                is_whole = True
                raise error_of(response.status, data)
            name, lines = "message", []
            for raw in response:
                line = raw.decode("utf-8").rstrip("\r\n")
                if line.startswith("event:"):
                    name = line[len("event:") :].strip()
                elif line.startswith("data:"):
                    lines.append(line[len("data:") :].lstrip(" "))
                elif not line and lines:
                    yield name, json.loads("\n".join(lines))
                    name, lines = "message", []
            response.read()  # nothing is left, but only this marks the connection as free
            is_whole = True
        except (OSError, http.client.HTTPException) as error:
            raise self._failure(error) from error
        finally:
            if is_whole and not response.will_close:
                self._keep(connection)
            else:
                connection.close()

    def close(self) -> None:
        """Closes the idle connections. Requests may still be made."""
        with self._lock:
            connections, self._idle = self._idle, []
        for connection in connections:
            connection.close()

    # Connections

    def _exchange(self, method: str, path: str, body: Body, content_type: str) -> Tuple[int, http.client.HTTPMessage, bytes]:
        connection, response = self._open(method, path, body, content_type)
        try:
            data = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._failure(error) from error
        except BaseException:
            # Interrupted: the rest of the answer would be taken for that of the next request.
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            self._keep(connection)
        return response.status, response.headers, data

    def _open(
        self, method: str, path: str, body: Body, content_type: str
    ) -> Tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        headers: Dict[str, str] = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = content_type
        while True:
            connection, is_reused = self._connection()
            try:
                connection.request(method, self._prefix + path, body, headers)
                return connection, connection.getresponse()
            except _STALE as error:
                early = None if is_reused else self._early_answer(connection, error)
                if early is not None:
                    return connection, early
                connection.close()
                if not is_reused:
                    raise self._failure(error) from error
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                raise self._failure(error) from error
            except BaseException:
                connection.close()
                raise

    @staticmethod
    def _early_answer(
        connection: http.client.HTTPConnection, error: BaseException
    ) -> Optional[http.client.HTTPResponse]:
        """The answer of a server that refused a body before it had read it all, such as 413."""
        if not isinstance(error, (BrokenPipeError, ConnectionResetError)) or connection.sock is None:
            return None
        try:
            response = http.client.HTTPResponse(connection.sock)
            response.begin()
        except (OSError, http.client.HTTPException):
            return None
        response.will_close = True
        return response

    def _connection(self) -> Tuple[http.client.HTTPConnection, bool]:
        with self._lock:
            if self._process != os.getpid():
                # After a fork both processes have the same sockets; the child must not use them.
                self._process = os.getpid()
                self._idle = []
            if self._idle:
                return self._idle.pop(), True
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return kind(self._host, self._port, timeout=self._timeout), False

    def _keep(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if self._process == os.getpid() and len(self._idle) < self._kept:
                self._idle.append(connection)
                return
        connection.close()

    def _failure(self, error: BaseException) -> Error:
        if isinstance(error, (socket.timeout, TimeoutError)):
            return Error(f"{self.url} did not answer within {self._timeout:g} seconds", remedy="give a longer timeout")
        if isinstance(error, ConnectionRefusedError):
            return Error(f"no server answers at {self.url}", remedy="start one with 'trawl serve INDEX'")
        return Error(f"the connection to {self.url} failed: {str(error) or type(error).__name__}")


def encoded(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:
        raise Error("a text has half a surrogate pair, which UTF-8 cannot express") from None
    except (TypeError, ValueError) as error:
        raise Error(f"the request cannot be written as JSON: {error}") from None


def decoded(data: bytes) -> Any:
    if not data:
        return None
    try:
        return json.loads(data)
    except ValueError:
        raise Error("the answer is not JSON", remedy="check that the URL is that of 'trawl serve'") from None


def error_of(status: int, data: bytes) -> Error:
    """The error that an answer tells of; also that of a proxy, which has no JSON."""
    try:
        fault = json.loads(data)["error"]
        if isinstance(fault, dict):
            return Error(
                str(fault["message"]), status=status, param=fault.get("param"), remedy=fault.get("remedy")
            )
    except (ValueError, KeyError, TypeError):
        pass
    return Error(f"the server answered {status} {http.client.responses.get(status, '')}".rstrip(), status=status)


def quoted(name: str) -> str:
    """A name as one part of a path."""
    return urllib.parse.quote(name, safe="")


def _wait(headers: http.client.HTTPMessage, attempt: int) -> float:
    try:
        return min(max(float(headers["Retry-After"]), 0.0), _LONGEST_WAIT)
    except (KeyError, ValueError, TypeError):
        return float(min(0.25 * 2**attempt, _LONGEST_WAIT))

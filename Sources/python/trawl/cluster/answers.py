"""Errors in the form that every server of Trawl gives them, and what Ray's proxy says where a replica dies."""
from __future__ import annotations

import json
from typing import Any, Awaitable, Callable, Dict, List

_Receive = Callable[[], Awaitable[Dict[str, Any]]]
_Send = Callable[[Dict[str, Any]], Awaitable[None]]


def unavailable(message: str) -> bytes:
    """The body of an answer with status 503, for a request that may be sent again."""
    fault = {"message": message, "type": "unavailable", "code": 503, "remedy": "send the request again"}
    return json.dumps({"error": fault}).encode("utf-8")


class RetriableFailures:
    """Answers 503 where Ray's proxy would answer 500: the replica that had a request died, and another may answer it."""

    def __init__(self, app: Callable[[Dict[str, Any], _Receive, _Send], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Dict[str, Any], receive: _Receive, send: _Send) -> None:
        has_begun = False

        async def noting(message: Dict[str, Any]) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        await self._app(scope, receive, noting)
        if scope["type"] == "http" and not has_begun:
            headers = [(b"content-type", b"application/json"), (b"retry-after", b"1")]
            await send({"type": "http.response.start", "status": 503, "headers": headers})
            await send({"type": "http.response.body", "body": unavailable("the coordinator that had the request died")})


def middlewares() -> List[Any]:
    """What Ray's proxies call as RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH."""
    from starlette.middleware import Middleware

    return [Middleware(RetriableFailures)]

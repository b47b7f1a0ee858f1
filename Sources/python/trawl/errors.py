"""The one exception of the package."""
from __future__ import annotations

from typing import Optional


class Error(Exception):
    """A request that failed, or a server that could not be reached or started.

    Attributes:
        message: what is wrong.
        status: the HTTP status; None if there was no answer.
        param: the place in the request that is wrong, such as ``$.k``.
        remedy: what to do about it.
    """

    def __init__(
        self,
        message: str,
        *,
        status: Optional[int] = None,
        param: Optional[str] = None,
        remedy: Optional[str] = None,
    ) -> None:
        super().__init__(message, status, param, remedy)
        self.message = message
        self.status = status
        self.param = param
        self.remedy = remedy

    def __reduce__(self) -> "tuple[object, ...]":
        return _restored, (self.message, self.status, self.param, self.remedy)

    def __str__(self) -> str:
        text = self.message
        if self.param is not None:
            text = f"{self.param}: {text}"
        if self.remedy is not None:
            text = f"{text}; {self.remedy}"
        return text


def _restored(message: str, status: Optional[int], param: Optional[str], remedy: Optional[str]) -> Error:
    return Error(message, status=status, param=param, remedy=remedy)

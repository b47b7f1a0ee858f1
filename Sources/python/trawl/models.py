"""Models: texts to embeddings, and texts in the order of their relevance."""
from __future__ import annotations

import base64
import warnings
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Union

from .client import Client, shared_client
from .results import RankedText

if TYPE_CHECKING:
    import numpy
    import numpy.typing

    Vectors = numpy.typing.NDArray[numpy.float32]

# The server's limit.
_INPUTS_PER_REQUEST = 2048


class TruncationWarning(UserWarning):
    """Texts were longer than the model reads; their ends had no influence."""


class Embedder:
    """An embedding model.

    Args:
        model: its name; default: the first of the server.
        client: the server; default: that of ``TRAWL_URL``, else one that is started.
    """

    def __init__(self, model: Optional[str] = None, client: Optional[Client] = None) -> None:
        self.model = model
        self.client = shared_client() if client is None else client

    def encode(
        self,
        texts: Union[str, Sequence[str]],
        *,
        input_type: Optional[str] = None,
        batch_size: int = 256,
        dimensions: Optional[int] = None,
    ) -> "Vectors":
        """The embeddings of texts: a float32 array of shape ``(texts, dimensions)``, or ``(dimensions,)`` for one string.

        Args:
            input_type: ``query`` or ``passage``, for the prompt that the model was trained with.
            batch_size: texts per request, at most 2048.
            dimensions: keeps the first ones (Matryoshka models).

        Raises:
            Error: the server refused the request, or gave no answer.
            ImportError: NumPy is not installed.
        """
        try:
            import numpy
        except ImportError as error:
            raise ImportError("embeddings are NumPy arrays: pip install numpy") from error
        listed = [texts] if isinstance(texts, str) else list(texts)
        if not 1 <= batch_size <= _INPUTS_PER_REQUEST:
            raise ValueError(f"batch_size is {batch_size}; it may be 1 to {_INPUTS_PER_REQUEST}")
        rows: List["Vectors"] = []
        truncated = 0
        for start in range(0, len(listed), batch_size):
            request: Dict[str, Any] = {"input": listed[start : start + batch_size], "encoding_format": "base64"}
            if self.model is not None:
                request["model"] = self.model
            if input_type is not None:
                request["input_type"] = input_type
            if dimensions is not None:
                request["dimensions"] = dimensions
            answer = self.client.transport.json("POST", "/v1/embeddings", request)
            truncated += answer.get("usage", {}).get("truncated_inputs", 0)
            for item in sorted(answer["data"], key=lambda item: int(item["index"])):
                rows.append(numpy.frombuffer(base64.b64decode(item["embedding"]), dtype="<f4"))
        if truncated > 0:
            what = "text was" if truncated == 1 else "texts were"
            warnings.warn(f"{truncated} {what} longer than the model reads", TruncationWarning, stacklevel=2)
        if not rows:
            return numpy.empty((0, dimensions or 0), dtype=numpy.float32)
        if isinstance(texts, str):
            return rows[0].astype(numpy.float32)
        return numpy.stack(rows).astype(numpy.float32, copy=False)

    def __repr__(self) -> str:
        return f"trawl.Embedder({self.model!r}, {self.client!r})"


class Reranker:
    """A model that says how relevant texts are to a query.

    Args:
        model: as in ``trawl query --rerank``: ``late``, ``cross=MODEL`` or a model's name; default: late interaction with
            the embedding model.
        client: the server; default: that of ``TRAWL_URL``, else one that is started.
    """

    def __init__(self, model: Optional[str] = None, client: Optional[Client] = None) -> None:
        self.model = model
        self.client = shared_client() if client is None else client

    def rank(self, query: str, texts: Sequence[str], *, top_n: Optional[int] = None) -> List[RankedText]:
        """The texts, the most relevant first; only the first `top_n` if given.

        Raises:
            Error: the server refused the request, or gave no answer.
        """
        listed = list(texts)
        if not listed:
            return []
        request: Dict[str, Any] = {"query": query, "documents": listed}
        if self.model is not None:
            request["model"] = self.model
        if top_n is not None:
            request["top_n"] = top_n
        answer = self.client.transport.json("POST", "/v1/rerank", request)
        return [
            RankedText(item["index"], item["relevance_score"], listed[item["index"]]) for item in answer["results"]
        ]

    def __repr__(self) -> str:
        return f"trawl.Reranker({self.model!r}, {self.client!r})"

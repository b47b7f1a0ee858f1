"""An index as a transformer of PyTerrier (``pip install 'trawl[pyterrier]'``).

>>> retriever = trawl.pyterrier.TrawlRetriever("notes.trawl", mode="hybrid", k=100)
>>> pt.Experiment([retriever], topics, qrels, ["ndcg_cut_10"])
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Union

try:
    import pandas
    import pyterrier
except ImportError as error:
    raise ImportError("trawl.pyterrier needs PyTerrier: pip install python-terrier pandas") from error

from .client import PathLike
from .index import Index

if TYPE_CHECKING:
    _Transformer = Any
else:
    _Transformer = pyterrier.Transformer


class TrawlRetriever(_Transformer):  # type: ignore[misc,unused-ignore]
    """Queries (``qid``, ``query``) to rankings (``qid``, ``query``, ``docno``, ``score``, ``rank``).

    Args:
        index: an `Index`, or its name or path.
        k: documents per query, 1 to 1000.
        metadata: further columns of the result: ``text``, ``title`` or fields of the documents' metadata.
        options: further arguments of `Index.search`, such as ``mode``, ``filter``, ``weights`` and ``rerank``.
    """

    def __init__(
        self, index: Union[Index, PathLike], *, k: int = 1000, metadata: Sequence[str] = (), **options: Any
    ) -> None:
        super().__init__()
        self.index = index if isinstance(index, Index) else Index(index)
        self.k = k
        self.metadata = list(metadata)
        self.options = options

    def transform(self, topics: pandas.DataFrame) -> pandas.DataFrame:
        pyterrier.validate.query_frame(topics, extra_columns=["query"])
        kept = [column for column in topics.columns if column not in ("docno", "score", "rank", *self.metadata)]
        rows: List[Dict[Any, Any]] = []
        answers = self.index.search(topics["query"].tolist(), k=self.k, **self.options)
        for topic, hits in zip(topics[kept].to_dict("records"), answers):
            for hit in hits:
                row: Dict[Any, Any] = dict(topic)
                row["docno"] = hit.document
                row["score"] = hit.score
                # PyTerrier counts ranks from 0.
                row["rank"] = hit.rank - 1
                for name in self.metadata:
                    row[name] = _value(hit, name)
                rows.append(row)
        return pandas.DataFrame(rows, columns=[*kept, "docno", "score", "rank", *self.metadata])

    def __repr__(self) -> str:
        return f"TrawlRetriever({self.index!r}, k={self.k})"


def _value(hit: Any, name: str) -> Optional[Any]:
    if name == "text":
        return hit.text
    return hit.title if name == "title" else hit.metadata.get(name)

"""Data sets of ir_datasets as documents, queries and judgements (``pip install 'trawl[datasets]'``).

>>> index.add(trawl.datasets.documents("beir/scifact"))
"""
from __future__ import annotations

from typing import Any, Dict, Iterator, Union

try:
    import ir_datasets
except ImportError as error:
    raise ImportError("trawl.datasets needs ir_datasets: pip install ir_datasets") from error

# Fields whose text is the document's, in the order of preference; others are metadata.
_TEXTS = ("text", "body", "contents", "abstract")


def documents(dataset: Union[str, Any]) -> Iterator[Dict[str, Any]]:
    """The documents of a data set, as `Index.add` takes them.

    The text is the field ``text`` (or ``body``, ``contents``, ``abstract``), else what the data set itself gives as its text.
    Other fields that are strings, numbers or lists of them become metadata.
    """
    for document in _opened(dataset).docs_iter():
        fields = document._asdict()
        value: Dict[str, Any] = {"id": fields.pop("doc_id")}
        name = next((name for name in _TEXTS if isinstance(fields.get(name), str)), None)
        value["text"] = document.default_text() if name is None else fields.pop(name)
        for key, field in fields.items():
            if key not in value and _is_metadata(field):
                value[key] = list(field) if isinstance(field, (list, tuple)) else field
        yield value


def queries(dataset: Union[str, Any]) -> Dict[str, str]:
    """The text of each query, by its id."""
    return {query.query_id: query.default_text() for query in _opened(dataset).queries_iter()}


def qrels(dataset: Union[str, Any]) -> Dict[str, Dict[str, int]]:
    """The judged documents of each query and their grades."""
    judged: Dict[str, Dict[str, int]] = {}
    for judgement in _opened(dataset).qrels_iter():
        judged.setdefault(judgement.query_id, {})[judgement.doc_id] = judgement.relevance
    return judged


def _opened(dataset: Union[str, Any]) -> Any:
    return ir_datasets.load(dataset) if isinstance(dataset, str) else dataset


def _is_metadata(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return len(value) > 0 and all(isinstance(item, (str, int, float)) for item in value)
    return isinstance(value, (str, int, float)) and value != ""

"""An index: searching it, its phrases, its documents."""
from __future__ import annotations

import warnings
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple, Union, overload

from ._server import index_name
from ._transport import encoded, quoted
from .client import Client, PathLike, shared_client
from .errors import Error
from .results import Continuations, Document, DocumentInfo, Hits, IndexInfo, NGram, Occurrences, TextProbability

# The server's limits.
_QUERIES_PER_REQUEST = 256
_IDS_PER_REQUEST = 100_000

Filter = Union[str, Sequence[str]]
# Not any sequence of strings, since a string is one too.
Queries = Union[List[str], Tuple[str, ...]]


class Index:
    """An index that a server has.

    Args:
        name_or_path: ``wikipedia`` or ``folder/notes.trawl``.
        client: the server; default: that of ``TRAWL_URL``, else one that is started for this index.

    Example:
        >>> index = trawl.Index("notes.trawl")
        >>> for hit in index.search("what pulls the oceans", k=3):
        ...     print(hit.rank, hit.document, hit.text)
    """

    def __init__(self, name_or_path: PathLike, client: Optional[Client] = None) -> None:
        self.name = index_name(name_or_path)
        self.client = shared_client(name_or_path) if client is None else client

    # Searching

    @overload
    def search(
        self,
        query: str,
        *,
        mode: Optional[str] = ...,
        k: int = ...,
        filter: Optional[Filter] = ...,
        senses: Union[str, Sequence[str], None] = ...,
        weights: Optional[Mapping[str, float]] = ...,
        rerank: Union[bool, str, None] = ...,
        passages: bool = ...,
        explain: bool = ...,
        highlight: bool = ...,
    ) -> Hits: ...

    @overload
    def search(
        self,
        query: Queries,
        *,
        mode: Optional[str] = ...,
        k: int = ...,
        filter: Optional[Filter] = ...,
        senses: Union[str, Sequence[str], None] = ...,
        weights: Optional[Mapping[str, float]] = ...,
        rerank: Union[bool, str, None] = ...,
        passages: bool = ...,
        explain: bool = ...,
        highlight: bool = ...,
    ) -> List[Hits]: ...

    def search(
        self,
        query: Union[str, Queries],
        *,
        mode: Optional[str] = None,
        k: int = 10,
        filter: Optional[Filter] = None,
        senses: Union[str, Sequence[str], None] = None,
        weights: Optional[Mapping[str, float]] = None,
        rerank: Union[bool, str, None] = None,
        passages: bool = False,
        explain: bool = False,
        highlight: bool = False,
    ) -> Union[Hits, List[Hits]]:
        """The hits of a query, or of each of a list of queries.

        Args:
            query: a query or a list of any length.
            mode: ``lexical``, ``dense``, ``generative``, ``late`` or ``hybrid``; default: the index's.
            k: the number of hits, 1 to 1000.
            filter: a filter over the documents' metadata, or a list of filters that must all be met.
            senses: a word in one of its senses, such as ``"bank#2"``, or a list of them, that passages must have.
            weights: the weights of the methods in a hybrid search, such as ``{"dense": 1, "lexical": 0.5}``.
            rerank: True, or a chain of rerankers such as ``"late:50"``; False leaves out those that the index has by default.
            passages: whether every passage is a hit, not only the best one of a document.
            explain: whether hits have `matches`, and the answer the `ngrams` that the generator wrote.
            highlight: whether hits have a `snippet`.

        Raises:
            Error: the server refused the request, or gave no answer.
        """
        options = _options(mode, k, filter, senses, weights, rerank, passages, explain, highlight)
        if isinstance(query, str):
            return Hits.from_json(self._post("/v1/search", {"query": query, **options}))
        queries = list(query)
        results: List[Hits] = []
        for start in range(0, len(queries), _QUERIES_PER_REQUEST):
            lot = queries[start : start + _QUERIES_PER_REQUEST]
            answer = self._post("/v1/search", {"queries": lot, **options})
            results.extend(map(Hits.from_json, answer["results"]))
        return results

    def search_in_stages(
        self,
        query: str,
        *,
        rerank: Union[bool, str],
        mode: Optional[str] = None,
        k: int = 10,
        filter: Optional[Filter] = None,
        senses: Union[str, Sequence[str], None] = None,
        weights: Optional[Mapping[str, float]] = None,
        passages: bool = False,
        explain: bool = False,
        highlight: bool = False,
    ) -> Iterator[Hits]:
        """First the hits before reranking, as soon as they are found, then those after it. Arguments as of `search`."""
        options = _options(mode, k, filter, senses, weights, rerank, passages, explain, highlight)
        request = {"index": self.name, "query": query, "stream": True, **options}
        for name, data in self.client.transport.events("/v1/search", request):
            if name == "hits":
                yield Hits.from_json(data)
            elif name == "error":
                fault = data["error"]
                raise Error(
                    fault["message"], status=fault.get("code"), param=fault.get("param"), remedy=fault.get("remedy")
                )

    # Phrases and n-grams

    def count(self, phrase: str, *, any_case: bool = False, any_space: bool = False, within: Optional[int] = None) -> int:
        """How often a phrase occurs. It may have AND and OR.

        Args:
            any_case: whether upper and lower case are the same.
            any_space: whether a blank stands for any white space.
            within: the largest distance, in tokens, of the parts of a phrase with AND.
        """
        return int(self._post("/v1/ngrams/count", {"phrase": phrase, **_variants(any_case, any_space, within)})["count"])

    def find(
        self,
        phrase: str,
        *,
        k: int = 10,
        next: int = 10,
        any_case: bool = False,
        any_space: bool = False,
        within: Optional[int] = None,
    ) -> Occurrences:
        """Where a phrase occurs.

        Args:
            k: how many passages to list, those with most occurrences first.
            next: how many of the tokens that follow to list.
            any_case, any_space, within: as of `count`.
        """
        request = {"phrase": phrase, "k": k, "next": next, **_variants(any_case, any_space, within)}
        return Occurrences.from_json(self._post("/v1/ngrams/find", request))

    def next(self, context: str, *, k: int = 10) -> Continuations:
        """The tokens that follow the longest suffix of a context that occurs."""
        return Continuations.from_json(self._post("/v1/ngrams/next", {"context": context, "k": k}))

    def probability(self, text: str, context: str = "") -> TextProbability:
        """How probable a text is after a context, by counts in the index."""
        return TextProbability.from_json(self._post("/v1/ngrams/next", {"context": context, "text": text}))

    def ngrams(self, query: str, *, k: int = 25, documents: int = 3) -> List[NGram]:
        """The n-grams that the generator writes for a query, each with some documents that have it."""
        answer = self._post("/v1/generate-ngrams", {"query": query, "k": k, "documents": documents})
        return [NGram.from_json(value) for value in answer["ngrams"]]

    # Documents

    def add(self, documents: Iterable[Mapping[str, Any]], *, bytes_per_commit: int = 4 << 20) -> int:
        """Adds documents, or replaces those of the same ids.

        Args:
            documents: mappings with an ``id`` (or ``_id``), a ``text``, perhaps a ``title``; other keys are metadata.
            bytes_per_commit: as many documents as have this size are sent together. They are one commit: if one of them
                is wrong, none of them is added, but those of earlier commits are.

        What the server remarks about them, such as parts that its models do not read, is given as warnings.

        Returns:
            the number of documents that were sent.

        Raises:
            Error: a document is wrong; `param` says which.
        """
        path = f"/v1/indexes/{quoted(self.name)}/documents"
        sent = 0
        for lot in _lots(documents, bytes_per_commit):
            try:
                answer = self.client.transport.send("PUT", path, b"".join(lot), "application/x-ndjson")
            except Error as error:
                if sent > 0:
                    error.message += f" (of the documents after the first {sent}, which were added)"
                raise
            for note in answer.get("notes", ()):
                warnings.warn(note, stacklevel=2)
            sent += len(lot)
        return sent

    def delete(self, ids: Iterable[str]) -> int:
        """Deletes documents, up to 100,000 in one commit.

        Returns:
            the number of documents that were there.
        """
        listed = [ids] if isinstance(ids, str) else list(ids)
        path = f"/v1/indexes/{quoted(self.name)}/documents"
        deleted = 0
        for start in range(0, len(listed), _IDS_PER_REQUEST):
            lot = listed[start : start + _IDS_PER_REQUEST]
            deleted += int(self.client.transport.json("DELETE", path, {"ids": lot})["deleted"])
        return deleted

    def get(self, id: str) -> Document:
        """A document with its text, metadata and passages.

        Raises:
            Error: with `status` 404, if the index does not have it.
        """
        path = f"/v1/indexes/{quoted(self.name)}/documents/{quoted(id)}"
        return Document.from_json(self.client.transport.json("GET", path))

    def documents(self, *, page_size: int = 10_000) -> Iterator[DocumentInfo]:
        """All documents in the order of the index, fetched as they are needed."""
        path = f"/v1/indexes/{quoted(self.name)}/documents?limit={page_size}"
        after = ""
        while True:
            page = self.client.transport.json("GET", path + after)
            yield from map(DocumentInfo.from_json, page["documents"])
            if page.get("after") is None:
                return
            after = "&after=" + quoted(page["after"])

    def info(self) -> IndexInfo:
        """Its documents, passages, parts and modes."""
        return IndexInfo.from_json(self.client.transport.json("GET", f"/v1/indexes/{quoted(self.name)}"))

    def __len__(self) -> int:
        return self.info().documents

    def __bool__(self) -> bool:
        # An index without documents is an index all the same, and asking for their number takes a request.
        return True

    def __contains__(self, id: object) -> bool:
        if not isinstance(id, str):
            return False
        try:
            self.get(id)
        except Error as error:
            if error.status == 404:
                return False
            raise
        return True

    def __repr__(self) -> str:
        return f"trawl.Index({self.name!r}, {self.client!r})"

    def _post(self, path: str, request: Mapping[str, Any]) -> Any:
        return self.client.transport.json("POST", path, {"index": self.name, **request})


def _options(
    mode: Optional[str],
    k: int,
    filter: Optional[Filter],
    senses: Union[str, Sequence[str], None],
    weights: Optional[Mapping[str, float]],
    rerank: Union[bool, str, None],
    passages: bool,
    explain: bool,
    highlight: bool,
) -> Dict[str, Any]:
    """The fields of a search. What was not asked for is left out, so that the index's own settings hold."""
    options: Dict[str, Any] = {"k": k}
    if mode is not None:
        options["mode"] = mode
    if filter is not None:
        options["filter"] = filter if isinstance(filter, str) else list(filter)
    if senses is not None:
        options["senses"] = senses if isinstance(senses, str) else list(senses)
    if weights is not None:
        options["weights"] = dict(weights)
    if rerank is not None:
        options["rerank"] = rerank
    options.update(_flags(passages=passages, explain=explain, highlight=highlight))
    return options


def _variants(any_case: bool, any_space: bool, within: Optional[int]) -> Dict[str, Any]:
    variants: Dict[str, Any] = dict(_flags(any_case=any_case, any_space=any_space))
    if within is not None:
        variants["within"] = within
    return variants


def _flags(**flags: bool) -> Dict[str, bool]:
    return {name: True for name, value in flags.items() if value}


def _lots(documents: Iterable[Mapping[str, Any]], size: int) -> Iterator[List[bytes]]:
    """Documents as JSON lines, about `size` bytes together."""
    lot: List[bytes] = []
    held = 0
    for document in documents:
        line = encoded(document) + b"\n"
        if lot and held + len(line) > size:
            yield lot
            lot, held = [], 0
        lot.append(line)
        held += len(line)
    if lot:
        yield lot


__all__ = ["Index", "Filter"]

"""The client of Cohere (`pip install cohere`) against the server."""
from typing import Any, Iterator

import cohere
import pytest
from cohere.errors import NotFoundError, UnauthorizedError, UnprocessableEntityError

from trawl import Client, Reranker
from trawl._server import LocalServer

QUERY = "what causes tides in the oceans"
TEXTS = ["Granite is a rock.", "The moon pulls the oceans.", "Bees dance."]


@pytest.fixture(scope="module", params=["v1", "v2"])
def other(request: pytest.FixtureRequest, server: LocalServer) -> Iterator[Any]:
    kind = cohere.Client if request.param == "v1" else cohere.ClientV2
    yield kind(api_key=server.api_key, base_url=server.url, timeout=60)


def test_reranking(other: Any, client: Client) -> None:
    answer = other.rerank(model="late", query=QUERY, documents=TEXTS)
    ranked = Reranker("late", client).rank(QUERY, TEXTS)
    assert [item.index for item in answer.results] == [item.index for item in ranked]
    assert answer.results[0].index == 1
    assert [item.relevance_score for item in answer.results] == pytest.approx([item.score for item in ranked])


def test_the_best_ones(other: Any) -> None:
    answer = other.rerank(model="late", query=QUERY, documents=TEXTS, top_n=1)
    assert [item.index for item in answer.results] == [1]


def test_documents_in_the_answer(server: LocalServer) -> None:
    other = cohere.Client(api_key=server.api_key, base_url=server.url)
    plain = other.rerank(model="late", query=QUERY, documents=TEXTS)
    assert plain.results[0].document is None
    answer = other.rerank(model="late", query=QUERY, documents=TEXTS, return_documents=True)
    assert answer.results[0].document.text == TEXTS[1]
    objects = [{"text": text} for text in TEXTS]
    answer = other.rerank(model="late", query=QUERY, documents=objects, return_documents=True)  # type: ignore[arg-type]
    assert answer.results[0].document.text == TEXTS[1]


def test_errors_are_those_of_the_client(other: Any, server: LocalServer) -> None:
    with pytest.raises(UnauthorizedError):
        type(other)(api_key="wrong", base_url=server.url).rerank(model="late", query=QUERY, documents=TEXTS)
    with pytest.raises(NotFoundError):
        other.rerank(model="no-such-model", query=QUERY, documents=TEXTS)
    with pytest.raises(UnprocessableEntityError):
        other.rerank(model="late", query=QUERY, documents=[])
    with pytest.raises(UnprocessableEntityError):
        other.rerank(model="late", query=QUERY, documents=TEXTS, top_n=0)

"""Clients of text-embeddings-inference: that of Hugging Face (`pip install huggingface_hub`), and plain requests."""
from typing import Any

import numpy
import pytest
import requests
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError
from served import MODEL

from trawl import Client, Embedder, Reranker
from trawl._server import LocalServer

TEXTS = ["why do the oceans rise", "granite"]
QUERY = "what causes tides in the oceans"
DOCUMENTS = ["Granite is a rock.", "The moon pulls the oceans.", "Bees dance."]


def post(server: LocalServer, path: str, body: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {server.api_key}"}
    return requests.post(server.url + path, json=body, headers=headers, timeout=60)


def test_the_client_of_hugging_face(server: LocalServer, client: Client) -> None:
    other = InferenceClient(model=server.url + "/embed", token=server.api_key, timeout=60)
    expected = Embedder(MODEL, client).encode(TEXTS)
    vectors = other.feature_extraction(TEXTS, normalize=True, truncate=True)  # type: ignore[arg-type]
    assert vectors.dtype == numpy.float32
    numpy.testing.assert_allclose(vectors, expected, atol=2e-6)
    numpy.testing.assert_allclose(other.feature_extraction(TEXTS[0])[0], expected[0], atol=2e-6)
    with pytest.raises(HfHubHTTPError) as caught:
        other.feature_extraction("water " * 1000)
    assert caught.value.response.status_code == 422


def test_embed(server: LocalServer, client: Client) -> None:
    expected = Embedder(MODEL, client).encode(TEXTS)
    numpy.testing.assert_allclose(post(server, "/embed", {"inputs": TEXTS}).json(), expected, atol=2e-6)
    numpy.testing.assert_allclose(post(server, "/embed", {"inputs": TEXTS[0]}).json(), expected[:1], atol=2e-6)
    short = numpy.array(post(server, "/embed", {"inputs": TEXTS, "dimensions": 32}).json())
    assert short.shape == (2, 32)
    long = "water " * 1000
    refused = post(server, "/embed", {"inputs": [TEXTS[0], long]})
    assert refused.status_code == 422 and refused.json()["error"]["param"] == "$.inputs[1]"
    assert post(server, "/embed", {"inputs": long, "truncate": True}).status_code == 200


def test_rerank(server: LocalServer, client: Client) -> None:
    ranked = Reranker(client=client).rank(QUERY, DOCUMENTS)
    answer = post(server, "/rerank", {"query": QUERY, "texts": DOCUMENTS}).json()
    assert [item["index"] for item in answer] == [item.index for item in ranked]
    assert "text" not in answer[0]
    answer = post(server, "/rerank", {"query": QUERY, "texts": DOCUMENTS, "return_text": True}).json()
    assert answer[0] == {"index": 1, "score": answer[0]["score"], "text": DOCUMENTS[1]}
    raw = post(server, "/rerank", {"query": QUERY, "texts": DOCUMENTS, "raw_scores": True, "truncate": True}).json()
    assert [item["index"] for item in raw] == [item["index"] for item in answer]
    both = post(server, "/rerank", {"query": QUERY, "texts": DOCUMENTS, "documents": DOCUMENTS})
    assert both.status_code == 422


def test_what_the_server_says_of_itself(server: LocalServer) -> None:
    headers = {"Authorization": f"Bearer {server.api_key}"}
    info = requests.get(server.url + "/info", headers=headers, timeout=10).json()
    assert "version" in info
    metrics = requests.get(server.url + "/metrics", headers=headers, timeout=10)
    assert metrics.status_code == 200 and metrics.headers["Content-Type"].startswith("text/plain")
    for line in metrics.text.splitlines():
        # The text format of Prometheus: a comment, or a name, labels and a number.
        assert line.startswith("# ") or float(line.rsplit(" ", 1)[1]) is not None

"""Embeddings and reranking, against a real server and the command line."""
import subprocess
import warnings
from pathlib import Path

import numpy
import pytest
from served import MODEL

from trawl import Client, Embedder, Error, Reranker, TruncationWarning

TEXTS = ["why do the oceans rise", "", "ein Text mit Umlauten: größer", "🦄", "water " * 40]


def test_embeddings_are_those_of_the_command_line(client: Client, binary: str, tmp_path: Path) -> None:
    output = tmp_path / "vectors.npy"
    arguments = [binary, "embed", "--model", MODEL, "--format", "npy", "--output", str(output), "--quiet"]
    texts = [text for text in TEXTS if text]
    subprocess.run(arguments, input="\n".join(texts) + "\n", text=True, check=True, timeout=60)
    vectors = Embedder(MODEL, client).encode(texts)
    assert vectors.dtype == numpy.float32 and vectors.shape == (len(texts), 384)
    numpy.testing.assert_allclose(vectors, numpy.load(output), atol=2e-6)


def test_batches_do_not_change_embeddings(client: Client) -> None:
    embedder = Embedder(client=client)
    whole = embedder.encode(TEXTS[:1] + TEXTS[2:])
    parts = embedder.encode(TEXTS[:1] + TEXTS[2:], batch_size=1)
    numpy.testing.assert_allclose(whole, parts, atol=2e-6)


def test_one_text_is_one_vector(client: Client) -> None:
    embedder = Embedder(client=client)
    vector = embedder.encode(TEXTS[0])
    assert vector.shape == (384,) and vector.flags.writeable
    numpy.testing.assert_allclose(numpy.linalg.norm(vector), 1, atol=1e-5)
    assert embedder.encode([]).shape == (0, 0)


def test_fewer_dimensions(client: Client) -> None:
    embedder = Embedder(client=client)
    short, whole = embedder.encode(TEXTS[0], dimensions=64), embedder.encode(TEXTS[0])
    assert short.shape == (64,)
    numpy.testing.assert_allclose(short, whole[:64] / numpy.linalg.norm(whole[:64]), atol=1e-5)


def test_texts_that_were_cut_are_counted(client: Client) -> None:
    with pytest.warns(TruncationWarning, match="2 texts were longer"):
        Embedder(client=client).encode(["water " * 1000, "fire", "earth " * 1000])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Embedder(client=client).encode(["fire"])


def test_wrong_arguments(client: Client) -> None:
    embedder = Embedder(client=client)
    with pytest.raises(ValueError, match="batch_size"):
        embedder.encode(["a"], batch_size=0)
    with pytest.raises(Error) as caught:
        embedder.encode(["a"], dimensions=100_000)
    assert (caught.value.status, caught.value.param) == (422, "$.dimensions")
    with pytest.raises(Error) as caught:
        embedder.encode(["a"], input_type="answer")
    assert (caught.value.status, caught.value.param) == (422, "$.input_type")
    with pytest.raises(Error) as caught:
        Embedder("no-such-model", client).encode(["a"])
    assert caught.value.status == 404


def test_reranking(client: Client) -> None:
    texts = ["Granite is a rock.", "The moon pulls the oceans.", "Bees dance."]
    ranked = Reranker(client=client).rank("what causes tides in the oceans", texts)
    assert ranked[0].index == 1 and ranked[0].text == texts[1]
    assert sorted(item.index for item in ranked) == [0, 1, 2]
    assert [item.score for item in ranked] == sorted((item.score for item in ranked), reverse=True)
    assert [item.index for item in Reranker("late", client).rank("what causes tides in the oceans", texts, top_n=1)] == [1]
    assert Reranker(client=client).rank("query", []) == []

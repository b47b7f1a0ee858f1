"""The client of OpenAI (`pip install openai`) against the server."""
from typing import Iterator

import numpy
import openai
import pytest
from served import MODEL, serving

from trawl import Client, Embedder
from trawl._server import LocalServer

TEXTS = ["why do the oceans rise", "granite", "ein Text mit Umlauten: größer"]


@pytest.fixture(scope="module")
def other(server: LocalServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.url + "/v1", api_key=server.api_key, max_retries=0, timeout=60) as connected:
        yield connected


@pytest.fixture(scope="module")
def expected(client: Client) -> numpy.ndarray:
    return Embedder(MODEL, client).encode(TEXTS)


def test_a_string(other: openai.OpenAI, expected: numpy.ndarray) -> None:
    answer = other.embeddings.create(model=MODEL, input=TEXTS[0])
    assert (answer.object, answer.model, len(answer.data)) == ("list", MODEL, 1)
    assert (answer.data[0].object, answer.data[0].index) == ("embedding", 0)
    numpy.testing.assert_allclose(answer.data[0].embedding, expected[0], atol=2e-6)
    assert answer.usage.prompt_tokens == answer.usage.total_tokens > 5


def test_a_list(other: openai.OpenAI, expected: numpy.ndarray) -> None:
    answer = other.embeddings.create(model=MODEL, input=TEXTS)
    assert [item.index for item in answer.data] == [0, 1, 2]
    numpy.testing.assert_allclose([item.embedding for item in answer.data], expected, atol=2e-6)


@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_encodings(other: openai.OpenAI, expected: numpy.ndarray, encoding: str) -> None:
    answer = other.embeddings.create(model=MODEL, input=TEXTS, encoding_format=encoding)  # type: ignore[arg-type]
    for item, vector in zip(answer.data, expected):
        embedding = item.embedding
        if isinstance(embedding, str):
            # The client decodes base64 only if it asked for it itself.
            import base64

            embedding = numpy.frombuffer(base64.b64decode(embedding), dtype="<f4").tolist()
        numpy.testing.assert_allclose(embedding, vector, atol=2e-6)


def test_token_ids(other: openai.OpenAI) -> None:
    # "granite" and "water" in the vocabulary of BERT, with and without the special tokens around them.
    granite, water = 9753, 2300
    one = other.embeddings.create(model=MODEL, input=[granite])
    many = other.embeddings.create(model=MODEL, input=[[granite], [water, granite]])
    words = other.embeddings.create(model=MODEL, input=["granite", "water granite"])
    numpy.testing.assert_allclose(one.data[0].embedding, words.data[0].embedding, atol=2e-6)
    for tokens, text in zip(many.data, words.data):
        numpy.testing.assert_allclose(tokens.embedding, text.embedding, atol=2e-6)


def test_dimensions(other: openai.OpenAI, expected: numpy.ndarray) -> None:
    answer = other.embeddings.create(model=MODEL, input=TEXTS[0], dimensions=64)
    head = expected[0][:64]
    numpy.testing.assert_allclose(answer.data[0].embedding, head / numpy.linalg.norm(head), atol=1e-5)


def test_fields_that_the_client_may_send(other: openai.OpenAI) -> None:
    assert other.embeddings.create(model=MODEL, input="granite", user="someone").data
    assert other.embeddings.create(model=MODEL, input="granite", extra_body={"input_type": "query"}).data


def test_models(other: openai.OpenAI) -> None:
    models = {model.id: model for model in other.models.list()}
    assert MODEL in models
    assert models[MODEL].object == "model" and models[MODEL].owned_by and models[MODEL].created >= 0
    assert other.models.retrieve(MODEL).id == MODEL


def test_errors_are_those_of_the_client(other: openai.OpenAI, server: LocalServer) -> None:
    with pytest.raises(openai.AuthenticationError) as wrong_key:
        other.with_options(api_key="wrong").embeddings.create(model=MODEL, input="a")
    assert wrong_key.value.status_code == 401
    with pytest.raises(openai.NotFoundError, match="no-such-model"):
        other.embeddings.create(model="no-such-model", input="a")
    with pytest.raises(openai.UnprocessableEntityError) as wrong_dimensions:
        other.embeddings.create(model=MODEL, input="a", dimensions=0)
    assert wrong_dimensions.value.param == "$.dimensions"
    with pytest.raises(openai.UnprocessableEntityError):
        other.embeddings.create(model=MODEL, input=[])
    with pytest.raises(openai.UnprocessableEntityError) as wrong_token:
        other.embeddings.create(model=MODEL, input=[1, -5])
    assert wrong_token.value.param and wrong_token.value.param.startswith("$.input")
    with pytest.raises(openai.UnprocessableEntityError, match="nonsense"):
        other.embeddings.create(model=MODEL, input="a", extra_body={"nonsense": 1})
    with pytest.raises(openai.UnprocessableEntityError):
        other.embeddings.create(model=MODEL, input=["a"] * 2049)


def test_a_body_that_is_too_large(notes: "object") -> None:
    with serving([str(notes)], ["--max-body", "1"]) as small:
        with openai.OpenAI(base_url=small.url + "/v1", api_key=small.api_key, max_retries=0) as other:
            with pytest.raises(openai.APIStatusError) as too_large:
                other.embeddings.create(model=MODEL, input="a" * 2_000_000)
            assert too_large.value.status_code == 413
            assert other.embeddings.create(model=MODEL, input="a").data

"""Searching and writing an index, against a real server."""
import threading
from pathlib import Path
from typing import Iterator, List

import pytest
from served import DOCUMENTS, serving

import trawl
from trawl import Client, Error, Hits, Index


@pytest.fixture(scope="module")
def index(client: Client) -> Index:
    return Index("notes", client)


@pytest.fixture
def writable(scratch: Path) -> Iterator[Index]:
    with serving([str(scratch)]) as server, Client(server.url, server.api_key) as client:
        yield Index(scratch, client)


# Searching


def test_a_search(index: Index) -> None:
    hits = index.search("what pulls the océans", k=3)
    assert hits[0].document == "moon"
    assert hits[0].rank == 1 and hits[0].title == "Tides" and hits[0].metadata["year"] == 1999
    assert hits.mode == "hybrid" and hits.query == "what pulls the océans" and hits.seconds > 0
    assert len(hits) <= 3


@pytest.mark.parametrize("mode", ["lexical", "dense", "generative", "hybrid"])
def test_each_mode(index: Index, mode: str) -> None:
    hits = index.search("plants turn light into sugar", mode=mode, k=2)
    assert (hits.mode, hits[0].document) == (mode, "leaf")


def test_a_list_of_queries_in_their_order(index: Index) -> None:
    answers = index.search(["moon", "granite", "bees"], mode="lexical", k=1)
    assert [hits[0].document for hits in answers] == ["moon", "stone", "bee"]
    assert index.search([]) == []


def test_more_queries_than_a_request_may_have(index: Index) -> None:
    answers = index.search(["moon"] * 257 + ["granite"], mode="lexical", k=1)
    assert len(answers) == 258 and answers[-1][0].document == "stone"


def test_explained_and_highlighted_hits(index: Index) -> None:
    hits = index.search("what pulls the océans", explain=True, highlight=True, k=1)
    hit = hits[0]
    texts = {hit.text[part.start : part.end] for match in hit.matches for part in match.ranges}
    assert "océans" in texts
    assert any(ngram.text for ngram in hits.ngrams)
    assert hit.snippet is not None
    marked = {hit.snippet.text[part.start : part.end] for part in hit.snippet.ranges}
    assert any("océans" in text for text in marked)
    assert [stage.stage for stage in hit.stages][-1] == "fusion"


def test_filters(index: Index) -> None:
    assert [hit.document for hit in index.search("water", mode="lexical", filter="year>=2000")] == ["leaf"]
    both = index.search("water", mode="lexical", filter=["year<2000", "tags=metal"])
    assert [hit.document for hit in both] == ["iron"]


def test_weights(index: Index) -> None:
    hits = index.search("light", weights={"lexical": 1, "dense": 0.5}, k=1)
    assert {stage.stage for stage in hits[0].stages} == {"lexical", "dense", "fusion"}


def test_reranking(index: Index) -> None:
    hits = index.search("what pulls the océans", rerank="late:5", k=2)
    assert hits[0].document == "moon" and hits[0].stages[-1].stage == "rerank"


def test_reranking_can_be_refused(index: Index) -> None:
    hits = index.search("what pulls the océans", rerank=False, k=2)
    assert hits == index.search("what pulls the océans", k=2)
    assert all(stage.stage != "rerank" for stage in hits[0].stages)


def test_reranking_in_stages(index: Index) -> None:
    stages = list(index.search_in_stages("what pulls the océans", rerank="late:5", k=2))
    assert [hits.stage for hits in stages] == ["search", "rerank"]
    assert stages[1] == index.search("what pulls the océans", rerank="late:5", k=2)


def test_a_stage_that_nobody_waits_for(index: Index) -> None:
    for hits in index.search_in_stages("what pulls the océans", rerank="late:5"):
        assert hits.stage == "search"
        break
    assert index.search("moon", k=1)


def test_many_threads_share_a_client(index: Index) -> None:
    queries = ["moon", "granite", "bees", "sugar"] * 5
    expected = [index.search(query, mode="lexical", k=1)[0].document for query in queries]
    found: List[str] = [""] * len(queries)

    def search(number: int) -> None:
        found[number] = index.search(queries[number], mode="lexical", k=1)[0].document

    threads = [threading.Thread(target=search, args=(number,)) for number in range(len(queries))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


@pytest.mark.parametrize(
    "arguments, param",
    [
        ({"k": 0}, "$.k"),
        ({"k": 10**6}, "$.k"),
        ({"mode": "magic"}, "$.mode"),
        ({"filter": "year >"}, "$.filter"),
        ({"senses": ["bank"]}, "$.senses[0]"),
    ],
)
def test_wrong_arguments_are_named(index: Index, arguments: "dict[str, object]", param: str) -> None:
    with pytest.raises(Error) as caught:
        index.search("moon", **arguments)  # type: ignore[call-overload]
    assert (caught.value.status, caught.value.param) == (422, param)
    assert caught.value.message


def test_an_index_that_is_not_served(client: Client) -> None:
    for attempt in (lambda i: i.search("moon"), len, lambda i: i.add([{"id": "a", "text": "b"}])):
        with pytest.raises(Error) as caught:
            attempt(Index("nothing", client))
        assert caught.value.status == 404


# Phrases


def test_phrases(index: Index) -> None:
    assert index.count("water") == 2
    assert index.count("no such phrase") == 0
    assert index.count("WATER", any_case=True) == 2
    found = index.find("water", k=1, next=2)
    assert (found.count, found.document_count, len(found.passages)) == (2, 2, 1)
    passage = found.passages[0]
    assert {passage.text[part.start : part.end] for part in passage.ranges} == {"water"}
    assert len(found.next) == 2


def test_next_tokens(index: Index) -> None:
    follows = index.next("what the moon", k=5)
    assert (follows.context, follows.next[0].text) == ("the moon", "pulls")
    probability = index.probability(" pulls the", context="the moon")
    assert probability.log_probability == 0 and len(probability.tokens) == 2
    assert index.probability(" granite", context="the moon").log_probability is None


def test_generated_ngrams(index: Index) -> None:
    ngrams = index.ngrams("what pulls the oceans", k=3, documents=1)
    assert 0 < len(ngrams) <= 3
    assert ngrams[0].count > 0 and len(ngrams[0].documents) == 1


# Documents


def test_reading_documents(index: Index) -> None:
    assert len(index) == len(DOCUMENTS) and bool(index)
    listed = list(index.documents(page_size=2))
    assert [info.document for info in listed] == [info.document for info in index.documents()]
    assert {info.document for info in listed} == {document["id"] for document in DOCUMENTS}
    for document in DOCUMENTS:
        got = index.get(str(document["id"]))
        assert (got.document, got.text, got.title) == (document["id"], document["text"], document["title"])
    assert "moon" in index and "mars" not in index and 3 not in index


def test_an_index_says_what_it_is(client: Client) -> None:
    info = Index("notes", client).info()
    assert info.documents == len(DOCUMENTS) and set(info.modes) >= {"lexical", "dense", "generative", "hybrid"}
    assert [served.name for served in client.indexes()] == ["notes"]
    assert "all-MiniLM-L6-v2" in client.models()
    assert "version" in client.info()


def test_adding_replacing_and_deleting(writable: Index) -> None:
    before = len(writable)
    added = [{"id": f"n{i}", "text": f"quokka number {i}", "size": i} for i in range(10)]
    assert writable.add(added) == 10
    assert len(writable) == before + 10
    assert len(writable.search("quokka", mode="lexical", k=20)) == 10
    # Twice is once.
    assert writable.add(added) == 10
    assert len(writable) == before + 10
    writable.add([{"id": "n3", "text": "a wombat"}])
    assert writable.get("n3").text == "a wombat"
    assert writable.delete(["n1", "n2", "never there"]) == 2
    assert writable.delete(["n1"]) == 0
    assert writable.delete([]) == 0
    assert len(writable) == before + 8
    assert len(writable.search("quokka", mode="lexical", k=20)) == 7


def test_documents_in_several_commits(writable: Index) -> None:
    before = len(writable)
    assert writable.add(({"id": str(i), "text": "kakapo " * 20} for i in range(50)), bytes_per_commit=1000) == 50
    assert len(writable) == before + 50
    assert writable.add([]) == 0


def test_one_wrong_document_and_nothing_changes(writable: Index) -> None:
    before = len(writable)
    with pytest.raises(Error) as caught:
        writable.add([{"id": "good", "text": "good"}, {"text": "it has no id"}])
    assert caught.value.status == 422
    assert len(writable) == before and "good" not in writable


def test_texts_beyond_ascii_return_as_they_were(writable: Index) -> None:
    text = "naïve 中文 🦄 \u0000\u2028 \"quoted\" \\ <b>&amp;</b>"
    writable.add([{"id": "ünï/codé?&#%", "title": "🦄", "text": text}])
    got = writable.get("ünï/codé?&#%")
    # Control characters are cleaned when documents are read; the rest stays.
    assert (got.title, got.text) == ("🦄", text.replace("\u0000", " "))


def test_a_writer_and_readers_at_once(writable: Index) -> None:
    faults: List[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                hits = writable.search("numbat", mode="lexical", k=100)
                # Each commit has five: no reader sees half of one.
                assert isinstance(hits, Hits) and len(hits) % 5 == 0
        except BaseException as fault:
            faults.append(fault)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for lot in range(6):
        writable.add([{"id": f"{lot}-{i}", "text": "numbat"} for i in range(5)])
    stop.set()
    for reader in readers:
        reader.join()
    assert not faults
    assert len(writable.search("numbat", mode="lexical", k=100)) == 30


def test_the_package_exports_what_it_says() -> None:
    assert all(hasattr(trawl, name) for name in trawl.__all__)

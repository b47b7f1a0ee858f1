"""PyTerrier and ir_datasets."""
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator

import pytest
from served import REPOSITORY, serving

from trawl import Client, Index

ir_datasets = pytest.importorskip("ir_datasets")
pyterrier = pytest.importorskip("pyterrier")

import pandas  # noqa: E402

from trawl import datasets  # noqa: E402
from trawl.pyterrier import TrawlRetriever  # noqa: E402


@pytest.fixture
def dataset(tmp_path: Path) -> Any:
    (tmp_path / "docs.tsv").write_text("d1\tthe wombat digs\nd2\tthe quokka smiles\n")
    (tmp_path / "queries.tsv").write_text("q1\twombat\nq2\tquokka\n")
    (tmp_path / "qrels").write_text("q1 0 d1 1\nq2 0 d2 2\n")
    return ir_datasets.create_dataset(
        docs_tsv=str(tmp_path / "docs.tsv"),
        queries_tsv=str(tmp_path / "queries.tsv"),
        qrels_trec=str(tmp_path / "qrels"),
    )


@pytest.fixture
def index(scratch: Path) -> Iterator[Index]:
    with serving([str(scratch)]) as server, Client(server.url, server.api_key) as client:
        yield Index(scratch, client)


def test_a_data_set(dataset: Any) -> None:
    assert list(datasets.documents(dataset)) == [
        {"id": "d1", "text": "the wombat digs"},
        {"id": "d2", "text": "the quokka smiles"},
    ]
    assert datasets.queries(dataset) == {"q1": "wombat", "q2": "quokka"}
    assert datasets.qrels(dataset) == {"q1": {"d1": 1}, "q2": {"d2": 2}}


def test_a_data_set_is_indexed_and_searched(dataset: Any, index: Index) -> None:
    assert index.add(datasets.documents(dataset)) == 2
    for query_id, query in datasets.queries(dataset).items():
        assert {index.search(query, mode="lexical", k=1)[0].document} == set(datasets.qrels(dataset)[query_id])


def test_a_transformer(index: Index) -> None:
    index.add([{"id": "d1", "title": "Digger", "text": "the wombat digs", "legs": 4}, {"id": "d2", "text": "a wombat"}])
    retriever = TrawlRetriever(index, mode="lexical", k=5, metadata=["title", "legs"])
    topics = pandas.DataFrame([["q1", "wombat digs", 1], ["q2", "nowhere", 2]], columns=["qid", "query", "turn"])
    result = retriever(topics)
    assert list(result.columns) == ["qid", "query", "turn", "docno", "score", "rank", "title", "legs"]
    assert list(result["docno"]) == ["d1", "d2"] and list(result["rank"]) == [0, 1]
    assert result["score"].is_monotonic_decreasing
    assert result.iloc[0]["title"] == "Digger" and result.iloc[0]["legs"] == 4
    pipeline = retriever % 1
    assert list(pipeline.search("wombat")["qid"]) == ["1"]


def test_a_transformer_without_topics(index: Index) -> None:
    topics = pandas.DataFrame({"qid": pandas.Series(dtype=str), "query": pandas.Series(dtype=str)})
    assert list(TrawlRetriever(index)(topics).columns) == ["qid", "query", "docno", "score", "rank"]


@pytest.mark.parametrize("module, package", [("datasets", "ir_datasets"), ("pyterrier", "python-terrier")])
def test_without_the_optional_package_it_says_what_to_install(module: str, package: str) -> None:
    # -S: without site-packages.
    run = subprocess.run(
        [sys.executable, "-S", "-c", f"import trawl.{module}"],
        capture_output=True,
        text=True,
        cwd=REPOSITORY / "Sources/python",
    )
    assert run.returncode == 1 and f"pip install {package}" in run.stderr

"""Shards that replicas on Ray serve: the answers of one index, also while replicas die and builds are replaced."""
import json
import shutil
import threading
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

import pytest
from clustered import QUERIES, SHARDS, alive, kill, wait_until, worker_of
from served import serving

from trawl import Client, Error, Index
from trawl._transport import Transport
from trawl.cluster.manifest import Manifest, run
from trawl.cluster.serve import Application, find, serve
from trawl.cluster.settings import Scale, Settings

PORT = 18700
Answer = List[Tuple[int, str, float, str]]


@pytest.fixture(scope="module")
def expected(one: Path) -> Dict[str, Answer]:
    """What one index answers."""
    with serving([str(one)]) as server:
        transport = Transport(server.url, server.api_key, retries=0)
        answers = {query: hits(transport.json("POST", "/v1/search", {"query": query})) for query in QUERIES}
        transport.close()
    assert sum(len(answer) for answer in answers.values()) > 5 * len(QUERIES)
    return answers


@pytest.fixture(scope="module")
def served_manifest(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, as replacing a shard changes it."""
    folder = tmp_path_factory.mktemp("served") / "shards"
    shutil.copytree(manifest.parent, folder)
    return folder / manifest.name


@pytest.fixture(scope="module")
def application(served_manifest: Path) -> Iterator[Application]:
    scale = Scale(replicas=2, cpus=0.05)
    started = serve(served_manifest, Settings(port=PORT, shards=scale, coordinators=Scale(cpus=0.05, load=8), settle=0.2))
    yield started
    started.stop()
    assert not alive("serve", "trawl-shard-") and not alive("serve", "trawl-coordinator-"), "no process is left"
    with pytest.raises(Error, match="no application runs"):
        find()


def hits(answer: Any) -> Answer:
    assert not answer["notes"]
    return [(hit["rank"], hit["document"], round(hit["score"], 5), hit["text"]) for hit in answer["hits"]]


def servers_of(application: Application, number: int) -> List[int]:
    """The processes that serve a shard."""
    shard = application.status()["shards"][number]
    return alive("serve", f"{number}-{shard['digest'][:16]}.trawl")


def the_coordinator() -> Optional[int]:
    """The process that serves the manifest; None where there is none, or where another one takes its place."""
    servers = [pid for pid in alive("serve", "trawl-coordinator-") if worker_of(pid)]
    return servers[0] if len(servers) == 1 else None


def is_whole(application: Application) -> bool:
    status = application.status()
    return status["coordinators"] == 1 and all(len(shard["replicas"]) == 2 for shard in status["shards"])


class Load:
    """Clients that search all the time, and compare every answer."""

    def __init__(self, expected: Dict[str, Answer], clients: int = 3) -> None:
        self.right = 0
        self.refused: List[str] = []
        self.faults: List[str] = []
        self.longest = 0.0
        self._expected = expected
        self._stops = threading.Event()
        self._threads = [threading.Thread(target=self._search, args=(number,)) for number in range(clients)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stops.set()
        for thread in self._threads:
            thread.join()
        print(f"{self.right} right, {len(self.refused)} refused {set(self.refused)}, longest {self.longest:.2f} s")

    def _search(self, number: int) -> None:
        transport = Transport(f"http://127.0.0.1:{PORT}", timeout=20, retries=0)
        turn = number
        while not self._stops.is_set():
            query = QUERIES[turn % len(QUERIES)]
            turn += 1
            begin = time.monotonic()
            try:
                answer = hits(transport.json("POST", "/v1/search", {"query": query}))
                if answer == self._expected[query]:
                    self.right += 1
                else:
                    self.faults.append(f"another answer to '{query}': {answer[:2]}")
            except Error as error:
                if error.status == 503:
                    self.refused.append(error.message)
                    time.sleep(0.02)
                else:
                    self.faults.append(str(error))
            except Exception as error:
                self.faults.append(repr(error))
            self.longest = max(self.longest, time.monotonic() - begin)
        transport.close()


@pytest.mark.smoke
def test_the_answers_are_those_of_one_index(application: Application, expected: Dict[str, Answer]) -> None:
    with Client(application.url) as client:
        index = Index("pages", client=client)
        for query in QUERIES:
            found = [(hit.rank, hit.document, round(hit.score, 5), hit.text) for hit in index.search(query)]
            assert found == expected[query], query
        several = index.search(QUERIES[:3], k=2)
        first = [[hit[1] for hit in expected[query][:2]] for query in QUERIES[:3]]
        assert [[hit.document for hit in found] for found in several] == first


@pytest.mark.smoke
def test_errors_and_streams_pass_through(application: Application, one: Path) -> None:
    streamed = {"query": "models", "stream": True}
    with serving([str(one)]) as server:
        transport = Transport(server.url, server.api_key, retries=0)
        direct = [name for name, _ in transport.events("/v1/search", streamed)]
        transport.close()
    transport = Transport(application.url, retries=0)
    with pytest.raises(Error) as caught:
        transport.json("POST", "/v1/search", {"query": "a", "k": 0})
    assert caught.value.status == 422 and caught.value.param == "$.k"
    with pytest.raises(Error) as caught:
        transport.json("GET", "/v1/nowhere?a=%20b")
    assert caught.value.status == 404
    assert transport.json("GET", "/ready")["status"] == "ready"
    names = [name for name, _ in transport.events("/v1/search", streamed)]
    assert names == direct, "as from a server of one index"
    transport.close()


def test_a_dead_replica_is_replaced_and_nobody_notices(application: Application, expected: Dict[str, Answer]) -> None:
    wait_until(lambda: is_whole(application))
    with Load(expected) as load:
        for number in range(SHARDS):
            time.sleep(1)
            kill(servers_of(application, number)[:1])
        time.sleep(1)
    assert not load.faults
    assert load.right > 20 and load.longest < 15
    assert all(message.startswith("shard ") for message in load.refused), load.refused
    assert len(load.refused) < load.right / 10
    assert wait_until(lambda: is_whole(application), 60), application.status()


def test_a_shard_without_replicas_is_named(application: Application, expected: Dict[str, Answer]) -> None:
    assert wait_until(lambda: is_whole(application), 60)
    with Load(expected) as load:
        time.sleep(0.5)
        kill(servers_of(application, 1))
        wait_until(lambda: load.refused, 20)
        assert wait_until(lambda: is_whole(application), 60), application.status()
        before = load.right
        assert wait_until(lambda: load.right > before + 20, 30), "it answers again"
    assert not load.faults
    assert load.refused and all("shard 1 (" in message for message in load.refused), load.refused
    assert load.longest < 15


def test_a_dead_coordinator_is_a_retriable_error(application: Application, expected: Dict[str, Answer]) -> None:
    assert wait_until(lambda: is_whole(application), 60)
    with Load(expected) as load:
        time.sleep(0.5)
        server = wait_until(the_coordinator)
        kill([server])
        again = wait_until(lambda: the_coordinator() not in (None, server) and the_coordinator(), 20)
        assert again, "its server is started again"
        before = load.right
        assert wait_until(lambda: load.right > before + 20, 30)
        # An address may have changed meanwhile, and the server with it.
        server = wait_until(the_coordinator)
        actor = worker_of(server)
        assert actor is not None
        kill([actor])
        assert wait_until(lambda: server not in alive("serve", "trawl-coordinator-"), 20), "it dies with its actor"
        before = load.right
        assert wait_until(lambda: load.right > before + 20, 60), "Ray starts another actor"
    assert not load.faults
    assert load.longest < 20


def test_the_registry_may_die(application: Application, expected: Dict[str, Answer]) -> None:
    import ray

    assert wait_until(lambda: is_whole(application), 60)
    with Load(expected) as load:
        ray.kill(application._registry, no_restart=False)
        time.sleep(2)
    assert not load.faults and not load.refused
    assert wait_until(lambda: whole_or_starting(application), 60)


def whole_or_starting(application: Application) -> bool:
    try:
        return is_whole(application)
    except Error:
        return False


def newer(binary: str, served_manifest: Path, number: int, text: str) -> Tuple[Path, str]:
    """Another build of a shard, with one document more, and its id."""
    path = served_manifest.parent / f"newer-{number}.trawl"
    shutil.copytree(served_manifest.parent / f"pages-{number}-of-{SHARDS}.trawl", path)
    corpus = served_manifest.parent / "newer.jsonl"
    for attempt in range(100):
        id = f"newer-{attempt}"
        corpus.write_text(json.dumps({"id": id, "text": text}) + "\n", encoding="utf-8")
        # A shard takes only the documents whose ids are its own.
        run([binary, "index", str(corpus), "--output", str(path), "--add", "--quiet"])
        if json.loads(run([binary, "show", str(path), "--json"]))["documents"] > documents_of(served_manifest, number):
            return path, id
    raise AssertionError("no id falls to the shard")


def documents_of(manifest: Path, number: int) -> int:
    shards = json.loads(manifest.read_text())["shards"]
    return int(next(shard["documents"] for shard in shards if shard["number"] == number))


def test_a_newer_build_replaces_a_shard(
    binary: str, served_manifest: Path, application: Application
) -> None:
    assert wait_until(lambda: whole_or_starting(application), 60)
    path, id = newer(binary, served_manifest, 2, "quaternion zymurgy")
    old = servers_of(application, 2)
    transport = Transport(application.url, retries=0)
    assert not transport.json("POST", "/v1/search", {"query": "zymurgy"})["hits"]
    answers: List[Any] = []
    stops = threading.Event()

    def search() -> None:
        own = Transport(application.url, timeout=20, retries=0)
        while not stops.is_set():
            try:
                found = own.json("POST", "/v1/search", {"query": "zymurgy"})["hits"]
                answers.append([hit["document"] for hit in found])
            except Error as error:
                answers.append(error)
        own.close()

    searcher = threading.Thread(target=search)
    searcher.start()
    try:
        application.replace(2, path)
        time.sleep(0.5)
    finally:
        stops.set()
        searcher.join()
    switch = next(number for number, answer in enumerate(answers) if answer)
    assert answers == [[]] * switch + [[id]] * (len(answers) - switch), "no error, and never back to the old build"
    assert [hit["document"] for hit in transport.json("POST", "/v1/search", {"query": "zymurgy"})["hits"]] == [id]
    transport.close()
    assert not set(old) & set(servers_of(application, 2)) and not alive("serve", f"pages-2-of-{SHARDS}")
    listed = Manifest.read(served_manifest, binary).shards
    assert listed[2].path == str(path), "the file names the newer build"


def test_an_index_that_is_not_the_shard_is_refused(
    binary: str, one: Path, manifest: Path, served_manifest: Path, application: Application
) -> None:
    before = served_manifest.read_bytes()
    for number, path, words in [
        (0, one, "not a shard"),
        (0, manifest.parent / f"pages-1-of-{SHARDS}.trawl", "shard"),
        (SHARDS, one, f"there is no shard {SHARDS} of {SHARDS}"),
        (0, served_manifest.parent / f"pages-0-of-{SHARDS}.trawl", "this build already"),
    ]:
        with pytest.raises(Error, match=words):
            application.replace(number, path)
    assert served_manifest.read_bytes() == before
    assert not list(served_manifest.parent.glob(".*")), "no draft is left"


def test_an_application_is_served_once(application: Application, served_manifest: Path) -> None:
    with pytest.raises(Error, match="'pages' is served already"):
        serve(served_manifest)
    assert find().name == "pages"
    with pytest.raises(Error, match="no application 'other' runs; those that do: pages"):
        find("other")

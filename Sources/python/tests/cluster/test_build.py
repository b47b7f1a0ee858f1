"""Shards that tasks of Ray build."""
import json
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import List

import pytest
from clustered import RECIPE, SHARDS, alive, environment, kill, paragraphs, wait_until, worker_of

from trawl import Error
from trawl.cluster.build import build

# Of the corpus that is built while programs are killed: a shard must take seconds, or it may be built before it is seen.
COPIES = 500


@pytest.mark.smoke
def test_the_shards_have_all_documents_once(binary: str, manifest: Path) -> None:
    listed = json.loads(manifest.read_text(encoding="utf-8"))["shards"]
    assert [shard["number"] for shard in listed] == list(range(SHARDS))
    assert sum(shard["documents"] for shard in listed) == len(paragraphs())
    subprocess.run([binary, "shards", "check", str(manifest)], check=True, timeout=60)


@pytest.mark.smoke
def test_what_is_current_is_kept(recipe: Path, manifest: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(manifest.parent, folder)  # with times
    shutil.rmtree(folder / f"pages-1-of-{SHARDS}.trawl")
    said: List[str] = []
    built = build(recipe, SHARDS, folder, say=said.append)
    assert said[0] == f"{SHARDS - 1} of {SHARDS} shards are built already"
    assert [line for line in said if ": built" in line] == ["shard 1: built (1 of 1)"]
    assert built.read_bytes() == manifest.read_bytes()
    said.clear()
    build(recipe, SHARDS, folder, say=said.append)
    assert len(said) == 2, "nothing is left to build"


def test_a_new_document_makes_all_shards_old(recipe: Path, ray_cluster: None, tmp_path: Path) -> None:
    own = tmp_path / "pages.yaml"
    shutil.copy(recipe, own)
    corpus = tmp_path / "corpus.jsonl"
    shutil.copy(recipe.parent / "corpus.jsonl", corpus)
    before = build(own, 2, tmp_path / "out").read_text()
    with corpus.open("a") as file:
        file.write('{"id": "new", "text": "one more"}\n')
    after = build(own, 2, tmp_path / "out").read_text()
    count = [sum(shard["documents"] for shard in json.loads(text)["shards"]) for text in (before, after)]
    assert count[1] == count[0] + 1


def test_a_killed_worker_is_replaced(binary: str, ray_cluster: None, tmp_path: Path) -> None:
    with (tmp_path / "corpus.jsonl").open("w") as file:
        for copy in range(COPIES):
            for document in paragraphs():
                file.write(json.dumps({**document, "id": f"{copy}-{document['id']}"}) + "\n")
    recipe = tmp_path / "large.yaml"
    recipe.write_text(RECIPE)
    killed: List[int] = []
    begun_again: List[int] = []

    def kill_some() -> None:
        # First a program, then a worker of Ray with its program. What they say is no evidence: it may be lost with them.
        first = f"large-0-of-{SHARDS}.trawl"
        program = wait_until(lambda: alive("index", first))
        kill(program)
        killed.extend(program)
        begun_again.extend(wait_until(lambda: [pid for pid in alive("index", first) if pid not in killed]))
        others = lambda: [pid for pid in alive("index", ".trawl", str(tmp_path)) if pid not in killed]
        worker = wait_until(lambda: next(filter(None, map(worker_of, others())), None))
        if worker:
            kill([worker])
            killed.append(worker)

    killer = threading.Thread(target=kill_some)
    killer.start()
    manifest = build(recipe, SHARDS, tmp_path / "out")
    killer.join()
    assert len(killed) >= 2, "something was killed"
    assert begun_again, "the killed program was begun again"
    listed = json.loads(manifest.read_text())["shards"]
    assert sum(shard["documents"] for shard in listed) == COPIES * len(paragraphs())
    subprocess.run([binary, "shards", "check", str(manifest)], check=True, timeout=60)
    assert not alive("index", str(tmp_path)), "no program is left"


def test_a_recipe_that_cannot_be_built(ray_cluster: None, tmp_path: Path) -> None:
    (tmp_path / "corpus.jsonl").write_text('{"id": "a"}\n')
    recipe = tmp_path / "bad.yaml"
    recipe.write_text(RECIPE + "lexicle: 1\n")
    with pytest.raises(Error) as caught:
        build(recipe, 2, tmp_path / "out")
    assert "lexicle" in caught.value.message and caught.value.message.startswith("shard ")
    assert not (tmp_path / "out/bad.shards.json").exists()


@pytest.mark.parametrize(
    "text, words",
    [
        ("build: [lexical]", "does not say where the corpus is"),
        ("corpus: {paths: ['-']}", "standard input"),
        ("corpus: {paths: [nowhere.jsonl]}", "nowhere.jsonl: there is no such file"),
        ("corpus: [", "is not YAML"),
    ],
)
def test_recipes_are_read_before_anything_begins(binary: str, tmp_path: Path, text: str, words: str) -> None:
    recipe = tmp_path / "bad.yaml"
    recipe.write_text(text)
    with pytest.raises(Error, match=words):
        build(recipe, 2, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_ctrl_c_stops_all_builds(binary: str, tmp_path: Path) -> None:
    with (tmp_path / "corpus.jsonl").open("w") as file:
        for copy in range(200):
            for document in paragraphs():
                file.write(json.dumps({**document, "id": f"{copy}-{document['id']}"}) + "\n")
    (tmp_path / "large.yaml").write_text(RECIPE)
    command = [sys.executable, "-m", "trawl.cluster", "build", "large.yaml", "--shards", "4", "--output", "out"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=environment(), start_new_session=True
    )
    try:
        assert wait_until(lambda: process.poll() is not None or alive("index", "large.yaml", "--shard"), 60)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert wait_until(lambda: not alive("index", "large.yaml", "--shard"), 10)
    assert not (tmp_path / "out/large.shards.json").exists()

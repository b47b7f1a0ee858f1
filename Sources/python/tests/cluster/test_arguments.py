"""Settings of a cluster, and the commands' words about what is wrong."""
import subprocess
import sys
from pathlib import Path

import pytest
from clustered import environment

from trawl import Error
from trawl.cluster.scaling import ByLoad
from trawl.cluster.settings import Scale, Settings


def read(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    return Settings.read(path)


def test_a_file_says_what_differs_from_the_defaults(tmp_path: Path) -> None:
    settings = read(tmp_path, "name: wiki\nshards: {replicas: 2, most: 4}\noptions: [--precision, int8]\n")
    assert settings == Settings(name="wiki", shards=Scale(replicas=2, most=4), options=("--precision", "int8"))
    assert settings.coordinators.load == 8
    assert read(tmp_path, "") == Settings()


@pytest.mark.parametrize(
    "text, words",
    [
        ("replicas: 2", "there is no setting 'replicas'"),
        ("shards: {replica: 2}", "there is no setting 'shards.replica'"),
        ("shards: {replicas: 0}", "shards.replicas has a value that it cannot have; give a number from 1 to 256"),
        ("shards: {replicas: true}", "shards.replicas"),
        ("shards: {replicas: 3, most: 2}", "shards.most"),
        ("shards: {cpus: none}", "shards.cpus"),
        ("coordinators: 2", "coordinators is not a group of settings"),
        ("port: 70000", "port"),
        ("name: a/b", "name"),
        ("options: --quiet", "options"),
        ("- a", "the file is not a group of settings"),
        ("a: [", "is not YAML"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Error) as caught:
        read(tmp_path, text)
    assert words in str(caught.value) and "settings.yaml" in str(caught.value)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(Error, match="No such file"):
        Settings.read("nowhere.yaml")


class Context:
    target_num_replicas = 2

    def __init__(self, *loads: float) -> None:
        self.aggregated_metrics = {"load": dict(enumerate(loads))} if loads else {}


def test_replicas_follow_the_load() -> None:
    policy = ByLoad(0.5)
    assert policy(Context())[0] == 2, "nothing is known yet"
    assert policy(Context(0, 0))[0] == 1
    assert policy(Context(0.5, 0.5))[0] == 2
    assert policy(Context(0.9, 0.9))[0] == 4


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["build", "nowhere.yaml", "--shards", "2", "--output", "out"], "nowhere.yaml: No such file"),
        (["build", "nowhere.yaml", "--shards", "0", "--output", "out"], "0 is not a number of shards"),
        (["serve", "nowhere.shards.json"], "cannot be opened"),
        (["serve", "nowhere.shards.json", "--replicas", "0"], "replicas has a value"),
        (["serve", "nowhere.shards.json", "--settings", "nowhere.yaml"], "nowhere.yaml: No such file"),
        (["status"], "no cluster of Ray runs on this machine"),
    ],
)
def test_commands_name_what_is_wrong(binary: str, tmp_path: Path, arguments: "list[str]", words: str) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    # Clusters that run on this machine are looked for elsewhere.
    done = subprocess.run(
        [sys.executable, "-m", "trawl.cluster", *arguments], cwd=folder, capture_output=True, text=True, timeout=60,
        env=environment(RAY_TMPDIR=str(tmp_path)),
    )
    assert done.returncode == 2, done.stderr
    assert words in done.stderr and "Traceback" not in done.stderr
    assert not list(folder.iterdir()), "a refused command makes no folder"

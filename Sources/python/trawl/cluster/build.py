"""Building the shards of a corpus: a task of Ray for each, which runs ``trawl index --shard``."""
from __future__ import annotations

import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import ray

from .._binary import find_binary
from .._server import bound_to_this_process
from ..errors import Error
from .connection import connect
from .inputs import Record, Source
from .manifest import ENDING, Manifest, run, said

_MOST_SHARDS = 4096
_LINES_KEPT = 20


class Killed(Exception):
    """The program was killed, so that the shard may be built if it is tried again."""


@dataclass(frozen=True)
class Built:
    """What a task returns."""

    shard: int
    seconds: float
    # What the program said where it failed; None where it did not.
    error: Optional[str] = None


def build(
    recipe: "str | os.PathLike[str]",
    shards: int,
    output: "str | os.PathLike[str]",
    *,
    name: Optional[str] = None,
    cpus: float = 1.0,
    retries: int = 3,
    rebuild: bool = False,
    binary: Optional[str] = None,
    say: Callable[[str], None] = lambda line: None,
    address: Optional[str] = None,
) -> Path:
    """Builds all shards of a recipe's corpus and writes their manifest, whose path is returned.

    Shards that an earlier call has built of the same recipe and files are kept. All machines of the cluster must see the corpus and
    ``output`` at the same paths.

    Args:
        recipe: a YAML file with ``corpus.paths``.
        output: the folder of the shards, which are called ``NAME-I-of-N.trawl``, and of the manifest ``NAME.shards.json``.
        name: what they are called; None: as the recipe.
        cpus: the processors that Ray reserves for each build; as many builds run at once as the cluster has room for.
        retries: how often a shard is tried again whose worker died.
        rebuild: whether all shards are built, also those that are there.
        say: gets a line for each step.
        address: the cluster of Ray; None: see `connection.connect`.

    Raises:
        Error: the recipe cannot be built, or a worker died too often. Shards that are finished stay.
        KeyboardInterrupt: Ctrl-C. No task runs any more then.
    """
    if not 1 <= shards <= _MOST_SHARDS:
        raise Error(f"{shards} is not a number of shards", remedy=f"give a number from 1 to {_MOST_SHARDS}")
    program = binary or find_binary()
    source = Source.read(recipe)
    state = source.state(shards, run([program, "--version"]).strip())
    name = name or Path(recipe).stem
    folder = Path(output).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}-{number}-of-{shards}.trawl" for number in range(shards)]
    waiting = [number for number in range(shards) if rebuild or not Record(paths[number]).is_of(state)]
    if len(waiting) < shards:
        say(f"{shards - len(waiting)} of {shards} shards are built already")
    if waiting:
        connect(address)
        try:
            builds = _Builds(program, source.path, paths, cpus, retries, say)
            builds.run(waiting, lambda number: Record(paths[number]).write(state))
        except ray.exceptions.RayError as error:
            raise Error(
                f"Ray failed: {str(error).strip().splitlines()[-1]}",
                remedy="look whether the package trawl is installed on all machines",
            ) from error
    manifest = folder / (name + ENDING)
    Manifest.write(paths, manifest, program)
    say(f"{manifest}: {shards} shards")
    return manifest


class _Builds:
    """Tasks that run, and what they say."""

    def __init__(
        self, program: str, recipe: Path, paths: List[Path], cpus: float, retries: int, say: Callable[[str], None]
    ) -> None:
        self._program = program
        self._recipe = recipe
        self._paths = paths
        self._say = say
        self._progress: Any = ray.remote(num_cpus=0)(_Progress).remote()
        self._task: Any = ray.remote(num_cpus=cpus, max_retries=retries, retry_exceptions=[Killed])(_build_shard)

    def run(self, shards: List[int], finished: Callable[[int], None]) -> None:
        running: Dict[Any, int] = {}
        left, done = list(shards), 0
        errors: List[str] = []
        # More wait than run, so that no processor is idle, but not thousands.
        most = max(2, 2 * int(ray.cluster_resources().get("CPU", 1)))
        try:
            while running or (left and not errors):
                while left and not errors and len(running) < most:
                    number = left.pop(0)
                    running[self._start(number)] = number
                ready, _ = ray.wait(list(running), timeout=0.5)
                self._tell()
                for reference in ready:
                    number = running.pop(reference)
                    error = self._outcome(reference, number)
                    if error is None:
                        done += 1
                        finished(number)
                        self._say(f"shard {number}: built ({done} of {len(shards)})")
                    else:
                        errors.append(f"shard {number}: {error}")
                        # The others fail as well, or can be had again.
                        self._cancel(running)
        except BaseException:
            self._cancel(running)
            raise
        finally:
            ray.kill(self._progress)
        if errors:
            raise Error(errors[0], remedy=f"{done} of {len(shards)} shards were built; run it again to build the others")

    def _start(self, number: int) -> Any:
        shard = f"{number}/{len(self._paths)}"
        arguments = [self._program, "index", "--recipe", str(self._recipe), "--shard", shard]
        return self._task.remote(number, [*arguments, "--output", str(self._paths[number])], self._progress)

    def _tell(self) -> None:
        for line in ray.get(self._progress.take.remote()):
            self._say(line)

    @staticmethod
    def _outcome(reference: Any, number: int) -> Optional[str]:
        try:
            built: Built = ray.get(reference)
            return built.error
        except ray.exceptions.TaskCancelledError:
            return "it was stopped"
        except ray.exceptions.RayTaskError as error:
            return str(error.cause)
        except ray.exceptions.RayError as error:
            return f"its worker died too often: {' '.join(str(error).split())[:500]}"

    @staticmethod
    def _cancel(running: Dict[Any, int]) -> None:
        """Stops tasks, and waits until they have."""
        for reference in running:
            ray.cancel(reference, force=False)
        if running:
            ray.wait(list(running), num_returns=len(running), timeout=20)


class _Progress:
    """An actor that collects what tasks say."""

    def __init__(self) -> None:
        self._lines: List[str] = []

    def say(self, line: str) -> None:
        self._lines.append(line)

    def take(self) -> List[str]:
        lines, self._lines = self._lines, []
        return lines


def _build_shard(number: int, arguments: List[str], progress: Any) -> Built:
    """The task. Its program dies with it."""
    begin = time.monotonic()
    progress.say.remote(f"shard {number}: begun on {ray.util.get_node_ip_address()}")
    process = subprocess.Popen(
        bound_to_this_process(arguments), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        encoding="utf-8", errors="replace", start_new_session=True,
    )
    lines: List[str] = []

    def read() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line)
            del lines[:-_LINES_KEPT]
            progress.say.remote(f"shard {number}: {line.strip()}")

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        # In short steps: the interrupt of a cancelled task must get through.
        while process.poll() is None:
            time.sleep(0.05)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    reader.join(5)
    if process.returncode < 0:
        raise Killed(f"the program was killed by signal {-process.returncode}")
    if process.returncode != 0:
        errors = [line for line in lines if line.startswith(("trawl:", "Error:", "error:"))]
        return Built(number, time.monotonic() - begin, said("".join(errors or lines[-3:])) or "the program failed")
    return Built(number, time.monotonic() - begin)


"""What runs on the machines of a cluster: an actor that keeps its models open and restores one picture at a time."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from aigan.errors import AiganError
from aigan.restore.backends.contract import CORES
from aigan.restore.cluster import places
from aigan.restore.inspect import Choice
from aigan.restore.job import FileResult, Job, Work, failed
from aigan.restore.naming import Part

DEATHS = 3  # workers that a picture may cost, with Ray's own retries: else it would end them for ever


class Task(msgspec.Struct, frozen=True):
    """A picture to restore and the files to make, by the paths of `places`."""

    source: str
    outputs: dict[Part, str]


class Starts:
    """How often each picture was begun and not finished: an actor that outlives the workers."""

    def __init__(self) -> None:
        self._unfinished = Counter[str]()

    def begin(self, source: str) -> int:
        """Before a picture; gives how many workers have died of it."""
        self._unfinished[source] += 1
        return self._unfinished[source] - 1

    def end(self, source: str) -> None:
        """After it, whatever became of it."""
        self._unfinished[source] -= 1


class Worker:
    """Restores batches of tasks, on so many cores; made by Ray Data, once in each process. `starts`: the actor."""

    def __init__(self, job: Job, choice: Choice | None, cores: int, starts: Any) -> None:
        os.environ[CORES] = os.environ["VIPS_CONCURRENCY"] = str(cores)
        # The driver has seen to it that nothing is overwritten that must stay; what is there now was made by a worker
        # that died before it could say so.
        self._starts = starts
        self._work = Work(replace(job, overwrite=True), choice=choice)

    def __call__(self, batch: Mapping[str, Sequence[bytes]]) -> dict[str, list[bytes]]:
        """`task`, encoded tasks, to `result`, encoded results in the same order."""
        tasks = [msgspec.json.decode(task, type=Task) for task in batch["task"]]
        return {"result": [msgspec.json.encode(self.restore(task)) for task in tasks]}

    def restore(self, task: Task) -> FileResult:
        """Restore one picture; what goes wrong is in the result."""
        import ray

        source = places.shown(task.source)
        if (died := ray.get(self._starts.begin.remote(source))) >= DEATHS:
            return failed(source, AiganError(f"{source} ended {died} workers, maybe for memory: try a smaller --tile"))
        outputs = {part: Path(path) for part, path in task.outputs.items()}
        try:
            with places.at_hand(Path(task.source), outputs) as (local, paths):
                result = self._work.restore(local, paths)
            names = {part: places.shown(path) for part, path in task.outputs.items()}
            result = msgspec.structs.replace(result, source=source, outputs=names)
        except Exception as error:  # whatever happens to one picture, the batch goes on
            result = failed(source, error)
        self._starts.end.remote(source)
        return result

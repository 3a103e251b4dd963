"""What runs on the machines of a cluster: an actor that keeps its models open and restores one picture at a time."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from aigan.restore.backends.contract import CORES
from aigan.restore.cluster import places
from aigan.restore.inspect import Choice
from aigan.restore.job import FileResult, Job, Work, failed
from aigan.restore.naming import Part


class Task(msgspec.Struct, frozen=True):
    """A picture to restore and the files to make, by the paths of `places`."""

    source: str
    outputs: dict[Part, str]


class Worker:
    """Restores batches of tasks, on so many cores; made by Ray Data, once in each process."""

    def __init__(self, job: Job, choice: Choice | None, cores: int) -> None:
        os.environ[CORES] = os.environ["VIPS_CONCURRENCY"] = str(cores)
        # The driver has seen to it that nothing is overwritten that must stay; what is there now was made by a worker
        # that died before it could say so.
        self._work = Work(replace(job, overwrite=True), choice=choice)

    def __call__(self, batch: Mapping[str, Sequence[bytes]]) -> dict[str, list[bytes]]:
        """`task`, encoded tasks, to `result`, encoded results in the same order."""
        tasks = [msgspec.json.decode(task, type=Task) for task in batch["task"]]
        return {"result": [msgspec.json.encode(self.restore(task)) for task in tasks]}

    def restore(self, task: Task) -> FileResult:
        """Restore one picture; what goes wrong is in the result."""
        outputs = {part: Path(path) for part, path in task.outputs.items()}
        try:
            with places.at_hand(Path(task.source), outputs) as (local, paths):
                result = self._work.restore(local, paths)
        except Exception as error:  # whatever happens to one picture, the batch goes on
            return failed(places.shown(task.source), error)
        names = {part: places.shown(path) for part, path in task.outputs.items()}
        return msgspec.structs.replace(result, source=places.shown(task.source), outputs=names)

"""The driver: plans, hands the pictures to Ray Data, and writes down what became of them."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

import aigan
from aigan.errors import AiganError, MissingExtra
from aigan.pictures import is_picture
from aigan.restore import job as jobs
from aigan.restore.backends.contract import cores as usable_cores
from aigan.restore.cluster import places
from aigan.restore.cluster.manifest import Manifest
from aigan.restore.cluster.worker import Starts, Task, Worker
from aigan.restore.inspect import Choice, decide
from aigan.restore.job import FileResult, Job
from aigan.restore.naming import Item

LOCAL = "local"  # the address of a Ray of this machine's own
TOGETHER = 16  # pictures that a worker takes at most at a time: what Ray does for each task costs milliseconds
WAITING = 2  # tasks that a worker has at most, the one at work included
STORE_BYTES = 100 << 20  # of a local Ray: nothing but names and results goes through it


def run(
    job: Job, items: Sequence[Item], output: str | Path, *, address: str = LOCAL, cores_per_worker: int = 1
) -> Iterator[FileResult]:
    """Do a job on a cluster: results come as they are ready, with the same files as `Job.run` makes.

    `items`: of `places.plan`, `output`: what was given there; `manifest.jsonl` goes there too, or beside the one file.
    `address`: of a Ray cluster (HOST:PORT, or "auto" on one of its machines), or "local": one is started, and ended
    afterwards. `cores_per_worker`: each worker restores one picture at a time; with device "cuda" each has a GPU.
    AiganError as `Job.run`, where the cluster cannot be reached, or where its machines lack aigan or a GPU;
    MissingExtra without Ray.
    """
    if address == LOCAL:
        job.check()
    out = places.place(output)
    manifest = Manifest(out.parent if is_picture(out) and not out.is_dir() else out)
    try:
        for result in _results(_portable(job), items, out, address, cores_per_worker):
            manifest.add(result)
            yield result
    finally:
        manifest.close()


def _portable(job: Job) -> Job:
    return replace(job, model=os.path.abspath(job.model)) if Path(job.model).is_file() else job


def _results(job: Job, items: Sequence[Item], out: Path, address: str, cores_per_worker: int) -> Iterator[FileResult]:
    exists = places.existing(out)
    sources = [item.source for item in items]
    is_source = frozenset(sources).__contains__ if places.is_bucket(out) else jobs.is_one_of(sources)
    waiting: dict[str, Task] = {}
    for item in items:
        name = places.shown(item.source)
        try:
            paths = job.paths(item, exists=exists, is_source=is_source)
        except AiganError as error:
            yield jobs.failed(name, AiganError(places.shown(str(error))))
            continue
        if not paths:
            yield jobs.there_already(name)
            continue
        waiting[name] = Task(str(item.source), {part: str(path) for part, path in paths.items()})
    if not waiting:
        return
    with connected(address) as ray:
        crew = _crew(ray, job, cores_per_worker)
        if address != LOCAL:
            _check_there(ray, job, crew)
        choice = first_choice(waiting.values()) if job.auto_once and job.model == jobs.AUTO else None
        for result in _restored(ray, [*waiting.values()], job, choice, crew):
            if waiting.pop(result.source, None):  # Ray may compute anew what a lost machine held
                yield result


@dataclass(frozen=True, kw_only=True)
class _Crew:
    """The workers of a cluster: how many, and what each has."""

    workers: int
    cores: int
    gpus: int


def _crew(ray: Any, job: Job, cores_per_worker: int) -> _Crew:
    there = ray.cluster_resources()
    gpus = 1 if job.device == "cuda" else 0
    workers = int(there.get("CPU", 0)) // cores_per_worker
    if gpus:
        workers = min(workers, int(there.get("GPU", 0)))
    if not workers:
        lacking = "GPU: leave out --device cuda" if gpus else f"machine with {cores_per_worker} cores: add one"
        raise AiganError(f"the Ray cluster has no {lacking}")
    return _Crew(workers=workers, cores=cores_per_worker, gpus=gpus)


def _restored(ray: Any, tasks: Sequence[Task], job: Job, choice: Choice | None, crew: _Crew) -> Iterator[FileResult]:
    """What the workers say of the tasks, as it comes in; Ray starts those anew that die, and gives them their tasks."""
    together = max(1, min(TOGETHER, len(tasks) // (4 * crew.workers)))
    blocks = math.ceil(len(tasks) / together)
    starts = ray.remote(Starts).options(num_cpus=0).remote()
    pictures = ray.data.from_items([{"task": msgspec.json.encode(task)} for task in tasks], override_num_blocks=blocks)
    restored = pictures.map_batches(
        Worker,
        fn_constructor_args=(job, choice, crew.cores, starts),
        batch_size=together,
        num_cpus=crew.cores,
        num_gpus=crew.gpus or None,
        compute=ray.data.ActorPoolStrategy(size=min(crew.workers, blocks), max_tasks_in_flight_per_actor=WAITING),
    )
    try:
        for batch in restored.iter_batches(batch_size=None, prefetch_batches=0):
            for line in batch["result"]:
                yield msgspec.json.decode(line, type=FileResult)
    except ray.exceptions.RayError as error:
        raise AiganError(f"Ray gave up ({_reason(error)}): run the same again with --resume") from error


def first_choice(tasks: Iterable[Task]) -> Choice | None:
    """What "auto" says of the first picture that can be read, as in `Job.run`."""
    for task in tasks:
        with suppress(Exception), places.at_hand(Path(task.source), {}) as (local, _):
            return decide(local)
    return None


@contextmanager
def connected(address: str, *, cores: int | None = None) -> Iterator[Any]:
    """Ray, connected to a cluster; one that this process is connected to already is used, and stays.

    `cores`: of this machine, for a Ray of its own; all that this process may use.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.data
    except ImportError as missing:
        raise MissingExtra("--cluster needs Ray: install it with  pip install 'aigan[cluster]'") from missing
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = False
    if ray.is_initialized():
        yield ray
        return
    here: dict[str, Any] = {
        "num_cpus": cores or usable_cores(),
        "object_store_memory": STORE_BYTES,
        "include_dashboard": False,
    }
    try:
        ray.init(
            address=address, log_to_driver=False, logging_level=logging.ERROR, **(here if address == LOCAL else {})
        )
    except Exception as error:  # Ray raises all types here
        raise AiganError(
            f"Ray does not start here ({_reason(error)}): see what else keeps this machine busy, and try again"
            if address == LOCAL
            else f"there is no Ray cluster at {address} ({_reason(error)}): check the address, or leave it out"
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _check_there(ray: Any, job: Job, crew: _Crew) -> None:
    """AiganError where the machines of a cluster cannot do the job."""
    ask = ray.remote(_answer).options(num_cpus=crew.cores, num_gpus=crew.gpus)
    try:
        version, error = ray.get(ask.remote(job))
    except ray.exceptions.RayError as failure:
        raise AiganError(
            f"the machines of the cluster cannot run aigan ({_reason(failure)}):"
            f" install aigan[cluster] {aigan.__version__} on each"
        ) from failure
    if version != aigan.__version__:
        raise AiganError(f"the cluster has aigan {version}: install {aigan.__version__}, as here, on each machine")
    if error:
        raise error


def _answer(job: Job) -> tuple[str, AiganError | None]:
    """On a machine of the cluster: its version, and why it cannot do the job."""
    try:
        job.check()
    except AiganError as error:
        return aigan.__version__, error
    return aigan.__version__, None


def _reason(error: Exception) -> str:
    return str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__

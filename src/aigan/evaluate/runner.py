"""Measure all cells of a table: in parallel by processes, picture by picture, and nothing twice.

A picture is written down when it is measured, a row when its pictures are complete. So whatever moment a run is killed
at, the next one goes on from there.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from aigan.data.folders import Pair
from aigan.errors import AiganError, UsageError
from aigan.evaluate.benchmarks import Benchmark
from aigan.evaluate.measure import Item, Measurement, find_pictures, places, prepare
from aigan.evaluate.plan import Cell, Opens, Plan
from aigan.evaluate.rows import Journal, Measured, Row, Where, here, identity_of, read_rows, row_of, write_rows
from aigan.files import writable

Progress = Callable[[int, int], None]  # pictures that are done, of so many
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "LOKY_MAX_CPU_COUNT")


def rows_file(plan: Plan, folder: Path) -> Path:
    """Where the rows of a table are."""
    return folder / f"{plan.name}.rows.jsonl"


def measure(
    plan: Plan,
    folder: Path,
    *,
    data: Path | None,
    jobs: int,
    only: Collection[str] = (),
    on_progress: Progress = lambda done, total: None,
) -> list[str]:
    """Measure what is missing of a table and write its rows into `folder`; return what could not be measured, and why.

    `data`: the folder of the published sets. `jobs`: processes, each of which takes one core. `only`: these methods.
    A row that another version of its method was measured by is replaced. AiganError where nothing can be written, or a
    process was killed; UsageError where `only` names what the table has not.
    """
    names = {method.name for method in plan.methods}
    if unknown := sorted({*only} - names):
        raise UsageError(f"{plan.name} has no method {unknown[0]}: take some of {', '.join(sorted(names))}")
    cells = [cell for cell in plan.cells() if cell.method in (only or names)]
    with writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
    rows = read_rows(rows_file(plan, folder))
    with closing(Journal(folder / f"{plan.name}.pictures.jsonl")) as journal:
        known = {picture.key: picture for row in rows.values() for picture in row.pictures}
        known |= {picture.key: picture for picture in journal.pictures}
        pending, problems = _pending(plan, cells, rows, known, data)

        def finish(work: _Work) -> None:
            """Write the row of a cell that is complete, in the order of the table."""
            if len(work.done) == len(work.places):
                rows[work.cell] = work.row()
                order = {cell: place for place, cell in enumerate(plan.cells())}
                write_rows(rows_file(plan, folder), sorted(rows.values(), key=lambda row: order.get(row.cell, -1)))

        for work in pending:
            finish(work)
        total = sum(len(work.places) for work in pending)
        on_progress(sum(len(work.done) for work in pending), total)
        for work, place, result in _results(pending, jobs=jobs, data=data):
            if isinstance(result, Exception):
                problems.append(f"{work.cell.words} failed at {work.measurement.pairs[place].name}: {result!r}")
                continue
            journal.append(result)
            work.done[place] = result
            finish(work)
            on_progress(sum(len(work.done) for work in pending), total)
    return problems


@dataclass(eq=False, kw_only=True)
class _Work:
    """A cell whose row is missing or stale; `done` are the pictures that are measured already, by place."""

    cell: Cell
    opens: Opens
    identity: str
    measurement: Measurement
    done: dict[int, Measured] = field(default_factory=dict)

    @property
    def places(self) -> range:
        return places(self.measurement.pairs, self.cell.every)

    def row(self) -> Row:
        pictures = [self.done[place] for place in self.places]
        evaluation = self.measurement.evaluation([picture.item for picture in pictures], every=self.cell.every)
        return row_of(self.cell, evaluation, pictures)


def _pending(
    plan: Plan,
    cells: Sequence[Cell],
    rows: dict[Cell, Row],
    known: dict[tuple[object, ...], Measured],
    data: Path | None,
) -> tuple[list[_Work], list[str]]:
    """The cells that are to be measured, and what is wrong with the others, each thing once."""
    pending: list[_Work] = []
    problems: dict[str, None] = {}
    for cell in cells:
        try:
            benchmark, pairs = _pictures(cell.benchmark, data)
        except UsageError:
            raise
        except AiganError as error:
            problems[f"{cell.benchmark} is left out: {error}"] = None
            continue
        try:
            opens = plan.method(cell.method).opens(cell.benchmark, cell.sigma_255)
            identity = identity_of(*opens, gray=benchmark.measured_on == "gray")
            if cell in rows and rows[cell].identity == identity:
                continue
            measurement = _prepare(cell, opens, benchmark, pairs)
            work = _Work(cell=cell, opens=opens, identity=identity, measurement=measurement)
        except (AiganError, ImportError) as error:
            problems[f"{cell.method} is left out: {error}"] = None
            continue
        for place in work.places:
            what = (cell.method, identity, cell.benchmark, cell.sigma_255, cell.seed, pairs[place].name)
            if what in known:
                work.done[place] = known[what]
        pending.append(work)
    return pending, list(problems)


def _results(
    pending: Sequence[_Work], *, jobs: int, data: Path | None
) -> Iterator[tuple[_Work, int, Measured | Exception]]:
    """Measure all pictures that are missing, in any order; after an exception the others of its cell are left out."""
    missing = [(work, place) for work in pending for place in work.places if place not in work.done]
    if not missing:
        return
    where = here()
    with _pool(min(jobs, len(missing))) as pool:
        futures: dict[Future[Measured], tuple[_Work, int]] = {
            pool.submit(_measured, work.cell, work.opens, work.identity, place, data, where): (work, place)
            for work, place in missing
        }
        failed: set[_Work] = set()
        for future in as_completed(futures):
            work, place = futures[future]
            if future.cancelled():
                continue
            error = future.exception()
            if isinstance(error, BrokenProcessPool):
                raise AiganError(
                    "a process that measured was killed, perhaps for want of memory: run the command again, with fewer "
                    "--jobs; what was measured is kept"
                )
            if not isinstance(error, Exception):
                yield work, place, future.result()
            elif work not in failed:
                failed.add(work)
                for other, (its_work, _) in futures.items():
                    if its_work is work:
                        other.cancel()
                yield work, place, error


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Processes of one thread and, where the system can, one core each; they end when this one does."""
    context = multiprocessing.get_context("spawn")
    cores = context.SimpleQueue()
    available = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    for job in range(jobs):
        cores.put(available[job % len(available)])
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))  # read when numpy and others are imported, so set before
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(cores,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _begin(cores: Any) -> None:
    """In a new process."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it without a word
    core = cores.get()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})

    def end_with_parent() -> None:
        parent = multiprocessing.parent_process()
        if parent:
            parent.join()
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


def _measured(cell: Cell, opens: Opens, identity: str, place: int, data: Path | None, where: Where) -> Measured:
    """In a process: one picture, its scores rounded to what a reader can use."""
    measurement = _opened(cell, opens, data)
    sample = measurement.sample(place)
    reset_peak_memory()
    timed = measurement.timed(sample)
    peak = peak_memory()
    item = measurement.item(sample, timed)
    return Measured(
        **msgspec.structs.asdict(where),
        method=cell.method,
        identity=identity,
        benchmark=cell.benchmark,
        sigma_255=cell.sigma_255,
        seed=cell.seed,
        peak_memory_bytes=peak,
        item=Item(**{name: _rounded(value) for name, value in msgspec.structs.asdict(item).items()}),
    )


@functools.lru_cache(maxsize=1)
def _opened(cell: Cell, opens: Opens, data: Path | None) -> Measurement:
    return _prepare(cell, opens, *_pictures(cell.benchmark, data))


def _prepare(cell: Cell, opens: Opens, benchmark: Benchmark, pairs: Sequence[Pair]) -> Measurement:
    return prepare(
        opens.model,
        benchmark,
        pairs,
        weights=opens.weights,
        sigma_255=cell.sigma_255 or 0,
        seed=cell.seed or 0,
    )


@functools.lru_cache
def _pictures(benchmark: str, data: Path | None) -> tuple[Benchmark, list[Pair]]:
    return find_pictures(benchmark, data=data)


def _rounded(value: Any) -> Any:
    return round(value, 5) if isinstance(value, float) else value


def reset_peak_memory() -> None:
    """Let the kernel count the peak of memory from now on; where it cannot, it is that of the whole process."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak_memory() -> int | None:
    """The most memory that this process has held, in bytes, where the system says it."""
    try:
        if found := re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE):
            return int(found[1]) << 10
        import resource
    except (OSError, ImportError):
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from aigan.errors import UsageError
from aigan.evaluate import runner
from aigan.evaluate.measure import evaluate
from aigan.evaluate.plan import Cell, Method, Plan, Set
from aigan.evaluate.rows import read_rows

Save = Callable[..., Path]  # of conftest.py
NetworkFile = Callable[..., Path]

SET12 = Set(name="set12", title="Set12", sigma_255=(25,))


def plan_of(*methods: Method | str, sigma_255: tuple[float, ...] = (25,)) -> Plan:
    named = tuple(method if isinstance(method, Method) else Method(name=method) for method in methods)
    return Plan(name="t", title="T", benchmarks=(msgspec.structs.replace(SET12, sigma_255=sigma_255),), methods=named)


@pytest.fixture
def data(save: Save, tmp_path: Path) -> Path:
    """A folder with twelve small gray pictures as set12."""
    for number in range(12):
        save(f"data/set12/{number:02}.png", seed=number, gray=True, size=(24, 20))
    return tmp_path / "data"


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without starting processes, which takes a second."""

    @contextmanager
    def pool(jobs: int) -> Iterator[ThreadPoolExecutor]:
        runner._opened.cache_clear()
        with ThreadPoolExecutor(1) as executor:
            yield executor

    monkeypatch.setattr(runner, "_pool", pool)


def lines(folder: Path) -> list[str]:
    """The names of the pictures in the journal."""
    return [
        msgspec.json.decode(line)["item"]["name"] for line in (folder / "t.pictures.jsonl").read_bytes().splitlines()
    ]


def forbidden(jobs: int) -> None:
    raise AssertionError("nothing was to be measured")


def test_processes_give_the_figures_of_evaluate(data: Path, tmp_path: Path) -> None:
    done: list[tuple[int, int]] = []
    threads = {name: os.environ.get(name) for name in runner.THREADS}
    plan = plan_of("input", sigma_255=(50, 25))
    problems = runner.measure(plan, tmp_path, data=data, jobs=2, on_progress=lambda *counts: done.append(counts))
    assert problems == []
    assert (done[0], done[-1]) == ((0, 24), (24, 24))
    assert {name: os.environ.get(name) for name in runner.THREADS} == threads
    rows = read_rows(runner.rows_file(plan, tmp_path))
    assert list(rows) == list(plan.cells())
    for cell, row in rows.items():
        known = evaluate("input", "set12", data=data, sigma_255=cell.sigma_255)
        assert (row.protocol, row.n, row.model) == (known.protocol, 12, "input")
        assert [item.name for item in row.items] == [item.name for item in known.items]
        assert [item.psnr for item in row.items] == pytest.approx([item.psnr for item in known.items], abs=1e-5)
        assert row.mean.ssim == pytest.approx(known.mean.ssim, abs=1e-5)
        assert row.seconds == pytest.approx(sum(item.seconds for item in row.items), abs=1e-3)
        assert row.peak_memory_bytes > 1 << 20


@pytest.mark.usefixtures("in_process")
def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    pictures = tmp_path / "data/set12"
    pictures.mkdir(parents=True)
    for number in range(12):
        noise = np.random.default_rng(number).integers(0, 256, (320, 320), dtype=np.uint8)
        Image.fromarray(noise).save(pictures / f"{number:02}.png")
    (tmp_path / "t.yaml").write_text(msgspec.yaml.encode(plan_of("input")).decode())
    command = [
        "benchmark",
        str(tmp_path / "t.yaml"),
        "--data",
        str(pictures.parent),
        "--out",
        str(tmp_path),
        "--jobs",
        "1",
    ]
    process = subprocess.Popen(
        [sys.executable, "-c", "from aigan.cli import main; main()", *command], stderr=subprocess.DEVNULL
    )
    journal = tmp_path / "t.pictures.jsonl"
    while not (journal.exists() and journal.read_bytes().count(b"\n") >= 2):
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = lines(tmp_path)
    assert 2 <= len(finished) < 12
    assert not (tmp_path / "t.rows.jsonl").exists()
    plan = plan_of("input")
    assert runner.measure(plan, tmp_path, data=pictures.parent, jobs=1) == []
    assert lines(tmp_path)[: len(finished)] == finished
    assert sorted(lines(tmp_path)) == [f"{number:02}" for number in range(12)]  # none twice
    (row,) = read_rows(runner.rows_file(plan, tmp_path)).values()
    assert row.mean.psnr == pytest.approx(evaluate("input", "set12", data=pictures.parent).mean.psnr, abs=1e-5)


@pytest.mark.usefixtures("in_process")
def test_nothing_is_measured_twice(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of("input")
    runner.measure(plan, tmp_path, data=data, jobs=1)
    rows = runner.rows_file(plan, tmp_path)
    content = rows.read_bytes()
    monkeypatch.setattr(runner, "_pool", forbidden)
    assert runner.measure(plan, tmp_path, data=data, jobs=1) == []
    assert rows.read_bytes() == content
    rows.unlink()  # killed after the last picture, before its row was written
    runner.measure(plan, tmp_path, data=data, jobs=1)
    assert rows.read_bytes() == content
    (tmp_path / "t.pictures.jsonl").unlink()  # the rows alone say what is measured
    tenth = plan_of(Method(name="input", every=5))
    runner.measure(tenth, tmp_path, data=data, jobs=1)
    whole, part = read_rows(rows)[Cell("input", "set12", 25, 0, 1)], read_rows(rows)[Cell("input", "set12", 25, 0, 5)]
    assert part.items == whole.items[::5]
    assert "one in 5 by name" in part.protocol.pictures


@pytest.mark.usefixtures("in_process")
def test_a_method_that_changed_is_measured_anew(data: Path, tmp_path: Path, network_file: NetworkFile) -> None:
    network = tmp_path / "own.onnx"
    shutil.copy(network_file(channels=1), network)
    plan = plan_of("input", str(network))
    runner.measure(plan, tmp_path, data=data, jobs=1)
    of_input, before = read_rows(runner.rows_file(plan, tmp_path)).values()
    shutil.copy(network_file(channels=1, gain=0.5), network)
    runner.measure(plan, tmp_path, data=data, jobs=1)
    same, after = read_rows(runner.rows_file(plan, tmp_path)).values()
    assert same == of_input
    assert len(lines(tmp_path)) == 36
    assert after.mean.psnr < before.mean.psnr - 1


@pytest.mark.usefixtures("in_process")
def test_what_cannot_be_measured_is_said_and_the_rest_goes_on(
    data: Path, tmp_path: Path, network_file: NetworkFile
) -> None:
    broken = str(network_file(channels=1, gain=float("nan")))
    plan = plan_of("no-such-model", broken, "input")
    no_model, failed = runner.measure(plan, tmp_path, data=data, jobs=1)
    assert no_model.startswith("no-such-model is left out: there is no model")
    assert "failed at 00" in failed
    assert "not numbers" in failed
    assert [cell.method for cell in read_rows(runner.rows_file(plan, tmp_path))] == ["input"]
    (no_data,) = runner.measure(plan_of("input", sigma_255=(15, 50)), tmp_path, data=tmp_path / "empty", jobs=1)
    assert "set12 is left out" in no_data
    assert "Zhang" in no_data


def test_only_methods_of_the_table(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="t has no method bm3d: take some of input"):
        runner.measure(plan_of("input"), tmp_path, data=data, jobs=1, only=("bm3d",))

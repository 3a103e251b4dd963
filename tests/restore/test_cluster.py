"""The job on a cluster: the same files as on one machine, and every picture once in the manifest, whoever is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from aigan.errors import AiganError, MissingExtra, UsageError
from aigan.pictures import write
from aigan.restore.cluster import places, runner
from aigan.restore.cluster.manifest import Manifest
from aigan.restore.job import FileResult, Job
from aigan.restore.naming import plan

pytestmark = pytest.mark.filterwarnings(r"ignore::DeprecationWarning:ray\.")  # of Ray, about its own defaults
DRIVERS = Path(__file__).parent / "drivers"
PICTURES = 24


@pytest.fixture(scope="module")
def buckets(tmp_path_factory) -> Iterator[Path]:
    """The folder behind bucket://, whose driver is installed for this process and for those that it starts."""
    fsspec = pytest.importorskip("fsspec", reason="needs the extra cluster")
    folder, installed = tmp_path_factory.mktemp("buckets"), tmp_path_factory.mktemp("installed")
    (installed / "bucketfs-1.dist-info").mkdir()
    (installed / "bucketfs-1.dist-info" / "METADATA").write_text("Name: bucketfs\nVersion: 1\n")
    (installed / "bucketfs-1.dist-info" / "entry_points.txt").write_text("[fsspec.specs]\nbucket = bucketfs:Bucket\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BUCKETS", str(folder))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(DRIVERS), str(installed), os.environ.get("PYTHONPATH", "")]))
        patch.syspath_prepend(str(DRIVERS))
        fsspec.register_implementation("bucket", "bucketfs.Bucket")
        yield folder


@pytest.fixture(scope="module")
def cluster(buckets) -> Iterator[str]:
    """The address of a Ray cluster with two cores, to which this process is connected."""
    pytest.importorskip("ray.data", reason="needs the extra cluster")
    with runner.connected(runner.LOCAL, cores=2) as ray:
        yield ray.get_runtime_context().gcs_address


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Pictures of 64 px, some in a folder below, and one that is none."""
    folder, rng = tmp_path_factory.mktemp("in"), np.random.default_rng(0)
    (folder / "sub").mkdir()
    for number in range(PICTURES):
        write(rng.random((64, 64, 3), np.float32), folder / ("sub" if number % 3 else "") / f"{number:02d}.png")
    (folder / "stray.png").write_bytes(b"no picture")
    return folder


@pytest.fixture(scope="module")
def job(network_file) -> Job:
    """One that takes some 50 ms a picture, so that there is a middle to be killed in."""
    return Job(model=str(network_file("blocks")), tile=8)


@pytest.fixture(scope="module")
def single(job, folder, tmp_path_factory) -> dict[str, bytes]:
    """What one machine makes."""
    out = tmp_path_factory.mktemp("single")
    assert len(list(job.run(plan([folder], out)))) == PICTURES + 1
    return files(out)


def files(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("[!.]*.png") if path.is_file()}


def rows(out: Path) -> dict[str, FileResult]:
    """The manifest, in which no picture is twice."""
    found = [msgspec.json.decode(line, type=FileResult) for line in (out / "manifest.jsonl").read_bytes().splitlines()]
    assert len({row.source for row in found}) == len(found)
    assert not any((out / ".manifest").rglob("*"))
    return {row.source: row for row in found}


def run(job: Job, source: object, out: object, cores_per_worker: int = 1) -> Iterator[FileResult]:
    return runner.run(job, places.plan([str(source)], str(out)), str(out), cores_per_worker=cores_per_worker)


def workers() -> list[int]:
    """The processes of Ray that restore."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                title = (process / "cmdline").read_bytes()
            except OSError:  # it has ended
                continue
            found += [int(process.name)] if title.startswith(b"ray::") and b"Worker" in title else []
    return found


def test_a_worker_is_killed_in_the_middle_and_nothing_is_lost_or_done_twice(
    cluster, job, folder, single, tmp_path
) -> None:
    results = []
    for result in run(job, folder, tmp_path):
        if not results:
            pid = workers()[0]
            os.kill(pid, signal.SIGKILL)
        results.append(result)
    assert len(results) == PICTURES + 1
    assert files(tmp_path) == single
    assert pid not in workers()
    by_source = rows(tmp_path)
    assert by_source == {result.source: result for result in results}
    assert by_source.pop(str(folder / "stray.png")).status == "failed"
    assert {row.status for row in by_source.values()} == {"restored"}
    assert {Path(row.outputs["original"]).name for row in by_source.values()} == {Path(name).name for name in single}


def test_the_driver_is_killed_in_the_middle_and_run_again(cluster, job, folder, single, tmp_path) -> None:
    command = [sys.executable, "-m", "aigan", "restore", folder, "-o", tmp_path, "--cluster", cluster, "--tile", "8"]
    driver = subprocess.Popen(
        [*map(str, command), "--model", job.model], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while driver.poll() is None and len(files(tmp_path)) < 4:
        time.sleep(0.01)
    driver.kill()
    driver.wait()
    assert len(files(tmp_path)) >= 4
    resumed = list(run(replace(job, resume=True), folder, tmp_path, cores_per_worker=2))
    assert len(resumed) == PICTURES + 1
    assert files(tmp_path) == single
    by_source = rows(tmp_path)
    assert len(by_source) == PICTURES + 1
    assert [row.source for row in by_source.values() if row.status == "failed"] == [str(folder / "stray.png")]
    again = list(run(replace(job, resume=True), folder, tmp_path))
    assert [result.status for result in again].count("skipped") == PICTURES
    assert rows(tmp_path) == by_source


def test_from_bucket_to_bucket_with_a_picture_that_ends_each_worker(cluster, buckets, job, folder, single) -> None:
    source, out = buckets / "in" / "tree", buckets / "out"
    (source / "sub").mkdir(parents=True)
    for name in ("sub/01.png", "03.png", "06.png"):
        (source / name).write_bytes((folder / name).read_bytes())
    (source / "poison.png").write_bytes((folder / "03.png").read_bytes())
    (source / "stray.png").write_bytes(b"no picture")
    (source / ".hidden.png").write_bytes(b"not looked at")
    results = {result.source: result for result in run(job, "bucket://in/tree", "bucket://out", cores_per_worker=2)}
    assert rows(out) == results
    failed = {name: result.error for name, result in results.items() if result.status == "failed"}
    assert failed.keys() == {"bucket://in/tree/stray.png", "bucket://in/tree/poison.png"}
    assert failed["bucket://in/tree/poison.png"].startswith("bucket://in/tree/poison.png ended 3 workers")
    assert failed["bucket://in/tree/stray.png"].startswith("bucket://in/tree/stray.png is not a picture")
    assert results["bucket://in/tree/sub/01.png"].outputs == {"original": "bucket://out/sub/01.png"}
    assert files(out) == {name: single[name] for name in ("sub/01.png", "03.png", "06.png")}


def test_a_finished_job_needs_no_cluster_to_be_resumed(buckets, job, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    for name in ("done/in/a.png", "done/out/a.png"):
        (buckets / name).parent.mkdir(parents=True)
        write(np.zeros((8, 8, 3), np.float32), buckets / name)
    (result,) = run(replace(job, resume=True), "bucket://done/in", "bucket://done/out")
    assert (result.status, result.source) == ("skipped", "bucket://done/in/a.png")
    assert rows(buckets / "done" / "out") == {result.source: result}
    (result,) = run(job, "bucket://done/in", "bucket://done/out")
    assert "bucket://done/out/a.png exists already: add --overwrite" in result.error
    (result,) = run(replace(job, overwrite=True), "bucket://done/in", "bucket://done/in")
    assert "never overwritten" in result.error
    with pytest.raises(MissingExtra, match=r"pip install 'aigan\[cluster\]'"):
        list(run(replace(job, overwrite=True), "bucket://done/in", "bucket://done/out"))


def test_what_is_in_a_bucket_is_named_as_on_disk(buckets) -> None:
    for name in ("a/b.png", "a/c/d.jpg", "a/.x.png", "a/out/e.png", "a/note.txt"):
        path = buckets / "named" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    items = places.plan(["bucket://named/a"], "bucket://named/a/out", ext="tif")
    assert {places.shown(item.source): places.shown(item.target) for item in items} == {
        "bucket://named/a/b.png": "bucket://named/a/out/b.tif",
        "bucket://named/a/c/d.jpg": "bucket://named/a/out/c/d.tif",
    }
    (item,) = places.plan(["bucket://named/a/**/*.jpg"], "/tmp/out")
    assert (places.shown(item.source), item.target) == ("bucket://named/a/c/d.jpg", Path("/tmp/out/c/d.jpg"))
    (item,) = places.plan([f"file://{buckets}/named/a/b.png"], "bucket://named/new.png")
    assert (item.source, places.shown(item.target)) == (buckets / "named/a/b.png", "bucket://named/new.png")
    with pytest.raises(UsageError, match=r"bucket://named/none: there is no picture"):
        places.plan(["bucket://named/none"], "out")
    with pytest.raises(UsageError, match="a name is empty"):
        places.plan([""], "out")


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("abfs://bucket/in", MissingExtra, "abfs://bucket/in needs adlfs: install it with  pip install adlfs"),
        ("memory://in", UsageError, "workers cannot see"),
        ("nowhere://in", UsageError, "check what stands before"),
    ],
)
def test_a_bucket_that_cannot_be_reached_is_one_sentence(buckets, name: str, error: type, words: str) -> None:
    with pytest.raises(error, match=words) as raised:
        places.plan([name], "out")
    assert "\n" not in str(raised.value)


def test_a_picture_of_a_bucket_is_at_hand_as_a_file_and_outputs_are_sent_when_all_went_well(buckets, tmp_path) -> None:
    (buckets / "hand").mkdir()
    (buckets / "hand" / "a.png").write_bytes(b"a")
    source, target = places.place("bucket://hand/a.png"), places.place("bucket://hand/out/b.png")
    with places.at_hand(source, {"original": target, "error": tmp_path / "c.png"}) as (local, made):
        assert (local.name, local.read_bytes(), made["error"]) == ("a.png", b"a", tmp_path / "c.png")
        made["original"].parent.mkdir()
        made["original"].write_bytes(b"b")
    assert (buckets / "hand" / "out" / "b.png").read_bytes() == b"b"
    assert not local.exists()
    with (
        pytest.raises(AiganError, match=r"^bucket://hand/a.png is bad, not bucket://hand/new.png$"),
        places.at_hand(source, {"original": places.place("bucket://hand/new.png")}) as (local, made),
    ):
        raise AiganError(f"{local} is bad, not {made['original']}")
    with (
        pytest.raises(AiganError, match=r"^bucket://hand/none\.png does not exist"),
        places.at_hand(places.place("bucket://hand/none.png"), {}),
    ):
        pass


@pytest.mark.parametrize("where", ["disk", "bucket"])
def test_the_manifest_survives_its_writer(buckets, tmp_path, monkeypatch, where: str) -> None:
    monkeypatch.setattr("aigan.restore.cluster.manifest.SECONDS", -1)
    folder = places.place(tmp_path if where == "disk" else "bucket://manifest")
    on_disk = tmp_path if where == "disk" else buckets / "manifest"
    a, b = (FileResult(source=name, status="restored") for name in "ab")
    killed = Manifest(folder)
    killed.add(a)
    killed.add(FileResult(source="b", status="failed"))
    assert len(list((on_disk / ".manifest").iterdir())) == 2
    again = Manifest(folder)
    again.add(FileResult(source="a", status="skipped"))  # what is known of it stands
    again.add(b)
    again.close()
    assert rows(on_disk) == {"a": a, "b": b}
    Manifest(folder).close()
    assert rows(on_disk) == {"a": a, "b": b}
    (on_disk / "manifest.jsonl").write_bytes(b'{"source": "a", "sta')
    with pytest.raises(AiganError, match=r"manifest\.jsonl is damaged"):
        Manifest(folder)


def test_auto_once_is_decided_by_the_first_picture_that_can_be_read(folder) -> None:
    tasks = [runner.Task(str(folder / name), {}) for name in ("stray.png", "00.png", "03.png")]
    choice = runner.first_choice(tasks)
    assert choice is not None
    assert choice.task == "denoise"

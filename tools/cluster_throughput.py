"""What a cluster's workers do in a second: python tools/cluster_throughput.py [--size 481x321] [--pictures 200]

The same job, `denoise`, on drawn pictures (JPEG, quality 95): in one process on one and on two cores, then on a local
Ray with one and with two workers of a core each. Rates are counted from the first result on, which leaves the start
out; that is shown apart. Pictures of 8x8 show what Ray, the driver and the manifest can take. Last, what is one process
in any cluster: the driver's planning and manifest, and the actor that counts.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from aigan.pictures import write
from aigan.restore.backends.contract import CORES
from aigan.restore.cluster import places, runner
from aigan.restore.cluster.manifest import Manifest
from aigan.restore.cluster.worker import Starts
from aigan.restore.job import FileResult, Job
from aigan.restore.naming import plan

ROWS, CALLS = 20_000, 2_000


def draw(folder: Path, pictures: int, width: int, height: int) -> int:
    """Smooth random pictures with noise; gives the bytes of one."""
    rng = np.random.default_rng(0)
    for number in range(pictures):
        smooth = np.repeat(np.repeat(rng.random((height // 32 + 1, width // 32 + 1, 3), np.float32), 32, 0), 32, 1)
        noise = 0.1 * rng.standard_normal((height, width, 3), np.float32)
        write(np.clip(smooth[:height, :width] + noise, 0, 1), folder / f"{number:06d}.jpg")
    return sum(path.stat().st_size for path in folder.iterdir()) // pictures


def measure(name: str, megapixels: float, results: Callable[[], Iterator[FileResult]]) -> None:
    """Print a row: seconds to the first result, pictures and Mpx a second from there on, seconds a picture by phase."""
    started = time.perf_counter()
    arrived, seconds = [], {"reading": 0.0, "restoring": 0.0, "writing": 0.0}
    for result in results():
        assert result.status == "restored", result.error
        arrived.append(time.perf_counter())
        for phase, value in result.seconds.items():
            seconds[phase] += value
    first = sum(moment - arrived[0] < 1e-2 for moment in arrived)  # results come a task at a time
    rate = (len(arrived) - first) / (arrived[-1] - arrived[0])
    phases = " / ".join(f"{1000 * value / len(arrived):.1f}" for value in seconds.values())
    print(f"| {name} | {arrived[0] - started:.1f} | {rate:.2f} | {rate * megapixels:.3f} | {phases} |")


def on_cluster(job: Job, source: Path, out: Path, workers: int) -> Iterator[FileResult]:
    """The job on a local Ray with so many workers."""
    with runner.connected(runner.LOCAL, cores=workers):
        yield from runner.run(job, places.plan([source], out), out)


def in_one_process(job: Job, source: Path, out: Path, cores: int) -> Iterator[FileResult]:
    """The job without Ray on so many cores."""
    os.environ[CORES] = str(cores)
    yield from job.run(plan([source], out))
    del os.environ[CORES]


def measure_driver(folder: Path) -> None:
    """Print what the driver does for a picture, on this disk."""
    source, out = folder / "many", folder / "manifest"
    source.mkdir()
    for number in range(ROWS):
        (source / f"{number:06d}.jpg").touch()
    started = time.perf_counter()
    items = places.plan([source], out)
    job, exists = Job(), places.existing(out)
    paths = [job.paths(item, exists=exists, is_source=lambda path: False) for item in items]
    planned = time.perf_counter()
    manifest = Manifest(out)
    for item, path in zip(items, paths, strict=True):
        outputs = {part: str(name) for part, name in path.items()}
        manifest.add(FileResult(source=str(item.source), status="restored", model="denoise-s", outputs=outputs))
    manifest.close()
    written = time.perf_counter()
    print(f"planning: {ROWS / (planned - started):.0f} pictures/s; manifest: {ROWS / (written - planned):.0f} rows/s")


def measure_counter() -> None:
    """Print what `Starts` does in a second for one caller that waits and for one that does not."""
    with runner.connected(runner.LOCAL, cores=1) as ray:
        starts = ray.remote(Starts).options(num_cpus=0).remote()
        ray.get(starts.begin.remote(""))
        started = time.perf_counter()
        for _ in range(CALLS):
            ray.get(starts.begin.remote(""))
        waited = time.perf_counter()
        ray.get([starts.begin.remote("") for _ in range(CALLS)])
        sent = time.perf_counter()
    print(f"Starts: {CALLS / (waited - started):.0f} calls/s, waited for; {CALLS / (sent - waited):.0f} at once")


def main() -> None:
    """Parse, draw, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="481x321", help="width x height of the pictures")
    parser.add_argument("--pictures", type=int, default=200)
    arguments = parser.parse_args()
    width, height = map(int, arguments.size.split("x"))
    job = Job(model="denoise")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "in").mkdir()
        size = draw(folder / "in", arguments.pictures, width, height)
        print(f"{arguments.pictures} pictures of {arguments.size}, {size / 1000:.1f} kB each\n")
        print("| | first result after s | pictures/s | Mpx/s | reading / restoring / writing, ms a picture |")
        print("|---|---|---|---|---|")
        for run, kind in ((in_one_process, "one process, {} core(s)"), (on_cluster, "Ray, {} worker(s)")):
            for number in (1, 2):
                out = folder / f"{run.__name__}-{number}"
                measure(
                    kind.format(number),
                    width * height / 1e6,
                    lambda run=run, out=out, number=number: run(job, folder / "in", out, number),
                )
        made = [path for path in out.iterdir() if path.suffix == ".jpg"]
        print(f"\nout: {sum(path.stat().st_size for path in made) / len(made) / 1000:.1f} kB each")
        measure_driver(folder)
        measure_counter()


if __name__ == "__main__":
    main()

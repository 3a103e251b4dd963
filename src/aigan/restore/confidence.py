"""The confidence map: how far the result may be off.

ŷ_O, ỹ_O and I − ŷ_T (paper, eq. 2 and 3) are three answers to one question: where they disagree, the model is unsure.
In blocks of 8 × 8 pixels their spread, the contrast of the result (what is fine is easily lost), the size of what was
removed, the brightness of the result (black and white are seldom wrong) and the dark channel of the degraded picture
(thick haze hides more; He et al., "Single image haze removal using dark channel prior", 2009) predict the root mean
square error: its logarithm is a linear function of theirs, fitted for each model on pictures whose clean version is
known, by `tools/fit_confidence.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from aigan.decomposition import Array, Confidence
from aigan.restore.blocks import block_means, block_minima

BLOCK = 8  # px
REACH_PX = 2 * BLOCK  # a pixel's value depends on estimates no farther away
FLOOR = np.float32(0.05)  # gray levels; below, logarithms say nothing
MIDDLE_FLOOR, DARK_FLOOR = np.float32(0.01), np.float32(0.02)  # the same, in units of [0, 1]


def expected_error(degraded: Array, estimates: Sequence[Array], confidence: Confidence) -> Array:
    """The expected error of the first of the estimates of O, all (H, W, C): (H, W) in gray levels of 255."""
    blocks = np.exp(features(degraded, estimates) @ np.array(confidence.weights, np.float32))
    return interpolated(blocks, degraded.shape[:2])


def features(degraded: Array, estimates: Sequence[Array]) -> Array:
    """What the error is predicted from in each block, (⌈H/8⌉, ⌈W/8⌉, 6): 1 and five logarithms."""
    result = estimates[0]
    means = block_means(result, BLOCK)
    spread = block_means(np.stack(estimates).var(axis=0), BLOCK)
    contrast = block_means(np.square(result), BLOCK) - np.square(means)
    removed = block_means(np.square(degraded - result), BLOCK)
    squares = np.stack([spread.mean(axis=2), contrast.mean(axis=2), removed.mean(axis=2)], axis=2)
    sizes = np.log(255 * np.sqrt(np.maximum(squares, 0)) + FLOOR)
    brightness = means.mean(axis=2).clip(0, 1)
    middle = np.log(brightness * (1 - brightness) + MIDDLE_FLOOR)
    dark = np.log(block_minima(degraded.min(axis=2), BLOCK).clip(0, 1) + DARK_FLOOR)
    return np.concatenate([np.ones_like(sizes[..., :1]), sizes, np.stack([middle, dark], axis=2)], axis=2)


def fit(pictures: Iterable[tuple[Array, Sequence[Array], Array]]) -> Confidence:
    """Fit to pictures: the degraded one, its estimates of O and its clean version, all (H, W, C) in [0, 1].

    Least squares of the logarithm; then the bias is set so that the predicted and the true errors have one mean.
    """
    inputs, errors = [], []
    for degraded, estimates, clean in pictures:
        inputs.append(features(degraded, estimates).reshape(-1, 6))
        errors.append(true_errors(estimates[0], clean).ravel())
    x, error = np.concatenate(inputs).astype(np.float64), np.concatenate(errors).astype(np.float64)
    weights = np.linalg.lstsq(x, np.log(error + FLOOR), rcond=None)[0]
    weights[0] += np.log(error.mean() / np.exp(x @ weights).mean())
    return Confidence(*(round(float(weight), 3) for weight in weights))


def true_errors(result: Array, clean: Array) -> Array:
    """Root mean square error of each block, (⌈H/8⌉, ⌈W/8⌉) in gray levels of 255, of a result clipped to [0, 1]."""
    errors: Array = 255 * np.sqrt(block_means(np.square(result.clip(0, 1) - clean), BLOCK).mean(axis=2))
    return errors


def interpolated(blocks: Array, size: tuple[int, ...]) -> Array:
    """Bilinear interpolation between the blocks' centres, level beyond the outermost: (H, W)."""
    for axis in (0, 1):
        position = (np.arange(size[axis], dtype=np.float32) - (BLOCK - 1) / 2) / BLOCK
        position = position.clip(0, blocks.shape[axis] - 1)
        below = position.astype(np.intp)
        weight = np.expand_dims(position % 1, 1 - axis)
        above = np.minimum(below + 1, blocks.shape[axis] - 1)
        blocks = (1 - weight) * blocks.take(below, axis) + weight * blocks.take(above, axis)
    return blocks

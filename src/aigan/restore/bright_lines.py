"""How far bright thin lines that stand upright outweigh dark ones, everywhere in a picture, and no level lines do.

Drops that fall are brighter than what is behind them, nearly upright, and all of one direction. Wires, trunks and
grass are bright and dark alike; noise has no direction, and averages out along a line.
"""

from __future__ import annotations

import numpy as np

from aigan.decomposition import Array
from aigan.restore.blocks import block_means
from aigan.restore.quantiles import quantiles

ANGLES_DEG = range(-40, 41, 8)  # about the upright
HALF_LENGTH = 6  # px
STEP = 2  # px; of the second difference across the line
BLOCK = 32  # px
EVERY = 2  # rows from one to the next that is measured: lines that stand are alike in between
MIDDLE = (0.35, 0.5, 0.65)  # shares of the blocks: what is in a part of the picture only does not count
FLOOR = np.float32(4e-5)  # of a power


def bright_lines(plane: Array) -> float:
    """Of (H, W) in [0, 1]: near 0 without rain, about 0.3 for light rain; as low for dense rain, whose streaks overlap.

    The logarithm of the power of bright lines over that of dark ones, in the direction in which it is the greatest,
    less the same of lines that lie level.
    """
    if min(plane.shape) < 2 * BLOCK:
        return 0.0
    return _greatest_excess(plane) - _greatest_excess(np.ascontiguousarray(plane.T))


def _greatest_excess(plane: Array) -> float:
    across = 2 * plane[:, STEP:-STEP] - plane[:, : -2 * STEP] - plane[:, 2 * STEP :]
    return max(_excess(across, angle) for angle in ANGLES_DEG)


def _excess(across: Array, angle_deg: float) -> float:
    """How far bright lines at this angle outweigh dark ones in the middle of the blocks."""
    lines = _along(across, np.tan(np.deg2rad(angle_deg)))
    block = BLOCK // EVERY, BLOCK
    bright, dark = (block_means(np.square(np.maximum(side, 0)), block) + FLOOR for side in (lines, -lines))
    return float(quantiles(np.log(bright / dark), MIDDLE).mean())


def _along(across: Array, slope: float) -> Array:
    """The horizontal second difference, averaged along lines of that slope, in the rows where it is defined."""
    offsets = range(-HALF_LENGTH, HALF_LENGTH + 1)
    shifts = [round(offset * slope) for offset in offsets]
    reach, height, width = max(shifts), across.shape[0] - 2 * HALF_LENGTH, across.shape[1]
    total: Array = np.zeros((-(-height // EVERY), width - 2 * reach), np.float32)
    for offset, shift in zip(offsets, shifts, strict=True):
        top, left = HALF_LENGTH + offset, reach + shift
        total += across[top : top + height : EVERY, left : left + total.shape[1]]
    total /= np.float32(len(offsets))
    return total

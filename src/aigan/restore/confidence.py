"""The confidence map: how far the result may be off, from how far the graph's own estimates of O disagree.

ŷ_O, ỹ_O and I − ŷ_T (paper, eq. 2 and 3) are three answers to one question. Where their spread is large in a block of
8 × 8 pixels, the result is less sure.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aigan.decomposition import Array
from aigan.restore.blocks import block_means

BLOCK = 8  # px
REACH_PX = 2 * BLOCK  # a pixel's value depends on estimates no farther away


def expected_error(estimates: Sequence[Array]) -> Array:
    """The expected error of the result, (H, W) in gray levels of 255, from estimates of O, (H, W, C) each."""
    return interpolated(spread(estimates), estimates[0].shape[:2])


def spread(estimates: Sequence[Array]) -> Array:
    """Root mean square deviation of the estimates from their mean in each block, (⌈H/8⌉, ⌈W/8⌉) in gray levels."""
    stack = np.stack(estimates)
    return np.asarray(255 * np.sqrt(block_means(stack.var(axis=0).mean(axis=2), BLOCK)), np.float32)


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

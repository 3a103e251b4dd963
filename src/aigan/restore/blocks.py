"""Means and minima over blocks."""

from __future__ import annotations

import numpy as np

from aigan.decomposition import Array


def block_means(values: Array, side: int | tuple[int, int]) -> Array:
    """Mean of each block of (H, W, ...), those at the right and lower border cut short: (⌈H/side⌉, ⌈W/side⌉, ...)."""
    for axis, length in enumerate(side if isinstance(side, tuple) else (side, side)):
        lines = np.moveaxis(values, axis, 0)
        blocks = len(lines) // length
        whole, rest = np.split(lines, [blocks * length])
        means = whole.reshape(blocks, length, *lines.shape[1:]).mean(axis=1)
        if len(rest):
            means = np.concatenate([means, rest.mean(axis=0, keepdims=True)])
        values = np.moveaxis(means, 0, axis)
    return values


def block_minima(values: Array, side: int) -> Array:
    """Least value of each block of (H, W, ...), those at the right and lower border cut short, as `block_means`."""
    for axis in (0, 1):
        values = np.minimum.reduceat(values, np.arange(0, values.shape[axis], side), axis=axis)
    return values

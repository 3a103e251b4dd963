"""Means and minima over square blocks."""

from __future__ import annotations

import numpy as np

from aigan.decomposition import Array


def block_means(values: Array, side: int) -> Array:
    """Mean of each block of (H, W, ...), those at the right and lower border cut short: (⌈H/side⌉, ⌈W/side⌉, ...)."""
    if side == 1:
        return values
    for axis in (0, 1):
        starts = np.arange(0, values.shape[axis], side)
        lengths = np.diff(starts, append=values.shape[axis]).astype(np.float32)
        sums = np.add.reduceat(values, starts, axis=axis)
        values = np.asarray(sums / lengths.reshape([-1 if axis == n else 1 for n in range(values.ndim)]), np.float32)
    return values


def block_minima(values: Array, side: int) -> Array:
    """Least value of each block of (H, W, ...), those at the right and lower border cut short, as `block_means`."""
    for axis in (0, 1):
        values = np.minimum.reduceat(values, np.arange(0, values.shape[axis], side), axis=axis)
    return values

"""What a network is told of the whole picture: how bright and how colourful it is, as quantiles of a thumbnail.

Quantiles, because they do not say what is where: a network that was fitted to few scenes cannot know them by heart.
"""

from __future__ import annotations

import numpy as np

from aigan.decomposition import Array, Context

SIDE = 64  # px, of the thumbnail, whatever the picture's shape
SHARES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def look_at(whole: Array) -> Context:
    """(H, W, C) in [0, 1] -> quantiles of each channel, of the darkest and of their range: (C + 2)·7 values."""
    small = thumbnail(whole)
    darkest, brightest = small.min(axis=2), small.max(axis=2)
    planes = [*np.moveaxis(small, 2, 0), darkest, brightest - darkest]
    return Context(np.concatenate([quantiles(plane, SHARES) for plane in planes]))


def thumbnail(whole: Array) -> Array:
    """(H, W, C) -> (SIDE, SIDE, C): means of parts that share a line where sides are no multiples, as torch pools."""
    for axis in (0, 1):
        lines = np.moveaxis(whole, axis, 0)
        count = len(lines)
        parts = [lines[count * i // SIDE : -(-count * (i + 1) // SIDE)].mean(axis=0) for i in range(SIDE)]
        whole = np.moveaxis(np.stack(parts), 0, axis)
    return whole.astype(np.float32)


def quantiles(values: Array, shares: tuple[float, ...]) -> Array:
    """As np.quantile, which loads numpy.ma, and that takes half as long as looking at a picture."""
    ordered = np.sort(values, axis=None)
    return np.interp(np.multiply(shares, ordered.size - 1), np.arange(ordered.size), ordered).astype(np.float32)

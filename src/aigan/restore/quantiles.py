"""Quantiles of what is measured in a picture."""

from __future__ import annotations

import numpy as np

from aigan.decomposition import Array


def quantiles(values: Array, shares: tuple[float, ...]) -> Array:
    """As np.quantile, which loads numpy.ma, and that takes half as long as measuring a picture."""
    ordered = np.sort(values, axis=None)
    return np.interp(np.multiply(shares, ordered.size - 1), np.arange(ordered.size), ordered).astype(np.float32)

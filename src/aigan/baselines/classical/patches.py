"""Overlapping patches: taken from a picture, laid back onto it, and matched with their neighbours.

The patches of side s of a picture (H, W) are the rows of an array (P, s²), in the order of their top left corners;
P = (H − s + 1)·(W − s + 1).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import scipy.sparse
from numpy.lib.stride_tricks import sliding_window_view

from aigan.decomposition import Array

Indices = npt.NDArray[np.intp]

CELL, MARGIN = 8, 27  # px: the side of a cell of key patches, and how far around it is searched


def padded(picture: Array, side: int) -> Array:
    """A picture (H, W), mirrored below and to the right where it is shorter than `side`."""
    height, width = picture.shape
    return np.pad(picture, ((0, max(side - height, 0)), (0, max(side - width, 0))), mode="symmetric")


def every(picture: Array, side: int) -> Array:
    """All patches of a picture (H, W): (P, side²)."""
    return np.array(sliding_window_view(picture, (side, side)), order="C").reshape(-1, side * side)


def overlaid(patches: Array, shape: tuple[int, ...]) -> Array:
    """The sum of all patches (P, side²) of a picture of that shape (H, W), each at its place."""
    side = math.isqrt(patches.shape[1])
    height, width = shape[0] - side + 1, shape[1] - side + 1
    total = np.zeros(shape, np.float32)
    for pixel, values in enumerate(patches.T):
        i, j = divmod(pixel, side)
        total[i : i + height, j : j + width] += values.reshape(height, width)
    return total


def add(total: Array, members: Indices, values: Array) -> None:
    """total[members] += values, where a patch may be a member of many groups: members (B, n), values (B, n, s²)."""
    first, last = members.min(), members.max() + 1
    count = members.size
    places = scipy.sparse.csc_array(
        (np.ones(count, np.float32), members.ravel() - first, np.arange(count + 1)), shape=(last - first, count)
    )
    total[first:last] += places @ values.reshape(count, -1)


def similar(patches: Array, shape: tuple[int, ...], *, step: int, group: int) -> Indices:
    """For each key patch its row and those of the patches nearest to it: (keys, group), itself first.

    `shape`: of the picture, (H, W). Every `step`-th patch, down and across, is a key, and the last. The keys of a cell
    of 8×8 px share a window, the cell and 27 px around it, that is searched; it must hold `group` patches.
    """
    side = math.isqrt(patches.shape[1])
    height, width = shape[0] - side + 1, shape[1] - side + 1
    numbers = np.arange(height * width).reshape(height, width)
    grid = (patches - patches.mean()).reshape(height, width, -1)  # small: differences of squares keep their digits
    squares = np.square(grid).sum(2)
    key_rows, key_columns = _steps(height, step), _steps(width, step)
    groups = []
    for top in range(0, height, CELL):
        for left in range(0, width, CELL):
            keys = np.ix_(_within(key_rows, top), _within(key_columns, left))
            window = _around(top), _around(left)
            products = grid[keys].reshape(-1, side * side) @ grid[window].reshape(-1, side * side).T
            distances = squares[window].ravel() - 2 * products  # but for the square of the key
            own = numbers[keys].ravel()
            distances[numbers[window].ravel() == own[:, None]] = -np.inf
            nearest = np.argpartition(distances, (0, group - 1), axis=1)[:, :group]
            groups.append(numbers[window].ravel()[nearest])
    return np.concatenate([part for part in groups if len(part)])


def _steps(count: int, step: int) -> Indices:
    return np.union1d(np.arange(0, count, step), count - 1)


def _within(places: Indices, start: int) -> Indices:
    return places[(places >= start) & (places < start + CELL)]


def _around(start: int) -> slice:
    return slice(max(start - MARGIN, 0), start + CELL + MARGIN)

"""Fields over the pixels: smooth random ones (gusts of rain, uneven depth), and pictures extended past their border."""

from __future__ import annotations

from typing import Any

import array_api_compat

Array = Any  # numpy.ndarray or torch.Tensor


def spline(knots: Array, y: Array, x: Array) -> Array:
    """A cubic B-spline surface.

    knots: (..., G, G), G ≥ 4. y: (..., H) and x: (..., W), where to read it, in [0, 1] from the first row or column to
    the last. Returns (..., H, W), inside the range of the knots.
    """
    xp = array_api_compat.array_namespace(knots)
    rows, columns = (_weights(xp, position, knots.shape[-1]) for position in (y, x))
    return rows @ knots @ xp.matrix_transpose(columns)


def _weights(xp: Any, position: Array, count: int) -> Array:
    """(..., N) positions in [0, 1] → (..., N, count): what each knot contributes; the sum over the knots is 1."""
    knot = xp.arange(count, dtype=position.dtype, device=array_api_compat.device(position))
    distance = xp.abs(1 + position[..., None] * (count - 3) - knot)
    outer, inner = xp.clip(2 - distance, 0, None), xp.clip(1 - distance, 0, None)
    return (outer**3 - 4 * inner**3) / 6


def grid(like: Array, count: int) -> Array:
    """(count,) float32: the centres of `count` pixels in [0, 1], on the device of `like`."""
    xp = array_api_compat.array_namespace(like)
    return (xp.arange(count, dtype=xp.float32, device=array_api_compat.device(like)) + 0.5) / count


def extended(picture: Array, rows: tuple[int, int], columns: tuple[int, int]) -> Array:
    """(..., H, W) with its border pixels repeated: rows above and below, columns left and right."""
    xp = array_api_compat.array_namespace(picture)
    for axis, (before, after) in ((-2, rows), (-1, columns)):
        count = picture.shape[axis]
        index = xp.arange(-before, count + after, device=array_api_compat.device(picture))
        picture = xp.take(picture, xp.clip(index, 0, count - 1), axis=axis)
    return picture

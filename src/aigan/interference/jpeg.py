"""JPEG (ITU-T T.81): the loss of the usual baseline coder, without the coding."""

from __future__ import annotations

import functools
import math
from typing import Any

import array_api_compat

from aigan.interference.fields import extended

Array = Any  # numpy.ndarray or torch.Tensor


def jpeg(picture: Array, *, quality: Array, halved: Array) -> Array:
    """What is left of a picture (B, C, H, W) in [0, 1] after JPEG: in [0, 1], rounded to 8 bit.

    quality: (B,), 1–100, as libjpeg scales the standard tables. halved: (B,) boolean, whether the chroma of a colour
    picture is stored at half the resolution (4:2:0) or in full (4:4:4).
    """
    xp = array_api_compat.array_namespace(picture)
    height, width = picture.shape[-2:]
    luma_table, chroma_table, from_rgb, to_rgb = _jpeg_constants(xp, array_api_compat.device(picture))
    scale = xp.where(quality < 50, 5000 / quality, 200 - 2 * quality)[:, None, None, None, None, None]

    def quantised(plane: Array, table: Array) -> Array:
        return _quantise(plane, xp.clip(xp.floor((table * scale + 50) / 100), 1, 255))

    whole = extended(xp.round(picture * 255), (0, -height % 16), (0, -width % 16))
    if picture.shape[1] == 1:
        decoded = quantised(whole - 128, luma_table) + 128
    else:
        ycc = xp.round(_mix_colours(whole, from_rgb))  # a coder's planes are 8 bit
        luma, chroma = ycc[:, :1] - 128, ycc[:, 1:]
        half = _doubled(quantised(_halved(chroma), chroma_table))
        chroma = xp.where(halved[:, None, None, None], half, quantised(chroma, chroma_table))
        decoded = _mix_colours(xp.concat([quantised(luma, luma_table) + 128, chroma], axis=1), to_rgb)
    return xp.clip(xp.round(decoded[..., :height, :width]), 0, 255) / 255


@functools.cache
def _jpeg_constants(xp: Any, device: Any) -> tuple[Array, Array, Array, Array]:
    """Tables K.1 and K.2 of T.81, the colour matrices of JFIF. Kept on the device: CUDA graphs copy nothing in."""
    luma = """16 11 10 16 24 40 51 61  12 12 14 19 26 58 60 55  14 13 16 24 40 57 69 56  14 17 22 29 51 87 80 62
              18 22 37 56 68 109 103 77  24 35 55 64 81 104 113 92  49 64 78 87 103 121 120 101
              72 92 95 98 112 100 103 99"""
    chroma = """17 18 24 47 99 99 99 99  18 21 26 66 99 99 99 99  24 26 56 99 99 99 99 99  47 66 99 99 99 99 99 99
                99 99 99 99 99 99 99 99  99 99 99 99 99 99 99 99  99 99 99 99 99 99 99 99  99 99 99 99 99 99 99 99"""
    from_rgb = [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
    to_rgb = [[1.0, 0.0, 1.402], [1.0, -0.344136, -0.714136], [1.0, 1.772, 0.0]]

    def constant(values: list[Any], *shape: int) -> Array:
        return xp.reshape(xp.asarray(values, dtype=xp.float32, device=device), shape)

    luma_table, chroma_table = (constant([float(step) for step in table.split()], 8, 8) for table in (luma, chroma))
    return luma_table, chroma_table, constant(from_rgb, 3, 3), constant(to_rgb, 3, 3)


def _quantise(plane: Array, steps: Array) -> Array:
    """The 8×8 cosine transform of a plane (B, C, 8m, 8n) in −128…127, rounded to multiples of `steps`, and back."""
    xp = array_api_compat.array_namespace(plane)
    batch, channels, height, width = plane.shape
    index = xp.arange(8, dtype=xp.float32, device=array_api_compat.device(plane))
    basis = xp.cos((2 * index[None, :] + 1) * index[:, None] * (math.pi / 16)) / 2
    basis = xp.where(index[:, None] == 0, math.sqrt(1 / 8), basis)
    blocks = xp.permute_dims(xp.reshape(plane, (batch, channels, height // 8, 8, width // 8, 8)), (0, 1, 2, 4, 3, 5))
    coefficients = xp.round(basis @ blocks @ xp.matrix_transpose(basis) / steps) * steps
    blocks = xp.clip(xp.round(xp.matrix_transpose(basis) @ coefficients @ basis), -128, 127)
    return xp.reshape(xp.permute_dims(blocks, (0, 1, 2, 4, 3, 5)), plane.shape)


def _mix_colours(planes: Array, matrix: Array) -> Array:
    xp = array_api_compat.array_namespace(planes)
    return xp.reshape(matrix @ xp.reshape(planes, (*planes.shape[:2], -1)), planes.shape)


def _halved(plane: Array) -> Array:
    """Mean of 2×2 pixels."""
    columns = plane[..., ::2] + plane[..., 1::2]
    return (columns[..., ::2, :] + columns[..., 1::2, :]) / 4


def _doubled(plane: Array) -> Array:
    """Twice the size by triangular interpolation, libjpeg's "fancy" one."""
    xp = array_api_compat.array_namespace(plane)
    for axis in (-2, -1):
        count = plane.shape[axis]
        pixel = xp.arange(2 * count, device=array_api_compat.device(plane))
        near, far = pixel // 2, xp.clip(pixel // 2 + pixel % 2 * 2 - 1, 0, count - 1)
        plane = (3 * xp.take(plane, near, axis=axis) + xp.take(plane, far, axis=axis)) / 4
    return plane

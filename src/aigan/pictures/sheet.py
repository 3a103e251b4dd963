"""Comparison sheets: pictures side by side, each under its caption."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aigan.pictures.form import Array

SMALLEST_WIDTH = 240  # px, of a panel, so that captions can be read; smaller pictures are enlarged
TALLEST_ENLARGED = 1000  # px
PAPER, INK = np.float32(1), np.float32(0.15)


def sheet(panels: Sequence[tuple[str, Array]]) -> Array:
    """Put pictures side by side, each under its caption, on white.

    `panels`: captions, in Latin letters (Pillow's built-in font has no others), and pictures (H, W, C) in [0, 1],
    C = 1 or 3, of any sizes; shown at their size, or all enlarged by a whole factor where one is narrower than 240 px.
    Returns (H', W', 3) float32.
    """
    narrowest = min(pixels.shape[1] for _, pixels in panels)
    tallest = max(pixels.shape[0] for _, pixels in panels)
    factor = max(1, min(-(-SMALLEST_WIDTH // narrowest), TALLEST_ENLARGED // tallest))
    pictures = [pixels.repeat(factor, axis=0).repeat(factor, axis=1) for _, pixels in panels]
    widths = [max(SMALLEST_WIDTH, picture.shape[1]) for picture in pictures]
    size = max(16, round(0.035 * min(factor * tallest, max(widths))))  # of the letters, px
    strip, gap = 2 * size, max(6, size // 2)
    result = np.full((strip + factor * tallest + gap, sum(widths) + gap * (len(panels) + 1), 3), PAPER)
    left = gap
    for (caption, _), picture, width in zip(panels, pictures, widths, strict=True):
        result[:strip, left : left + width] = _caption(caption, width, strip, size)
        result[strip : strip + picture.shape[0], left : left + picture.shape[1]] = np.clip(picture, 0, 1)
        left += width + gap
    return result


def _caption(text: str, width: int, height: int, size: int) -> Array:
    """(height, width, 1): text on white, in smaller letters where it is too long."""
    from PIL import Image, ImageDraw, ImageFont  # takes 50 ms, and most runs of `aigan` write no captions

    length = ImageFont.load_default(size).getlength(text)
    font = ImageFont.load_default(size * min(1, 0.98 * width / max(length, 1)))
    canvas = Image.new("L", (width, height), 0)
    ImageDraw.Draw(canvas).text((0, height / 2), text, fill=255, font=font, anchor="lm")
    ink = np.asarray(canvas, np.float32)[..., None] / np.float32(255)
    return PAPER + (INK - PAPER) * ink

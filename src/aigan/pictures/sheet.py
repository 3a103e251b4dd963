"""Comparison sheets: pictures side by side, each under its caption."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from aigan.pictures.form import Array

SMALLEST_WIDTH = 240  # px: smaller pictures are shown enlarged, so that captions fit and pixels can be seen
PAPER, INK = 1.0, 0.15


def sheet(panels: Sequence[tuple[str, Array]]) -> Array:
    """Put pictures side by side, each under its caption, on white.

    `panels`: captions and pictures, (H, W, C) in [0, 1], C = 1 or 3, of any sizes; shown at their size, or enlarged by
    a whole factor where one is narrower than 240 px. Returns (H', W', 3) float32.
    """
    factor = -(-SMALLEST_WIDTH // min(pixels.shape[1] for _, pixels in panels))
    pictures = [pixels.repeat(factor, axis=0).repeat(factor, axis=1) for _, pixels in panels]
    tallest = max(picture.shape[0] for picture in pictures)
    widest = max(picture.shape[1] for picture in pictures)
    size = max(16, round(0.035 * min(tallest, widest)))  # of the letters, px
    gap = max(6, size // 2)
    strip = 2 * size  # height of the caption
    width = sum(picture.shape[1] + gap for picture in pictures) + gap
    result = np.full((strip + tallest + gap, width, 3), PAPER, np.float32)
    left = gap
    for (caption, _), picture in zip(panels, pictures, strict=True):
        high, wide = picture.shape[:2]
        result[:strip, left : left + wide] = _caption(caption, wide, strip, size)
        result[strip : strip + high, left : left + wide] = np.clip(picture, 0, 1)
        left += wide + gap
    return result


def _caption(text: str, width: int, height: int, size: int) -> Array:
    """(height, width, 1): text on white, in smaller letters where it is too long."""
    length = ImageFont.load_default(size).getlength(text)
    font = ImageFont.load_default(min(size, size * width / max(length, 1)))
    canvas = Image.new("L", (width, height), 0)
    ImageDraw.Draw(canvas).text((0, height / 2), text, fill=255, font=font, anchor="lm")
    ink = np.asarray(canvas, np.float32)[..., None] / 255
    return PAPER + (INK - PAPER) * ink

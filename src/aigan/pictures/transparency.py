"""Colours under full transparency, which editors leave black or white and which must not bleed into visible ones."""

from __future__ import annotations

import numpy as np

from aigan.pictures.form import Array


def opaque_colours(pixels: Array, alpha: Array) -> Array:
    """Fill what alpha = 0 hides with the colours of visible neighbours.

    `pixels` (H, W, C), `alpha` (H, W) in [0, 1]; returns (H, W, C). Push and pull over a pyramid (Gortler et al., "The
    Lumigraph", 1996, section 3.4): hidden pixels take the mean of the visible ones around them, from the smallest
    neighbourhood that has any. Visible pixels stay as they are; a picture that is hidden altogether too.
    """
    visible = (alpha > 0)[..., None]
    if visible.all() or not visible.any():
        return pixels
    weight = visible.astype(np.float32)
    filled = pixels.copy()
    np.copyto(filled, _filled(pixels * weight, weight), where=~visible)
    return filled


def _filled(weighted: Array, weight: Array) -> Array:
    """Colours everywhere, from colours times weight (H, W, C) and weight (H, W, 1) of which some is positive."""
    known = weight > 0
    colours: Array = np.divide(weighted, np.maximum(weight, np.float32(1e-30)))
    if not known.all():
        coarse = _filled(_halved(weighted), _halved(weight))
        height, width = weight.shape[:2]
        np.copyto(colours, coarse.repeat(2, axis=0).repeat(2, axis=1)[:height, :width], where=~known)
    return colours


def _halved(values: Array) -> Array:
    """The mean of 2 × 2 values each, (⌈H/2⌉, ⌈W/2⌉, C); beyond the border lies nothing."""
    height, width, channels = values.shape
    padded = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0)))
    halved: Array = padded.reshape((height + 1) // 2, 2, (width + 1) // 2, 2, channels).mean(axis=(1, 3))
    return halved

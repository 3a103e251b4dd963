"""The border between a picture and the network, which sees opaque colours in [0, 1] and nothing else."""

from __future__ import annotations

import numpy as np

from aigan.decomposition import Array, Decomposition
from aigan.errors import AiganError
from aigan.pictures import opaque_colours


def seen(pixels: Array, alpha: Array | None) -> Array:
    """What the network is shown of (H, W, C): values clipped to [0, 1], colours under full transparency filled in."""
    if np.isnan(pixels).any():
        raise AiganError("the picture holds values that are not numbers: replace them first")
    colours = pixels if alpha is None else opaque_colours(pixels, alpha)
    return colours if _in_range(colours) else np.clip(colours, 0, 1)


def restored(pixels: Array, alpha: Array | None, result: Decomposition, strength: float) -> Array:
    """The picture less `strength` times what was found to remove, (H, W, C): `at_strength` for what the network saw.

    Hidden colours stay as they are. Values leave [0, 1] no farther than those that were given did.
    """
    removed = result.degraded - result.original
    removed *= np.float32(strength)
    if alpha is not None:
        removed[alpha == 0] = 0
    restored: Array = np.subtract(pixels, removed, out=removed)
    if _in_range(pixels):
        np.clip(restored, 0, 1, out=restored)
    else:
        np.clip(restored, np.minimum(pixels, 0), np.maximum(pixels, 1), out=restored)
    return restored


def mostly_outside(pixels: Array) -> bool:
    """Whether more than half of the values leave [0, 1]: as where white is 255, and not in highlights or noise."""
    return bool(np.mean((pixels < 0) | (pixels > 1)) > 0.5)


def _in_range(pixels: Array) -> bool:
    return bool(pixels.min() >= 0 and pixels.max() <= 1)

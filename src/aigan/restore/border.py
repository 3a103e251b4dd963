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
    return np.clip(pixels if alpha is None else opaque_colours(pixels, alpha), 0, 1)


def restored(pixels: Array, alpha: Array | None, result: Decomposition, strength: float) -> Array:
    """The picture less `strength` times what was found to remove, (H, W, C): `at_strength` for what the network saw.

    Hidden colours stay as they are, and values beyond [0, 1] keep what lies beyond.
    """
    removed = np.float32(strength) * (result.degraded - result.original)
    return pixels - (removed if alpha is None else np.where((alpha > 0)[..., None], removed, np.float32(0)))

"""The luminance of a picture, on which systems for gray pictures work."""

from __future__ import annotations

import numpy as np

from aigan.decomposition import Array

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def luminance(picture: Array) -> Array:
    """(H, W, C) -> (H, W), C = 1 or 3."""
    return picture[..., 0] if picture.shape[2] == 1 else np.asarray(picture @ _LUMA)

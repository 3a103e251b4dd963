"""PSNR, SSIM and Y, in gray levels of 255.

Pictures are arrays (H, W, C) of any type with values in [0, 255], C = 1 or 3; noisy ones may leave that range.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

Levels = npt.NDArray[Any]

PEAK = 255.0
WINDOW = 11  # px, side of SSIM's window: no smaller picture has one
_OFFSETS = np.arange(WINDOW) - WINDOW // 2
_GAUSSIAN = np.exp(-(_OFFSETS**2) / (2 * 1.5**2))
_GAUSSIAN /= _GAUSSIAN.sum()
_C1, _C2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2


def psnr(picture: Levels, reference: Levels) -> float:
    """Peak signal-to-noise ratio in dB over all values; infinite for equal pictures."""
    error = np.square(np.asarray(picture, np.float64) - reference).mean()
    return 10 * math.log10(PEAK**2 / error) if error else math.inf


def ssim(picture: Levels, reference: Levels) -> float:
    """Structural similarity, the mean over all valid windows and channels; 1 for equal pictures.

    Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity" (IEEE TIP 2004), eq. 13–17:
    Gaussian window, 11 × 11, σ 1.5; K1 = 0.01, K2 = 0.03. Both sides must be at least 11 px.
    """
    x, y = np.asarray(picture, np.float64), np.asarray(reference, np.float64)
    mean_x, mean_y = _windowed(x), _windowed(y)
    variance_x, variance_y = _windowed(x * x) - mean_x**2, _windowed(y * y) - mean_y**2
    covariance = _windowed(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
    structure = (2 * covariance + _C2) / (variance_x + variance_y + _C2)
    return float((luminance * structure).mean())


def luma(rgb: Levels) -> npt.NDArray[np.float64]:
    """Y of ITU-R BT.601 in 16–235, (H, W, 1), not rounded: MATLAB's rgb2ycbcr for values in [0, 255]."""
    weighted = np.asarray(rgb, np.float64) @ np.array([[65.481], [128.553], [24.966]])
    return np.asarray(16 + weighted / 255, np.float64)


def _windowed(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The Gaussian means of all windows that lie within the picture, (H − 10, W − 10, C)."""
    for axis in (0, 1):
        x = sliding_window_view(x, WINDOW, axis=axis) @ _GAUSSIAN
    return x

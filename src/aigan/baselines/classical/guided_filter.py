"""The guided filter: smooths one picture along the edges of another.

K. He, J. Sun, X. Tang, "Guided Image Filtering", ECCV 2010 and IEEE PAMI 2013, with a gray guide. Within each window
the result q is linear in the guide I, q = a·I + b, and as near to p as the regulariser ε lets it be:

    a = cov(I, p) / (var(I) + ε),   b = mean(p) − a·mean(I)      (eq. 5, 6)
    q = mean(a)·I + mean(b)                                      (eq. 8), means over the windows that hold the pixel
"""

from __future__ import annotations

import numpy as np
import scipy.ndimage

from aigan.decomposition import Array


def guided_filter(guide: Array, picture: Array, *, radius: int, eps: float) -> Array:
    """Both (H, W), in any unit; `eps` is in the square of the guide's. No pixel beyond 2·`radius` changes a result."""
    mean_guide, mean_picture = box_mean(guide, radius), box_mean(picture, radius)
    covariance = box_mean(guide * picture, radius) - mean_guide * mean_picture
    variance = box_mean(guide * guide, radius) - mean_guide * mean_guide
    a: Array = np.divide(covariance, variance + eps)
    b = mean_picture - a * mean_guide
    return box_mean(a, radius) * guide + box_mean(b, radius)


def box_mean(picture: Array, radius: int) -> Array:
    """Mean (H, W) of each pixel's window of side 2·`radius` + 1, of the part of it that lies within the picture."""
    side = 2 * radius + 1
    within = scipy.ndimage.uniform_filter(np.ones_like(picture), side, mode="constant")
    return np.asarray(scipy.ndimage.uniform_filter(picture, side, mode="constant") / within)

"""The guided filter in torch; equations and paper stand in `classical/guided_filter.py`."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def guided_filter(guide: Tensor, picture: Tensor, *, radius: int, eps: float) -> Tensor:
    """(B, C, H, W), the guide of one channel or of as many; each channel by itself."""
    mean_guide, mean_picture = box_mean(guide, radius), box_mean(picture, radius)
    covariance = box_mean(guide * picture, radius) - mean_guide * mean_picture
    variance = box_mean(guide * guide, radius) - mean_guide * mean_guide
    a = covariance / (variance + eps)
    b = mean_picture - a * mean_guide
    return box_mean(a, radius) * guide + box_mean(b, radius)


def box_mean(x: Tensor, radius: int) -> Tensor:
    """Mean of each pixel's window of side 2·`radius` + 1, of the part of it that lies within the picture."""
    side = 2 * radius + 1
    rows = functional.avg_pool2d(x, (side, 1), 1, (radius, 0), count_include_pad=False)
    return functional.avg_pool2d(rows, (1, side), 1, (0, radius), count_include_pad=False)

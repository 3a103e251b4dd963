"""MSCNN: the transmission at two scales, a coarse network and a fine one.

W. Ren, S. Liu, H. Zhang, J. Pan, X. Cao, M.-H. Yang, "Single Image Dehazing via Multi-Scale Convolutional Neural
Networks", ECCV 2016. 8,435 parameters.

Deviations, all of them the authors' published program's: the fine network runs alone. In the paper the coarse map
replaces a channel of its first layer; in the program that line stands in a test that is never true. Air light and what
follows t (`smoothed`) are the program's, too, its exponent γ being 1. Trained by us, the loss is that of J, not of t.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from aigan.baselines.learned.guided_filter import guided_filter
from aigan.baselines.learned.layers import Conv, luminance
from aigan.baselines.learned.restorer import System
from aigan.decomposition import EVERYWHERE

DARK = 15  # px, side of the window of the minimum whose greatest value is the air light
EPS = 0.04  # of the guided filter
STRENGTH = 0.1  # of the smoothing
T_BOUNDS = 0.1, 0.9


class Combination(nn.Module):
    """sigmoid(Σ weight·x + bias), one map."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.full((inputs,), 1 / inputs)), nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, 1, H, W)."""
        return torch.sigmoid((self.weight[:, None, None] * x).sum(1, keepdim=True) + self.bias)


class Scale(nn.Module):
    """One of the two networks: three convolutions, each pooled and enlarged again."""

    def __init__(self, sides: tuple[int, int, int], widths: tuple[int, int, int]) -> None:
        super().__init__()
        self.conv1 = Conv(3, widths[0], sides[0])
        self.conv2 = Conv(widths[0], widths[1], sides[1])
        self.conv3 = Conv(widths[1], widths[2], sides[2])
        self.comb = Combination(widths[2])

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 1, H', W'): even sides, H and W or one less."""
        for conv in (self.conv1, self.conv2):
            # torch's α is that of the mean, the program's (2e-5) that of the sum
            x = functional.local_response_norm(_halved_and_doubled(conv(x)), 5, alpha=1e-4, beta=0.75)
        return self.comb(_halved_and_doubled(self.conv3(x)))  # type: ignore[no-any-return]


class MSCNN(nn.Module):
    """From a hazy picture to the clear one."""

    def __init__(self) -> None:
        super().__init__()
        self.coarse = Scale((11, 9, 7), (5, 5, 10))
        self.fine = Scale((7, 5, 3), (6, 5, 10))

    def forward(self, hazy: Tensor) -> Tensor:
        """(B, 3, H, W) -> the same."""
        size = hazy.shape[-2:]
        least = -functional.max_pool2d(-hazy, DARK, 1, DARK // 2)
        A = least.amax(dim=(2, 3), keepdim=True).clamp(min=1 / 255)
        x = functional.pad(hazy / A, (0, int(size[1] == 1), 0, int(size[0] == 1)), mode="replicate")
        t = functional.interpolate(self.fine(x), size, mode="bicubic", antialias=True)  # whose kernel is MATLAB's
        t = smoothed(t, luminance(hazy), luminance(A))
        return (hazy - A) / t + A


def smoothed(t: Tensor, gray: Tensor, gray_of_air: Tensor) -> Tensor:
    """t along the edges of the picture, less of it where that is near to the air light."""
    b = (gray - gray_of_air).square()
    q = (b + STRENGTH / t.clamp(min=0.01)) / (b + STRENGTH)  # bicubic values may leave (0, 1)
    q = guided_filter(gray, q, radius=min(t.shape[-2:]) // 8, eps=EPS)
    return (1 / q).clamp(*T_BOUNDS)


def _halved_and_doubled(x: Tensor) -> Tensor:
    return functional.interpolate(functional.max_pool2d(functional.relu(x), 2), scale_factor=2.0)


MULTI_SCALE = System(
    network=lambda _: MSCNN(),
    receptive_radius_px=EVERYWHERE,
    limits="takes what is bright and gray for haze; the whole picture at once, for its air light",
)

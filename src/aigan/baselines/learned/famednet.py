"""FAMED-Net: three scales of 1×1 convolutions and maxima that grow, and one fusion of their maps.

J. Zhang, D. Tao, "FAMED-Net: A Fast and Accurate Multi-Scale End-to-End Dehazing Network", IEEE TIP 2020. As AOD-Net it
estimates one map K, J = K·I − K + 1, here smoothed by the guided filter, whose guide is the greatest channel. 17,223
parameters (batch normalisation counted as part of its convolution).

Deviations: the guided filter is the exact one, not that on a quarter of the resolution. K is worked out on a picture
whose longer side is 360 px, as the authors test, but small pictures (crops in training) are not enlarged.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from aigan.baselines.learned.guided_filter import guided_filter
from aigan.baselines.learned.layers import Conv
from aigan.baselines.learned.restorer import System
from aigan.decomposition import EVERYWHERE

WIDTH = 32
SCALES = (1, 2, 4)  # how many times smaller
RADIUS, EPS = 48, 1e-4  # of the guided filter
LONGER_SIDE = 360  # px


class Scale(nn.Module):
    """The map of one scale."""

    def __init__(self) -> None:
        super().__init__()
        inputs = (3, WIDTH, 2 * WIDTH, 2 * WIDTH)
        for number, width in enumerate(inputs, start=1):
            self.add_module(f"conv{number}", Conv(width, WIDTH, 1, norm=True))
        self.conv5 = Conv(4 * WIDTH, 3, 1, norm=True)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) -> the same."""
        conv1, conv2, conv3, conv4, conv5 = self.children()
        c1 = functional.relu(conv1(x))
        p1 = _greatest(functional.relu(conv2(c1)), 3)
        p2 = _greatest(functional.relu(conv3(torch.cat([c1, p1], dim=1))), 5)
        p3 = _greatest(functional.relu(conv4(torch.cat([p1, p2], dim=1))), 7)
        return functional.relu(conv5(torch.cat([c1, p1, p2, p3], dim=1)))


class FAMEDNet(nn.Module):
    """From a hazy picture to the clear one."""

    def __init__(self) -> None:
        super().__init__()
        for scale in SCALES:
            self.add_module(f"s{scale}", Scale())
        self.fusion = Conv(3 * len(SCALES), 3, 1, norm=True)

    def forward(self, hazy: Tensor) -> Tensor:
        """(B, 3, H, W) -> the same."""
        height, width = hazy.shape[-2:]
        factor = min(LONGER_SIDE / max(height, width), 1)
        small = _resized(hazy, (max(round(height * factor), 1), max(round(width * factor), 1)))
        K = _resized(self._map(small), (height, width))
        K = guided_filter(hazy.amax(dim=1, keepdim=True), K, radius=RADIUS, eps=EPS)
        return K * hazy - K + 1

    def _map(self, hazy: Tensor) -> Tensor:
        height, width = hazy.shape[-2:]
        *scales, fusion = self.children()
        maps = [
            _aligned(scale(_aligned(hazy, ((height - 1) // divisor + 1, (width - 1) // divisor + 1))), (height, width))
            for divisor, scale in zip(SCALES, scales, strict=True)
        ]
        return functional.relu(fusion(torch.cat(maps, dim=1)))


def _greatest(x: Tensor, side: int) -> Tensor:
    return functional.max_pool2d(x, side, 1, side // 2)


def _aligned(x: Tensor, size: tuple[int, int]) -> Tensor:
    return functional.interpolate(x, size, mode="bilinear", align_corners=True)


def _resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    """By the bicubic kernel of MATLAB."""
    return functional.interpolate(x, size, mode="bicubic", antialias=True)


FAMED_NET = System(
    network=lambda _: FAMEDNet(),
    receptive_radius_px=EVERYWHERE,
    limits="haze of white light; the whole picture at once, of which it sees a version of 360 px",
)

"""FFDNet: a chain of convolutions at half the resolution, which is told how strong the noise is.

K. Zhang, W. Zuo, L. Zhang, "FFDNet: Toward a Fast and Flexible Solution for CNN-Based Image Denoising", IEEE TIP 2018.
Gray: 15 layers of 64, 485,316 parameters; colour: 12 layers of 96, 852,108.

Deviations: the noise map is one number for the whole picture; the network is trained for it, too, and not for many.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from aigan.baselines.learned.layers import ConvChain
from aigan.baselines.learned.restorer import System

DEPTH_AND_WIDTH = {1: (15, 64), 3: (12, 96)}


class FFDNet(ConvChain):
    """O = net(I, σ), on pixels that are shuffled by 2 × 2 into channels, the map of σ being the last of these."""

    def __init__(self, channels: int) -> None:
        depth, width = DEPTH_AND_WIDTH[channels]
        super().__init__([4 * channels + 1, *[width] * (depth - 1), 4 * channels])
        self.sigma_255: float | Tensor = 25.0  # a tensor for each picture its own, (B, 1, 1, 1)

    def forward(self, noisy: Tensor) -> Tensor:
        """(B, C, H, W) with noise of standard deviation `sigma_255` -> the same without."""
        height, width = noisy.shape[-2:]
        even = functional.pad(noisy, (0, width % 2, 0, height % 2), mode="replicate")
        x = functional.pixel_unshuffle(even, 2)
        sigma = torch.ones_like(x[:, :1]) * (self.sigma_255 / 255)
        return functional.pixel_shuffle(super().forward(torch.cat([x, sigma], dim=1)), 2)[..., :height, :width]


FFDNET = System(
    network=FFDNet,
    channels=(1, 3),
    receptive_radius_px=2 * 15 + 1,
    multiple_of=2,
    limits="white Gaussian noise up to σ₂₅₅ 75, of a strength that it is told",
)

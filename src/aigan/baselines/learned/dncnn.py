"""DnCNN: a plain chain of convolutions that estimates the noise.

K. Zhang, W. Zuo, Y. Chen, D. Meng, L. Zhang, "Beyond a Gaussian Denoiser: Residual Learning of Deep CNN for Image
Denoising", IEEE TIP 2017. DnCNN-S: 17 layers, for noise of one strength, 555,137 parameters; DnCNN-B, gray, and
CDnCNN-B, colour: 20 layers, blind for σ₂₅₅ 0–55, 665,921 and 668,227 (batch normalisation counted as part of its
convolution, as published weights have it).

Deviations: none in the network.
"""

from __future__ import annotations

from torch import Tensor

from aigan.baselines.learned.layers import ConvChain
from aigan.baselines.learned.restorer import System

WIDTH = 64


class DnCNN(ConvChain):
    """O = I − net(I)."""

    def __init__(self, channels: int, depth: int) -> None:
        super().__init__([channels, *[WIDTH] * (depth - 1), channels])

    def forward(self, noisy: Tensor) -> Tensor:
        """(B, C, H, W) -> the same."""
        return noisy - super().forward(noisy)


S = System(
    network=lambda channels: DnCNN(channels, 17),
    channels=(1,),
    receptive_radius_px=17,
    limits="white Gaussian noise of the one strength that its weights were trained for",
)
B = System(
    network=lambda channels: DnCNN(channels, 20),
    channels=(1,),
    receptive_radius_px=20,
    limits="white Gaussian noise up to σ₂₅₅ 55",
)
COLOUR_B = System(
    network=lambda channels: DnCNN(channels, 20), receptive_radius_px=20, limits="white Gaussian noise up to σ₂₅₅ 55"
)

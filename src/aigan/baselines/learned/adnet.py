"""ADNet: convolutions, some of them dilated, whose estimate of the noise is weighted by an attention of one layer.

C. Tian, Y. Xu, Z. Li, W. Zuo, L. Fei, H. Liu, "Attention-guided CNN for Image Denoising", Neural Networks 2020. The
sparse block is layers 1 to 12, of which 2, 5, 9 and 12 are dilated; 520,533 parameters in colour (batch normalisation
counted as part of its convolution).

Deviations: none in the network.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from aigan.baselines.learned.layers import Conv
from aigan.baselines.learned.restorer import System

WIDTH, DEPTH = 64, 16
DILATED = (2, 5, 9, 12)


class ADNet(nn.Module):
    """O = I − f·r: r is the noise that the chain finds, f is worked out from I and r."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        for number in range(1, DEPTH):
            dilation = 2 if number in DILATED else 1
            self.add_module(
                f"conv{number}", Conv(channels if number == 1 else WIDTH, WIDTH, dilation=dilation, norm=True)
            )
        self.conv16 = Conv(WIDTH, channels, bias=False)
        self.fuse = Conv(2 * channels, channels, 1)

    def forward(self, noisy: Tensor) -> Tensor:
        """(B, C, H, W) -> the same."""
        *chain, last, fuse = self.children()
        x = noisy
        for conv in chain:
            x = functional.relu(conv(x))
        r = last(x)
        f = fuse(torch.tanh(torch.cat([noisy, r], dim=1)))
        return noisy - f * r  # type: ignore[no-any-return]


ADNET = System(
    network=ADNet,
    channels=(3, 1),
    receptive_radius_px=DEPTH + len(DILATED),
    limits="white Gaussian noise of the one strength that its weights were trained for",
)

"""The denoising auto-encoder: patches are coded sparsely, twice over, and decoded.

J. Xie, L. Xu, E. Chen, "Image Denoising and Inpainting with Deep Neural Networks", NIPS 2012 (stacked sparse denoising
auto-encoders): sigmoid units, two auto-encoders, one in the other, so three hidden layers; overlapping patches are
averaged. With patches of 8 × 8 and codes five times as long, 246,784 parameters.

Deviations: trained as a whole from the start, without the terms for sparsity and decay. In place of training each layer
by itself before, the weights begin orthogonal and tied, so that the network gives back about what it sees: from random
ones five layers of sigmoids learn nothing. The authors name no sizes for their results, these are within what they
tried. Patches at all places.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from aigan.baselines.learned.layers import mirrored
from aigan.baselines.learned.restorer import System

PATCH = 8  # px
CODE = 5 * PATCH**2


class SSDA(nn.Module):
    """Codes of all patches of a picture at once: a patch is what a kernel of its size sees."""

    def __init__(self) -> None:
        super().__init__()
        self.encode1, self.encode2 = nn.Conv2d(1, CODE, PATCH), nn.Conv2d(CODE, CODE, 1)
        self.decode2, self.decode1 = nn.Conv2d(CODE, CODE, 1), nn.Conv2d(CODE, PATCH**2, 1)
        self._begin()

    @torch.no_grad()
    def _begin(self) -> None:
        """σ(x) is about ½ + x/4: with four times an orthogonal matrix, and ½ as the centre, a layer keeps distances."""
        for encode, decode in ((self.encode1, self.decode1), (self.encode2, self.decode2)):
            nn.init.orthogonal_(encode.weight, gain=4)
            decode.weight.copy_(encode.weight.flatten(1).T[..., None, None])
            for layer in (encode, decode):
                layer.bias = nn.Parameter(-layer.weight.flatten(1).sum(1) / 2)

    def forward(self, noisy: Tensor) -> Tensor:
        """(B, 1, H, W) -> the same, in [0, 1]."""
        height, width = noisy.shape[-2:]
        around = PATCH - 1
        x = mirrored(noisy, around, around, edge_twice=True)
        for layer in (self.encode1, self.encode2, self.decode2, self.decode1):
            x = torch.sigmoid(layer(x))
        size = height + 2 * around, width + 2 * around
        sums = functional.fold(x.flatten(2), size, PATCH)  # each pixel of the picture lies in PATCH² patches
        return sums[..., around : around + height, around : around + width] / PATCH**2


AUTO_ENCODER = System(
    network=lambda _: SSDA(),
    channels=(1,),
    receptive_radius_px=PATCH - 1,
    limits="white Gaussian noise of the one strength that its weights were trained for",
)

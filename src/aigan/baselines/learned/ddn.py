"""Detail-Net, or DDN: a residual network that sees only the detail of a picture and gives what is to be added to it.

X. Fu, J. Huang, D. Zeng, Y. Huang, X. Ding, J. Paisley, "Removing Rain from Single Images via a Deep Detail Network",
CVPR 2017. 26 layers of 16, each with batch normalisation: 56,563 parameters (it counted as part of its convolution).

Deviations: none in `DETAIL_NET_BN`. In `DETAIL_NET`, which published weights need, each picture is normalised by its
own mean and variance instead (57,369 parameters): what is taken away is then equally strong in each, whatever its rain.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from aigan.baselines.learned.guided_filter import guided_filter
from aigan.baselines.learned.layers import Conv
from aigan.baselines.learned.restorer import System
from aigan.decomposition import EVERYWHERE

WIDTH, BLOCKS = 16, 12
LAYERS = 2 * BLOCKS + 2
RADIUS, EPS = 15, 1.0  # of the guided filter


class NormConv(Conv):
    """A convolution whose planes are normalised, then scaled and shifted."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.scale, self.beta = nn.Parameter(torch.ones(outputs)), nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H, W)."""
        x = super().forward(x)
        variance, mean = torch.var_mean(x, dim=(2, 3), correction=0, keepdim=True)
        return (x - mean) / (variance + 1e-5).sqrt() * self.scale[:, None, None] + self.beta[:, None, None]


class DDN(nn.Module):
    """O = I + net(I − smoothed I); `conv`, of so many channels to so many, normalises what it gives."""

    def __init__(self, conv: Callable[[int, int], Conv]) -> None:
        super().__init__()
        for number in range(1, LAYERS + 1):
            self.add_module(f"conv{number}", conv(3 if number == 1 else WIDTH, 3 if number == LAYERS else WIDTH))

    def forward(self, rainy: Tensor) -> Tensor:
        """(B, 3, H, W) -> the same."""
        first, *blocks, last = self.children()
        x = functional.relu(first(rainy - guided_filter(rainy, rainy, radius=RADIUS, eps=EPS)))
        for one, other in zip(blocks[::2], blocks[1::2], strict=True):
            x = x + functional.relu(other(functional.relu(one(x))))
        return rainy + last(x)  # type: ignore[no-any-return]


DETAIL_NET = System(
    network=lambda _: DDN(NormConv),
    receptive_radius_px=EVERYWHERE,
    limits="rain like that of its training; normalised over the whole picture, which is not cut into tiles",
)
DETAIL_NET_BN = System(
    network=lambda _: DDN(partial(Conv, norm=True)),
    receptive_radius_px=2 * RADIUS + LAYERS,  # the filter averages twice
    limits="rain like that of its training",
)

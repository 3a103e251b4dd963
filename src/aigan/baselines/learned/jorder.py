"""JORDER: where rain is, its streaks and the background are found together, by dilated paths, again and again.

W. Yang, R. T. Tan, J. Feng, J. Liu, Z. Guo, S. Yan, "Deep Joint Rain Detection and Removal from a Single Image", CVPR
2017. A contextualised dilated network of three paths, dilated by 1, 2 and 3, gives the features F_t; from these the
rain region R, with it the streaks S, and with both the residue that is taken from the picture; three
recurrences, of which each sees the background that the one before found.

Deviations: F_t are two such blocks of 32 channels, since the authors print neither widths nor count; the mask R learns
from the loss of the background, as do the streaks: pairs have no mask of their own. Without the removal of mist that
they add for real pictures. The program of the authors has another number of parameters.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from aigan.baselines.learned.layers import Conv
from aigan.baselines.learned.restorer import System

WIDTH, RECURRENCES, BLOCKS = 32, 3, 2
DILATIONS = (1, 2, 3)


class Contextualised(nn.Module):
    """x + the sum of the paths, each of two convolutions of its dilation."""

    def __init__(self) -> None:
        super().__init__()
        for dilation in DILATIONS:
            path = (Conv(WIDTH, WIDTH, dilation=dilation), nn.ReLU(), Conv(WIDTH, WIDTH, dilation=dilation), nn.ReLU())
            self.add_module(f"path{dilation}", nn.Sequential(*path))

    def forward(self, x: Tensor) -> Tensor:
        """(B, WIDTH, H, W) -> the same."""
        for found in [path(x) for path in self.children()]:
            x = x + found
        return x


class JORDER(nn.Module):
    """From a rainy picture to the background of the last recurrence; all share their weights."""

    def __init__(self) -> None:
        super().__init__()
        self.head = Conv(3, WIDTH)
        self.blocks = nn.Sequential(*(Contextualised() for _ in range(BLOCKS)))
        self.region = Conv(WIDTH, 1)
        self.streaks = Conv(WIDTH + 1, 3)
        self.residue = Conv(WIDTH + 1 + 3, 3)

    def forward(self, rainy: Tensor) -> Tensor:
        """(B, 3, H, W) -> the same."""
        background = rainy
        for _ in range(RECURRENCES):
            F = self.blocks(functional.relu(self.head(background)))
            R = torch.sigmoid(self.region(F))
            S = self.streaks(torch.cat([F, R], dim=1))
            background = background - self.residue(torch.cat([F, R, R * S], dim=1))
        return background


STREAKS = System(
    network=lambda _: JORDER(),
    receptive_radius_px=RECURRENCES * (1 + BLOCKS * 2 * max(DILATIONS) + 3),
    limits="rain like that of its training",
)

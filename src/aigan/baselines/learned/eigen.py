"""Eigen's network for dirt and rain on a window, the first network for rain: three layers.

D. Eigen, D. Krishnan, R. Fergus, "Restoring an Image Taken Through a Window Covered with Dirt or Rain", ICCV 2013:
512 kernels of 16×16, tanh, 1×1, tanh, and 8×8 kernels whose patches are averaged where they overlap (section 3).
754,691 parameters by these sizes.

Deviations: pictures are mirrored at the border and come out whole, where the authors' results are smaller; the result
is what the network adds to the picture, not the picture, which it cannot learn to copy in the short training here.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aigan.baselines.learned.layers import mirrored
from aigan.baselines.learned.restorer import System

WIDTH = 512
SEEN, GIVEN = 16, 8  # px, sides of the patches that the first layer sees and the last one gives


class Eigen(nn.Module):
    """O = I + net(I)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, WIDTH, SEEN)
        self.conv2 = nn.Conv2d(WIDTH, WIDTH, 1)
        self.conv3 = nn.Conv2d(WIDTH, 3, GIVEN)

    def forward(self, degraded: Tensor) -> Tensor:
        """(B, 3, H, W) -> the same."""
        around = SEEN + GIVEN - 2
        x = mirrored(degraded, around // 2, around - around // 2, edge_twice=True)
        x = torch.tanh(self.conv2(torch.tanh(self.conv1(x))))
        return degraded + self.conv3(x)  # type: ignore[no-any-return]


EIGEN = System(
    network=lambda _: Eigen(),
    receptive_radius_px=(SEEN + GIVEN - 2) // 2,
    limits="drops and short streaks: it sees 11 px around",
)

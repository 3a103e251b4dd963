"""LD-Net, Light-DehazeNet: AOD-Net's map K(I) from eight convolutions.

H. Ullah et al., "Light-DehazeNet: A Novel Lightweight CNN Architecture for Single Image Dehazing", IEEE TIP 2021.
30,187 parameters.

Deviations: without the restoration of colours that its authors' program adds behind the network.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from aigan.baselines.learned.layers import Conv
from aigan.baselines.learned.restorer import System


class LDNet(nn.Module):
    """J = K·I − K + 1."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2, self.conv3 = Conv(3, 8, 1), Conv(8, 8, 3), Conv(8, 8, 5)
        self.conv4, self.conv5, self.conv6 = Conv(16, 16, 7), Conv(16, 16, 3), Conv(16, 16, 3)
        self.conv7, self.conv8 = Conv(32, 32, 3), Conv(56, 3, 3)

    def forward(self, hazy: Tensor) -> Tensor:
        """(B, 3, H, W) -> the same."""
        c1 = functional.relu(self.conv1(hazy))
        c2 = functional.relu(self.conv2(c1))
        c3 = functional.relu(self.conv3(c2))
        c4 = functional.relu(self.conv4(torch.cat([c1, c3], dim=1)))
        c5 = functional.relu(self.conv5(c4))
        c6 = functional.relu(self.conv6(c5))
        c7 = functional.relu(self.conv7(torch.cat([c4, c6], dim=1)))
        K = functional.relu(self.conv8(torch.cat([c2, c5, c7], dim=1)))
        return functional.relu(K * hazy - K + 1)


LD_NET = System(
    network=lambda _: LDNet(),
    receptive_radius_px=0 + 1 + 2 + 3 + 1 + 1 + 1 + 1,
    limits="haze of white light; sees 10 px around, so it judges haze by colour and brightness alone",
)

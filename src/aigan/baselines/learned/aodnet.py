"""AOD-Net: one map K(I), of five convolutions, holds transmission and air light together.

B. Li, X. Peng, Z. Wang, J. Xu, D. Feng, "AOD-Net: All-in-One Dehazing Network", ICCV 2017: J = K·I − K + b, b = 1
(eq. 3, 4). 1,761 parameters.

Deviations: none in the network. The result is not below 0, as in the authors' model.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from aigan.baselines.learned.layers import Conv
from aigan.baselines.learned.restorer import System


class AODNet(nn.Module):
    """Each convolution sees what two of those before it found, the last all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = Conv(3, 3, 1), Conv(3, 3, 3)
        self.conv3, self.conv4 = Conv(6, 3, 5), Conv(6, 3, 7)
        self.conv5 = Conv(12, 3, 3)

    def forward(self, hazy: Tensor) -> Tensor:
        """(B, 3, H, W) -> the same."""
        x1 = functional.relu(self.conv1(hazy))
        x2 = functional.relu(self.conv2(x1))
        x3 = functional.relu(self.conv3(torch.cat([x1, x2], dim=1)))
        x4 = functional.relu(self.conv4(torch.cat([x2, x3], dim=1)))
        K = functional.relu(self.conv5(torch.cat([x1, x2, x3, x4], dim=1)))
        return functional.relu(K * hazy - K + 1)


AOD_NET = System(
    network=lambda _: AODNet(),
    receptive_radius_px=1 + 2 + 3 + 1,
    limits="haze of white light; sees 7 px around, so it judges haze by colour and brightness alone",
)

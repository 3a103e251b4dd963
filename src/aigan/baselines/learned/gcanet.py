"""GCANet: dilated residual blocks at half the resolution, whose early, middle and late features are gated together.

D. Chen et al., "Gated Context Aggregation Network for Image Dehazing and Deraining", WACV 2019. Each dilated
convolution is smoothed before it by one kernel for all channels. 702,818 parameters.

Deviations: pictures are mirrored to multiples of 4 px, not resized.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from aigan.baselines.learned.layers import Conv
from aigan.baselines.learned.restorer import System
from aigan.decomposition import EVERYWHERE
from aigan.network.presets import pad_by_reflection

WIDTH = 64
DILATIONS = (2, 2, 2, 4, 4, 4, 1)  # of the blocks res1 … res7
MIDDLE = 4  # blocks before the middle features


def _norm() -> nn.InstanceNorm2d:
    return nn.InstanceNorm2d(WIDTH, affine=True)


class SharedConv(nn.Module):
    """One kernel for every channel; it begins as no change."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, 1, side, side))
        with torch.no_grad():
            self.weight[..., side // 2, side // 2] = 1

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same."""
        kernel = self.weight.expand(x.shape[1], -1, -1, -1)
        return functional.conv2d(x, kernel, padding=self.weight.shape[-1] // 2, groups=x.shape[1])


class Block(nn.Module):
    """A residual block."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        for number in (1, 2):
            pre = SharedConv(2 * dilation - 1) if dilation > 1 else nn.Identity()
            self.add_module(f"pre_conv{number}", pre)
            self.add_module(f"conv{number}", Conv(WIDTH, WIDTH, dilation=dilation, bias=False))
            self.add_module(f"norm{number}", _norm())

    def forward(self, x: Tensor) -> Tensor:
        """(B, WIDTH, H, W) -> the same."""
        pre1, conv1, norm1, pre2, conv2, norm2 = self.children()
        y = functional.relu(norm1(conv1(pre1(x))))
        return functional.relu(x + norm2(conv2(pre2(y))))


class GCANet(nn.Module):
    """From a hazy picture to the clear one: what is added is worked out from its colours and one map of its edges."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.norm1 = Conv(4, WIDTH, bias=False), _norm()
        self.conv2, self.norm2 = Conv(WIDTH, WIDTH, bias=False), _norm()
        self.conv3, self.norm3 = nn.Conv2d(WIDTH, WIDTH, 3, 2, 1, bias=False), _norm()
        for number, dilation in enumerate(DILATIONS, start=1):
            self.add_module(f"res{number}", Block(dilation))
        self.gate = Conv(3 * WIDTH, 3)
        self.deconv3, self.norm4 = nn.ConvTranspose2d(WIDTH, WIDTH, 4, 2, 1), _norm()
        self.deconv2, self.norm5 = Conv(WIDTH, WIDTH), _norm()
        self.deconv1 = Conv(WIDTH, 3, 1)

    def forward(self, hazy: Tensor) -> Tensor:
        """(B, 3, H, W) -> the same."""
        height, width = hazy.shape[-2:]
        levels = 255 * pad_by_reflection(hazy, 4)
        x = torch.cat([levels, edges(levels)], dim=1) - 128
        x = functional.relu(self.norm1(self.conv1(x)))
        x = functional.relu(self.norm2(self.conv2(x)))
        features = [functional.relu(self.norm3(self.conv3(x)))]
        for name, block in self.named_children():
            if name.startswith("res"):
                features.append(block(features[-1]))
        chosen = torch.stack([features[0], features[MIDDLE], features[-1]], dim=1)
        gates = self.gate(chosen.flatten(1, 2))
        x = (gates[:, :, None] * chosen).sum(dim=1)
        x = functional.relu(self.norm4(self.deconv3(x)))
        x = functional.relu(self.norm5(self.deconv2(x)))
        return (self.deconv1(x) + levels)[..., :height, :width] / 255  # type: ignore[no-any-return]


def edges(levels: Tensor) -> Tensor:
    """(B, 3, H, W) -> (B, 1, H, W): the mean absolute difference to the four neighbours, 0 outside the picture."""
    across, down = levels.diff(dim=3).abs(), levels.diff(dim=2).abs()
    pad = functional.pad
    differences = pad(across, (1, 0)) + pad(across, (0, 1)) + pad(down, (0, 0, 1, 0)) + pad(down, (0, 0, 0, 1))
    return differences.sum(dim=1, keepdim=True) / 12


GCANET = System(
    network=lambda _: GCANet(),
    receptive_radius_px=EVERYWHERE,
    limits="haze like that of its training; normalised over the whole picture, which is not cut into tiles",
)

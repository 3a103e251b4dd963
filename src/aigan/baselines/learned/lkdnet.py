"""LKD-Net: large kernels, taken apart into depthwise ones, in a U-Net of three levels; here its tiny size.

P. Luo, G. Xiao, X. Gao, S. Wu, "LKD-Net: Large Kernel Convolution Network for Single Image Dehazing", ICME 2023.
345,526 numbers in its weights, of which 344,182 are learned and the others running statistics of batch normalisation.

Deviations: none in the network.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

from aigan.baselines.learned.layers import Conv, mirrored
from aigan.baselines.learned.restorer import System
from aigan.decomposition import EVERYWHERE
from aigan.network.presets import pad_by_reflection

WIDTH = 24


def named(**module: nn.Module) -> nn.Sequential:
    """A module under one more name, which the keys of its weights have."""
    return nn.Sequential(OrderedDict(module))


def depthwise(width: int, side: int, dilation: int = 1) -> nn.Conv2d:
    """Unpadded."""
    return nn.Conv2d(width, width, side, dilation=dilation, groups=width)


class PictureNorm(nn.Module):
    """Over channels and places of a picture, with a weight and a bias a channel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(1, width, 1, 1)), nn.Parameter(torch.zeros(1, width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, H, W) -> the same."""
        return functional.layer_norm(x, x.shape[1:]) * self.weight + self.bias


class Gated(nn.Module):
    """A perceptron, normalised, times a gate for each channel from the mean of what it sees."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scaler = nn.Parameter(torch.ones(width, 1, 1))
        middle = nn.Conv2d(4 * width, 4 * width, 3, padding=1, groups=4 * width)
        self.mlp = named(mlp=nn.Sequential(Conv(width, 4 * width, 1), middle, nn.ReLU(), Conv(4 * width, width, 1)))
        self.norm = PictureNorm(width)
        narrow, wide = Conv(width, width // 8, 1), Conv(width // 8, width, 1)
        self.ca = nn.Sequential(nn.AdaptiveAvgPool2d(1), narrow, nn.ReLU(), wide, nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, H, W) -> the same."""
        return self.norm(self.mlp(x)) * self.scaler * self.ca(x)  # type: ignore[no-any-return]


class Block(nn.Module):
    """A large kernel as 5×5 and a dilated 7×7 one, then a gated perceptron; both residual."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)
        self.Linear1, self.Linear2 = Conv(width, width, 1), Conv(width, width, 1)
        self.DWConv, self.DWDConv = depthwise(width, 5), depthwise(width, 7, dilation=3)
        self.cemlp = Gated(width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, H, W) -> the same."""
        y = self.DWConv(mirrored(self.Linear1(self.norm1(x)), 2, 2, edge_twice=False))
        x = x + self.Linear2(self.DWDConv(mirrored(y, 9, 9, edge_twice=False)))
        return x + self.cemlp(self.norm2(x))  # type: ignore[no-any-return]


class Fusion(nn.Module):
    """The sum of two features, weighted channel by channel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        narrow = max(width // 8, 4)
        self.mlp = nn.Sequential(Conv(width, narrow, 1, bias=False), nn.ReLU(), Conv(narrow, 2 * width, 1, bias=False))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Both (B, width, H, W) -> the same."""
        weights = self.mlp((x + y).mean(dim=(2, 3), keepdim=True)).unflatten(1, (2, -1)).softmax(dim=1)
        return (weights * torch.stack([x, y], dim=1)).sum(dim=1)  # type: ignore[no-any-return]


def layer(width: int, count: int) -> nn.Sequential:
    """A chain of blocks."""
    return named(blocks=nn.Sequential(*(Block(width) for _ in range(count))))


def merge(width: int) -> nn.Sequential:
    """Half the resolution, twice the width."""
    return named(proj=nn.Conv2d(width, 2 * width, 2, stride=2))


def split(width: int) -> nn.Sequential:
    """Twice the resolution, half the width."""
    return named(proj=nn.Sequential(Conv(width, 2 * width, 1), nn.PixelShuffle(2)))


class LKDNet(nn.Module):
    """O = K·I − B + I, on values in [−1, 1]; K is one map, B has three channels."""

    def __init__(self) -> None:
        super().__init__()
        self.patch_embed = named(proj=nn.Conv2d(3, WIDTH, 3))
        self.layer1, self.patch_merge1, self.skip1 = layer(WIDTH, 1), merge(WIDTH), Conv(WIDTH, WIDTH, 1)
        self.layer2, self.patch_merge2, self.skip2 = (
            layer(2 * WIDTH, 1),
            merge(2 * WIDTH),
            Conv(2 * WIDTH, 2 * WIDTH, 1),
        )
        self.layer3 = layer(4 * WIDTH, 2)
        self.patch_split1, self.fusion1, self.layer4 = split(4 * WIDTH), Fusion(2 * WIDTH), layer(2 * WIDTH, 1)
        self.patch_split2, self.fusion2, self.layer5 = split(2 * WIDTH), Fusion(WIDTH), layer(WIDTH, 1)
        self.patch_unembed = named(proj=nn.Sequential(nn.Conv2d(WIDTH, 4, 3)))

    def forward(self, hazy: Tensor) -> Tensor:
        """(B, 3, H, W) -> the same, in [0, 1]."""
        height, width = hazy.shape[-2:]
        I = pad_by_reflection(2 * hazy - 1, 4)
        x1 = self.layer1(self.patch_embed(mirrored(I, 1, 1, edge_twice=False)))
        x2 = self.layer2(self.patch_merge1(x1))
        x = self.patch_split1(self.layer3(self.patch_merge2(x2)))
        x = self.patch_split2(self.layer4(self.fusion1(x, self.skip2(x2)) + x))
        x = self.layer5(self.fusion2(x, self.skip1(x1)) + x)
        K, B = self.patch_unembed(mirrored(x, 1, 1, edge_twice=False)).split([1, 3], dim=1)
        O: Tensor = (K * I - B + I).clamp(-1, 1)
        return (O / 2 + 0.5)[..., :height, :width]


LKD_T = System(
    network=lambda _: LKDNet(),
    receptive_radius_px=EVERYWHERE,
    limits="haze like that of its training; gates from means over the whole picture, which is not cut into tiles",
)

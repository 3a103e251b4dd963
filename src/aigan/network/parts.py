"""The parts of picture networks: encoder, decoders and generators, all of plain convolutions.

Pictures are (B, C, H, W); H and W are multiples of the network's stride here (`presets.PictureAIGAN` pads).
Features are a tuple that begins with the picture itself, the outermost skip connection, as in any U-Net.
Every part has a method `reach` that follows its forward pass and gives the receptive field (reach.py).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from aigan.network.reach import Reach, union

Features = tuple[Tensor, ...]


def conv3(inputs: int, outputs: int) -> nn.Conv2d:
    """3×3, stride 1."""
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def stem(inputs: int, outputs: int) -> nn.Conv2d:
    """4×4, stride 2: full to half resolution."""
    return nn.Conv2d(inputs, outputs, 4, stride=2, padding=1)


class Block(nn.Module):
    """Residual block without normalisation: x + conv2(relu(conv1(x))), (B, width, H, W)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = conv3(width, width), conv3(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        correction: Tensor = self.conv2(functional.relu(self.conv1(x)))
        return x + correction

    def reach(self, x: Reach) -> Reach:
        """The receptive field behind it."""
        return x.through(self.conv1).through(self.conv2)


class Blocks(nn.Sequential):
    """A chain of residual blocks."""

    def __init__(self, width: int, count: int) -> None:
        super().__init__(*(Block(width) for _ in range(count)))

    def reach(self, x: Reach) -> Reach:
        """The receptive field behind it."""
        for block in self:
            x = block.reach(x)  # type: ignore[operator]
        return x


def _levels(widths: tuple[int, ...], blocks: tuple[int, ...]) -> nn.ModuleList:
    return nn.ModuleList(Blocks(width, count) for width, count in zip(widths, blocks, strict=True))


class Descent(nn.Module):
    """The way down: a stem to half resolution, then a level for each width, each half as fine as the one above."""

    def __init__(self, channels: int, widths: tuple[int, ...], blocks: tuple[int, ...]) -> None:
        super().__init__()
        self.stem = stem(channels, widths[0])
        self.encode = _levels(widths, blocks)
        self.down = nn.ModuleList(nn.Conv2d(above, below, 2, stride=2) for above, below in pairwise(widths))

    def forward(self, I: Tensor) -> Features:
        """(B, C, H, W) -> the picture and the features of each level, the finest first."""
        features, x = [I], self.stem(I)
        for level, encode in enumerate(self.encode):
            x = encode(x if level == 0 else self.down[level - 1](x))
            features.append(x)
        return tuple(features)

    def reach(self, I: Reach) -> tuple[Reach, ...]:
        """The receptive field of each feature."""
        reaches, x = [I], I.through(self.stem)
        for level, encode in enumerate(self.encode):
            x = encode.reach(x if level == 0 else x.through(self.down[level - 1]))  # type: ignore[operator]
            reaches.append(x)
        return tuple(reaches)


class Smooth(nn.Module):
    """Each channel under a fixed binomial, [1 2 1]/4 down and across, (B, width, H, W): cells below leave no edges."""

    kernel: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        line = torch.tensor([0.25, 0.5, 0.25])
        kernel = torch.outer(line, line).expand(width, 1, 3, 3).contiguous()
        self.register_buffer("kernel", kernel, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        return functional.conv2d(functional.pad(x, (1, 1, 1, 1), mode="replicate"), self.kernel, groups=x.shape[1])

    def reach(self, x: Reach) -> Reach:
        """The receptive field behind it."""
        return Reach(x.before + x.spacing, x.after + x.spacing, x.spacing)


class Ascent(nn.Module):
    """The way up: each level is the one below, shuffled to twice the resolution, plus its skip connection.

    `smooth`: what comes from below is smoothed, since with nothing fine beside it its cells would show as boxes.
    """

    def __init__(self, widths: tuple[int, ...], blocks: tuple[int, ...], *, smooth: bool = False) -> None:
        super().__init__()
        self.up = nn.ModuleList(nn.Conv2d(below, 4 * above, 1) for above, below in pairwise(widths))
        self.smooth = nn.ModuleList(Smooth(width) for width in widths[:-1]) if smooth else None
        self.decode = _levels(widths[:-1], blocks)

    def forward(self, features: Features) -> Tensor:
        """The features of all levels -> (B, widths[0], H/2, W/2)."""
        _, *skips, x = features
        for level, skip in reversed([*enumerate(skips)]):
            x = functional.pixel_shuffle(self.up[level](x), 2)
            if self.smooth is not None:
                x = self.smooth[level](x)
            x = self.decode[level](x + skip)
        return x

    def reach(self, features: tuple[Reach, ...]) -> Reach:
        """The receptive field behind it."""
        _, *skips, x = features
        for level, skip in reversed([*enumerate(skips)]):
            x = x.through(self.up[level]).shuffled()
            if self.smooth is not None:
                x = self.smooth[level].reach(x)  # type: ignore[operator]
            x = self.decode[level].reach(union(x, skip))  # type: ignore[operator]
        return x


class Trunk(nn.Module):
    """A common encoder that does most of the work: the way down and up again (preset `plus`).

    Gives (I, F): the picture and its features at half resolution.
    """

    def __init__(
        self,
        channels: int,
        widths: tuple[int, ...],
        encode: tuple[int, ...],
        decode: tuple[int, ...],
        *,
        smooth: bool = False,
    ) -> None:
        super().__init__()
        self.descent = Descent(channels, widths, encode)
        self.ascent = Ascent(widths, decode, smooth=smooth)

    def forward(self, I: Tensor) -> Features:
        """(B, C, H, W) -> (I, F)."""
        return I, self.ascent(self.descent(I))

    def reach(self, I: Reach) -> tuple[Reach, ...]:
        """The receptive fields of (I, F)."""
        return I, self.ascent.reach(self.descent.reach(I))


class Head(nn.Module):
    """A decoder that only reads the trunk's features: x = shuffle(1×1(F)), plus the picture itself for d_O."""

    def __init__(self, width: int, channels: int, *, adds_picture: bool) -> None:
        super().__init__()
        self.head = nn.Conv2d(width, 4 * channels, 1)
        self.adds_picture = adds_picture

    def forward(self, features: Features) -> Tensor:
        """(I, F) -> (B, C, H, W)."""
        I, F = features[0], features[-1]
        x = functional.pixel_shuffle(self.head(F), 2)
        return I + x if self.adds_picture else x

    def reach(self, features: tuple[Reach, ...]) -> Reach:
        """The receptive field behind it."""
        return union(features[0], features[-1].through(self.head).shuffled())


class Decoder(nn.Module):
    """A full decoder of its own (preset `paper`): the way up, then a head."""

    def __init__(
        self, widths: tuple[int, ...], blocks: tuple[int, ...], channels: int, *, smooth: bool = False
    ) -> None:
        super().__init__()
        self.ascent = Ascent(widths, blocks, smooth=smooth)
        self.head = Head(widths[0], channels, adds_picture=False)

    def forward(self, features: Features) -> Tensor:
        """The features of all levels -> (B, C, H, W)."""
        return self.head((features[0], self.ascent(features)))  # type: ignore[no-any-return]

    def reach(self, features: tuple[Reach, ...]) -> Reach:
        """The receptive field behind it."""
        return self.head.reach((features[0], self.ascent.reach(features)))


class Generator(nn.Module):
    """A small generator at full resolution: G(x) = x + conv2(relu(conv1(x)))."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = conv3(channels, width), conv3(width, channels)

    def forward(self, x: Tensor, features: Features) -> Tensor:
        """(B, C, H, W) -> the same; the features are not used."""
        correction: Tensor = self.conv2(functional.relu(self.conv1(x)))
        return x + correction

    def reach(self, x: Reach, features: tuple[Reach, ...]) -> Reach:
        """The receptive field behind it."""
        return x.through(self.conv1).through(self.conv2)


class FeatureGenerator(nn.Module):
    """A generator at half resolution that sees the trunk's features: G(x) = x + head(block(relu(stem(x) + W·F)))."""

    def __init__(self, channels: int, width: int, features: int) -> None:
        super().__init__()
        self.stem, self.features = stem(channels, width), nn.Conv2d(features, width, 1)
        self.block, self.head = Block(width), nn.Conv2d(width, 4 * channels, 1)

    def forward(self, x: Tensor, features: Features) -> Tensor:
        """(B, C, H, W) and (I, F) -> (B, C, H, W)."""
        hidden = self.block(functional.relu(self.stem(x) + self.features(features[-1])))
        return x + functional.pixel_shuffle(self.head(hidden), 2)

    def reach(self, x: Reach, features: tuple[Reach, ...]) -> Reach:
        """The receptive field behind it."""
        hidden = self.block.reach(union(x.through(self.stem), features[-1].through(self.features)))
        return union(x, hidden.through(self.head).shuffled())


class LearnedFusion(nn.Module):
    """A 3×3 convolution of the candidates (ŷ_O, ỹ_O, I − ŷ_T); it begins as ỹ_O."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = conv3(3 * channels, channels)
        with torch.no_grad():
            self.conv.weight.zero_()
            self.conv.weight[range(channels), range(channels, 2 * channels), 1, 1] = 1.0
            assert self.conv.bias is not None
            self.conv.bias.zero_()

    def forward(self, candidates: Tensor) -> Tensor:
        """(B, 3C, H, W) -> (B, C, H, W)."""
        return self.conv(candidates)  # type: ignore[no-any-return]

    def reach(self, candidates: Reach) -> Reach:
        """The receptive field behind it."""
        return candidates.through(self.conv)

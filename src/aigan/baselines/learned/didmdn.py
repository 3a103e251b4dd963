"""DID-MDN: three dense streams of different reach, which are told how dense the rain is, and a refinement.

H. Zhang, V. M. Patel, "Density-aware Single Image De-raining using a Multi-stream Dense Network", CVPR 2018. Each
stream has six dense blocks, of 7×7, 5×5 or 3×3 kernels, with transitions that go three, two or one level down and up.

Deviations: the density is read from the streams' own features by a small head, where the paper has a second network
of streams and a classifier that is trained on labels; nothing labels our pairs, so the density is whatever serves the
result. Widths are those of the larger streams of the authors' program in all three; the maps of single channels that it
adds to each stream are left out. No perceptual loss.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from aigan.baselines.learned.layers import Conv
from aigan.baselines.learned.restorer import System
from aigan.decomposition import EVERYWHERE
from aigan.network.presets import pad_by_reflection

STREAMS = {7: 3, 5: 2, 3: 1}  # kernel side: levels down
BLOCKS = ((3, 13, 8), (8, 16, 16), (16, 16, 16), (16, 16, 16), (32, 8, 8), (16, 8, 4))  # inputs, growth, outputs
LABELS, SCALES = 8, (32, 16, 8, 4)  # channels of the density's map; px of the means in the refinement
JOINED = 3 * BLOCKS[-1][-1] + 3 + LABELS


class DenseBlock(nn.Module):
    """A bottleneck whose result is joined to its input, and a 1×1 transition; each behind a normalisation."""

    def __init__(self, inputs: int, growth: int, outputs: int, side: int) -> None:
        super().__init__()

        def layer(inputs: int, outputs: int, side: int) -> nn.Sequential:
            return nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU(), Conv(inputs, outputs, side, bias=False))

        self.bottleneck = nn.Sequential(layer(inputs, 4 * growth, 1), layer(4 * growth, growth, side))
        self.transition = layer(inputs + growth, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H, W)."""
        return self.transition(torch.cat([x, self.bottleneck(x)], dim=1))  # type: ignore[no-any-return]


class Stream(nn.Module):
    """`levels` down in the first blocks, as many up in the last; the fifth and sixth also see the second and first."""

    def __init__(self, side: int, levels: int) -> None:
        super().__init__()
        self.levels = levels
        self.blocks = nn.ModuleList(DenseBlock(*widths, side) for widths in BLOCKS)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 4, H, W)."""
        found: list[Tensor] = []
        for place, block in enumerate(self.blocks):
            joined = [x, found[5 - place]] if place >= 4 else [x]
            x = block(torch.cat(joined, dim=1))
            if place < self.levels:
                x = functional.avg_pool2d(x, 2)
            elif place >= len(BLOCKS) - self.levels:
                x = functional.interpolate(x, scale_factor=2.0)
            found.append(x)
        return x


class DIDMDN(nn.Module):
    """From a rainy picture to the clear one."""

    def __init__(self) -> None:
        super().__init__()
        self.streams = nn.ModuleList(Stream(side, levels) for side, levels in STREAMS.items())
        self.density = nn.Sequential(Conv(JOINED - LABELS, 24), nn.ReLU(), nn.AdaptiveAvgPool2d(1), Conv(24, LABELS, 1))
        self.join = Conv(JOINED, JOINED)
        self.means = nn.ModuleList(Conv(JOINED, 2, 1) for _ in SCALES)
        self.residual = Conv(JOINED + 2 * len(SCALES), 3)
        self.refine = nn.Sequential(Conv(3, 8, 7), nn.LeakyReLU(0.2), Conv(8, 3))

    def forward(self, rainy: Tensor) -> Tensor:
        """(B, 3, H, W) -> the same."""
        height, width = rainy.shape[-2:]
        I = pad_by_reflection(rainy, SCALES[0])
        features = torch.cat([I, *(stream(I) for stream in self.streams)], dim=1)
        label = self.density(features).expand(-1, -1, *I.shape[-2:])
        x = functional.leaky_relu(self.join(torch.cat([features, label], dim=1)), 0.2)
        means = [
            functional.interpolate(
                functional.leaky_relu(conv(functional.avg_pool2d(x, side)), 0.2), scale_factor=float(side)
            )
            for side, conv in zip(SCALES, self.means, strict=True)
        ]
        clear = I - torch.tanh(self.residual(torch.cat([*means, x], dim=1)))
        return (clear + self.refine(clear))[..., :height, :width]  # type: ignore[no-any-return]


DENSITY_AWARE = System(
    network=lambda _: DIDMDN(),
    receptive_radius_px=EVERYWHERE,
    limits="rain like that of its training; one density for the whole picture, which is not cut into tiles",
)

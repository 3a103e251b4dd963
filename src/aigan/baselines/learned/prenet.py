"""PReNet and PRN: a small residual network applied to its own result again and again, with a memory or without.

D. Ren, W. Zuo, Q. Hu, P. Zhu, D. Meng, "Progressive Image Deraining Networks: A Better and Simpler Baseline", CVPR
2019. Six stages; PRN_r and PReNet_r have one residual block that is used five times. Parameters: PReNet 168,963,
PReNet_r 94,979, PRN 95,107, PRN_r 21,123.

Deviations: none in the network.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from aigan.baselines.learned.layers import Conv
from aigan.baselines.learned.restorer import System

WIDTH, STAGES, BLOCKS = 32, 6, 5


class PReNet(nn.Module):
    """y of each stage is worked out from the picture and the y of the stage before; the memory is an LSTM's.

    Without `memory` it is PRN; `recursive` has the one block.
    """

    def __init__(self, *, memory: bool, recursive: bool) -> None:
        super().__init__()
        self.memory = memory
        self.conv0 = nn.Sequential(Conv(6, WIDTH), nn.ReLU())
        for block in range(1, 2 if recursive else BLOCKS + 1):
            convs = nn.Sequential(Conv(WIDTH, WIDTH), nn.ReLU(), Conv(WIDTH, WIDTH), nn.ReLU())
            self.add_module(f"res_conv{block}", convs)
        if memory:
            for gate in "ifgo":
                convs = nn.Sequential(Conv(2 * WIDTH, WIDTH), nn.Tanh() if gate == "g" else nn.Sigmoid())
                self.add_module(f"conv_{gate}", convs)
        self.conv = nn.Sequential(Conv(WIDTH, 3))

    def forward(self, rainy: Tensor) -> Tensor:
        """(B, 3, H, W) -> the same."""
        blocks = [module for name, module in self.named_children() if name.startswith("res_conv")]
        blocks *= BLOCKS // len(blocks)
        y = rainy
        h = c = rainy.new_zeros(rainy.shape[0], WIDTH, *rainy.shape[2:])
        for _ in range(STAGES):
            x = self.conv0(torch.cat([rainy, y], dim=1))
            if self.memory:
                z = torch.cat([x, h], dim=1)
                c = self.conv_f(z) * c + self.conv_i(z) * self.conv_g(z)  # type: ignore[operator]
                x = h = self.conv_o(z) * torch.tanh(c)  # type: ignore[operator]
            for block in blocks:
                x = functional.relu(block(x) + x)
            y = self.conv(x) + rainy
        return y


def _system(*, memory: bool, recursive: bool) -> System:
    layers = 1 + memory + 2 * BLOCKS + 1
    return System(
        network=lambda _: PReNet(memory=memory, recursive=recursive),
        receptive_radius_px=STAGES * layers,
        limits="rain like that of its training; heavy and light rain have weights of their own",
    )


PRENET = _system(memory=True, recursive=False)
PRENET_R = _system(memory=True, recursive=True)
PRN = _system(memory=False, recursive=False)
PRN_R = _system(memory=False, recursive=True)

"""Receptive fields, computed from the architecture: how far from its own place a feature looks, in pixels."""

from __future__ import annotations

from typing import NamedTuple

from torch import nn


class Reach(NamedTuple):
    """Cell c of a feature map with cells `spacing` pixels apart sees pixels c·spacing − before … c·spacing + after."""

    before: int = 0
    after: int = 0
    spacing: int = 1

    def through(self, conv: nn.Module) -> Reach:
        """The reach behind a square convolution."""
        assert isinstance(conv, nn.Conv2d)
        kernel, stride, padding = conv.kernel_size[0], conv.stride[0], int(conv.padding[0])
        return Reach(
            self.before + padding * self.spacing,
            self.after + (kernel - 1 - padding) * self.spacing,
            self.spacing * stride,
        )

    def shuffled(self) -> Reach:
        """The reach behind a pixel shuffle by 2: the right one of two new cells looks farther left."""
        spacing = self.spacing // 2
        return Reach(self.before + spacing, self.after, spacing)

    @property
    def radius(self) -> int:
        """The distance beyond which nothing changes the result."""
        return max(self.before, self.after)


def union(*reaches: Reach) -> Reach:
    """The reach of a sum or a concatenation."""
    (spacing,) = {reach.spacing for reach in reaches}
    return Reach(max(r.before for r in reaches), max(r.after for r in reaches), spacing)

"""One-dimensional parts for the topology. All seeds' networks lie side by side in one, which do not touch each other.

Signals are (seeds, samples, 1); each seed has its own weights and draws them from its own generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from aigan.network.topology import AIGAN

Model = Literal["S-GAN", "AI-GAN"]
WIDTH = 32


class Dense(nn.Module):
    """An affine map for each seed: (seeds, samples, inputs) -> (seeds, samples, outputs), weights as nn.Linear's."""

    def __init__(self, inputs: int, outputs: int, generators: Sequence[torch.Generator]) -> None:
        super().__init__()
        bound = inputs**-0.5
        drawn = [torch.rand(inputs + 1, outputs, generator=generator) for generator in generators]
        weights = bound * (2 * torch.stack(drawn) - 1)
        self.weight, self.bias = nn.Parameter(weights[:, :-1].clone()), nn.Parameter(weights[:, -1:].clone())

    def forward(self, x: Tensor) -> Tensor:
        """x · weight + bias."""
        return torch.baddbmm(self.bias, x, self.weight)


class Perceptron(nn.Sequential):
    """Dense layers of these widths with leaky ReLU between them."""

    def __init__(self, *widths: int, generators: Sequence[torch.Generator]) -> None:
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layers += [Dense(inputs, outputs, generators), nn.LeakyReLU(0.2)]
        super().__init__(*layers[:-1])


class Generator(nn.Module):
    """G: (seeds, samples, 1) -> the same; the features are not used."""

    def __init__(self, generators: Sequence[torch.Generator]) -> None:
        super().__init__()
        self.body = Perceptron(1, WIDTH, WIDTH, 1, generators=generators)

    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        """y, of x's shape."""
        return self.body(x)  # type: ignore[no-any-return]


def build(model: Model, generators: Sequence[torch.Generator]) -> AIGAN:
    """A network of fresh weights; for the same generators e, d_O and G_O begin alike in both models."""
    e = nn.Sequential(Dense(1, WIDTH, generators), nn.LeakyReLU(0.2))
    d_O, G_O = Perceptron(WIDTH, WIDTH, 1, generators=generators), Generator(generators)
    if model == "S-GAN":
        return AIGAN(e=e, d_O=d_O, G_O=G_O)
    d_T, G_T = Perceptron(WIDTH, WIDTH, 1, generators=generators), Generator(generators)
    return AIGAN(e=e, d_O=d_O, G_O=G_O, d_T=d_T, G_T=G_T)


def discriminator(generators: Sequence[torch.Generator]) -> Perceptron:
    """D: (seeds, samples, 1) -> logits of the same shape, > 0 for what seems real."""
    return Perceptron(1, WIDTH, WIDTH, 1, generators=generators)


def parameters_of(part: nn.Module, *, seeds: int) -> int:
    """The number of weights of one seed."""
    return sum(parameter.numel() for parameter in part.parameters()) // seeds

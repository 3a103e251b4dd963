"""What is fused: A, the interference, and B, the original, independent Gaussians; and the readings of "fusion".

The paper says of C only that it is a "fusion signal that belongs to a Gaussian mixture model". In each reading
I = C and O = B, and the interference is what is left, T = I − O, as everywhere in this project.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import torch
from torch import Generator, Tensor

Reading = Literal["sum", "mixture", "gated"]
READINGS: tuple[Reading, ...] = get_args(Reading)
MAIN: Reading = "sum"  # the one reading in which T is A itself, so that I − ŷ_T and I − ŷ_O mean what (3) says


class Samples(NamedTuple):
    """Samples of seeds side by side, each (seeds, samples, 1): A, B and the degraded signal I = C."""

    A: Tensor
    B: Tensor
    I: Tensor

    @property
    def y_O(self) -> Tensor:
        """The original: B."""
        return self.B

    @property
    def y_T(self) -> Tensor:
        """The interference: I − O."""
        return self.I - self.B


def draw(reading: Reading, samples: int, generators: Sequence[Generator], *, sigma: float = 1.0) -> Samples:
    """Samples of A ~ N(−2σ, σ²), B ~ N(2σ, σ²) and C; a seed draws from its own generator.

    sum: C = A + B, in fact one Gaussian. mixture: C is A or B, evenly, so two humps. gated: C is B or A + B, evenly.
    """
    normal = torch.stack([torch.randn(samples, 3, generator=generator) for generator in generators])
    A, B, coin = (normal * sigma).unsqueeze(-1).unbind(2)
    A, B, interfered = A - 2 * sigma, B + 2 * sigma, coin > 0
    if reading == "sum":
        return Samples(A, B, A + B)
    return Samples(A, B, torch.where(interfered, A if reading == "mixture" else A + B, B))


def wasserstein1(x: Tensor, y: Tensor) -> Tensor:
    """Wasserstein-1 distance of each seed's samples x to y, (seeds, samples, 1) both: (seeds,), in the signals' unit.

    In one dimension it is the mean distance of the sorted samples.
    """
    return (x.sort(dim=1).values - y.sort(dim=1).values).abs().mean(dim=(1, 2))

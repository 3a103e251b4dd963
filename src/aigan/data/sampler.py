"""Training batches: a sample is a function of (seed, step, index in the global batch) only.

So two processes equal one, a killed run repeats itself, and no state is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import torch
from torch import Tensor

from aigan.data.sources import Sample
from aigan.errors import AiganError
from aigan.interference.draws import KeyedDraws, sample_keys


class Sampler:
    """Batches (y_O, I) from several sources, each with a fixed share of the rows."""

    def __init__(
        self,
        samples: Sequence[Sample],
        shares: Sequence[float],
        *,
        seed: int,
        device: torch.device,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self._samples, self._shares = samples, shares
        self._seed, self._device = seed, device
        self._rank, self._world_size = rank, world_size

    def __call__(self, step: Tensor, batch: int, size: int) -> tuple[Tensor, Tensor]:
        """This process's rows of the global batch of a step: y_O and I, (batch / world size, C, size, size).

        `step` is an int64 scalar on the device, so that a captured CUDA graph goes on to the next batch.
        """
        pairs = []
        for sample, rows in zip(self._samples, self.rows(batch), strict=True):
            if len(rows):
                index = torch.arange(rows.start, rows.stop, device=self._device)
                pairs.append(sample(KeyedDraws(sample_keys(self._seed, step, index)), size))
        y_O, I = (torch.cat(side).contiguous(memory_format=torch.channels_last) for side in zip(*pairs, strict=True))
        return y_O, I

    def rows(self, batch: int) -> list[range]:
        """The rows of the global batch that each source fills in this process."""
        if batch % self._world_size:
            raise AiganError(f"a batch of {batch} cannot be shared out to {self._world_size} processes: change it")
        mine = range(self._rank * batch // self._world_size, (self._rank + 1) * batch // self._world_size)
        return [
            range(max(part.start, mine.start), max(min(part.stop, mine.stop), part.start, mine.start))
            for part in self.parts(batch)
        ]

    def parts(self, batch: int) -> list[range]:
        """The rows of the global batch that each source fills in all processes; a small share may get none."""
        ends = [0, *(round(passed * batch) for passed in accumulate(self._shares))]
        return [range(start, end) for start, end in pairwise(ends)]

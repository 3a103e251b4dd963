"""Self-ensemble (Timofte et al. 2016): the mean over the eight flips and quarter turns of the picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from aigan.decomposition import Array, Context, Decomposition, ModelSpec, Restorer
from aigan.restore.capacity import Capacity, capacity_of


@dataclass(frozen=True)
class SelfEnsemble:
    """A restorer whose result is the mean of eight; it takes eight times as long."""

    one: Restorer

    @property
    def spec(self) -> ModelSpec:
        """That of the one."""
        return self.one.spec

    @property
    def capacity(self) -> Capacity | None:
        """That of the one."""
        return capacity_of(self.one)

    def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
        """Decompose a picture, (H, W, C).

        It is padded to the network's stride first: so the flipped tile lies on the same grid as the flipped picture.
        """
        height, width = degraded.shape[:2]
        below, right = -height % self.spec.multiple_of, -width % self.spec.multiple_of
        padded = np.pad(degraded, ((0, below), (0, right), (0, 0)), mode="reflect")
        results = [self.one(_turned(padded, way), context=context) for way in range(8)]

        def mean(parts: Iterable[Array]) -> Array:
            upright = [_back(part, way)[:height, :width] for way, part in enumerate(parts)]
            return np.asarray(np.mean(upright, axis=0))

        errors = [result.expected_error for result in results if result.expected_error is not None]
        return Decomposition(
            degraded,
            mean(result.original for result in results),
            mean(result.interference for result in results),
            mean(errors) if errors else None,
        )

    def context(self, whole: Array) -> Context | None:
        """That of the one: what is global does not turn."""
        return self.one.context(whole)


def _turned(picture: Array, way: int) -> Array:
    turned = np.rot90(picture, way % 4)
    return turned[:, ::-1] if way >= 4 else turned


def _back(picture: Array, way: int) -> Array:
    return np.rot90(picture[:, ::-1] if way >= 4 else picture, -way % 4)

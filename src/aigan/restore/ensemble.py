"""Self-ensemble (Timofte et al. 2016): the mean over the eight flips and quarter turns of the picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from aigan.decomposition import Array, Context, Decomposition, ModelSpec, Restorer


@dataclass(frozen=True)
class SelfEnsemble:
    """A restorer whose result is the mean of eight; it takes eight times as long."""

    one: Restorer

    @property
    def spec(self) -> ModelSpec:
        """That of the one."""
        return self.one.spec

    def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
        """Decompose a picture, (H, W, C).

        It is padded to the network's stride first: so the flipped tile lies on the same grid as the flipped picture.
        """
        height, width = degraded.shape[:2]
        below, right = -height % self.spec.multiple_of, -width % self.spec.multiple_of
        padded = np.pad(degraded, ((0, below), (0, right), (0, 0)), mode="reflect")
        results = [(self.one(_turned(padded, way), context=context), way) for way in range(8)]

        def mean(part: Callable[[Decomposition], Array]) -> Array:
            total = sum(_back(part(result), way) for result, way in results)
            return np.asarray(total[:height, :width] / np.float32(len(results)))

        has_error = results[0][0].expected_error is not None
        return Decomposition(
            degraded,
            mean(lambda result: result.original),
            mean(lambda result: result.interference),
            mean(lambda result: result.expected_error) if has_error else None,
        )

    def context(self, whole: Array) -> Context | None:
        """That of the one: what is global does not turn."""
        return self.one.context(whole)


def _turned(picture: Array, way: int) -> Array:
    turned = np.rot90(picture, way % 4)
    return turned[:, ::-1] if way >= 4 else turned


def _back(picture: Array, way: int) -> Array:
    return np.rot90(picture[:, ::-1] if way >= 4 else picture, -way % 4)

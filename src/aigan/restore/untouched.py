"""The restorer that leaves a picture as it is: what `auto` takes for a picture that nothing is wrong with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aigan.decomposition import Array, Context, Decomposition, ModelSpec

NAME = "none"


@dataclass(frozen=True)
class Untouched:
    """O = I, T = 0."""

    spec: ModelSpec

    def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
        """The picture itself, (H, W, C), of which nothing is in doubt."""
        return Decomposition(degraded, degraded, np.zeros_like(degraded), np.zeros(degraded.shape[:2], np.float32))

    def context(self, whole: Array) -> None:
        """Nothing."""

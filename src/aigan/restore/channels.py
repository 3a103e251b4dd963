"""Gray pictures through colour models, and colour pictures through gray ones."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np

from aigan.decomposition import Array, Context, Decomposition, ModelSpec, Restorer
from aigan.restore.capacity import Capacity, capacity_of


def adapted(restorer: Restorer, channels: int) -> Restorer:
    """The restorer for pictures of 1 or 3 channels, whatever its own are."""
    if restorer.spec.channels == channels:
        return restorer
    return GrayThroughColour(restorer) if channels == 1 else ColourThroughGray(restorer)


@dataclass(frozen=True)
class GrayThroughColour:
    """A colour model for (H, W, 1): the gray is repeated, the result is the mean of its three channels."""

    colour: Restorer

    @property
    def spec(self) -> ModelSpec:
        """The colour model's, with one channel."""
        return msgspec.structs.replace(self.colour.spec, channels=1)

    @property
    def capacity(self) -> Capacity | None:
        """The colour model's."""
        return capacity_of(self.colour)

    def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
        """Decompose a gray picture."""
        result = self.colour(_repeated(degraded), context=context)
        return Decomposition(degraded, _mean(result.original), _mean(result.interference), result.expected_error)

    def context(self, whole: Array) -> Context | None:
        """The colour model's."""
        return self.colour.context(_repeated(whole))


@dataclass(frozen=True)
class ColourThroughGray:
    """A gray model for (H, W, 3): each channel by itself; the expected error is the channels' mean."""

    gray: Restorer

    @property
    def spec(self) -> ModelSpec:
        """The gray model's, with three channels."""
        return msgspec.structs.replace(self.gray.spec, channels=3)

    @property
    def capacity(self) -> Capacity | None:
        """The gray model's."""
        return capacity_of(self.gray)

    def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
        """Decompose a colour picture; `context` is that of its gray version."""
        parts = [self.gray(degraded[..., c : c + 1], context=context) for c in range(3)]
        errors = [part.expected_error for part in parts if part.expected_error is not None]
        return Decomposition(
            degraded,
            np.concatenate([part.original for part in parts], axis=2),
            np.concatenate([part.interference for part in parts], axis=2),
            np.mean(errors, axis=0) if errors else None,
        )

    def context(self, whole: Array) -> Context | None:
        """The gray model's, of the mean of the channels."""
        return self.gray.context(_mean(whole))


def _repeated(gray: Array) -> Array:
    return np.repeat(gray, 3, axis=2)


def _mean(colour: Array) -> Array:
    return np.asarray(colour.mean(axis=2, keepdims=True))

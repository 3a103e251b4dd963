"""Random numbers for the interference models, written once against the array API (numpy and torch).

An interference model asks a `Draws` for numbers of shape (B, ...): one row a picture. `KeyedDraws` makes row b a
function of its own key alone, whatever stands beside it in the batch: a training sample then depends on
(seed, step, index) only, two processes equal one, a resumed run repeats itself, and on CUDA the step can be captured
as one graph with its number in a tensor. `GeneratorDraws` takes numpy's own generator, for a picture at a time.
"""

from __future__ import annotations

import functools
import math
import sys
from typing import Any, Protocol

import array_api_compat
import numpy as np

Array = Any  # numpy.ndarray or torch.Tensor

_MASK = 0xFFFFFFFF


class Draws(Protocol):
    """A source of random numbers for a batch of B pictures; each call continues the sequence."""

    def uniform(self, *shape: int) -> Array:
        """(B, *shape) float32 in [0, 1)."""

    def normal(self, *shape: int) -> Array:
        """(B, *shape) float32, standard normal."""


class KeyedDraws:
    """Counter-based draws: row b is a hash of (key b, number of the call, position in the row).

    `keys`: (B,) int64, numpy or torch, any device; see `sample_keys`. The hash is the 32-bit finaliser `lowbias32`
    (C. Wellons, "Prospecting for hash functions", 2018), applied twice.
    """

    def __init__(self, keys: Array) -> None:
        self._keys = keys
        self._xp = array_api_compat.array_namespace(keys)
        self._call = 0

    def _bits(self, count: int) -> Array:
        xp, self._call = self._xp, self._call + 1
        stream = mix(self._keys ^ (self._call * 0x9E3779B9 & _MASK))
        position = xp.arange(count, dtype=xp.int64, device=array_api_compat.device(self._keys))
        return mix(mix(position)[None, :] ^ stream[:, None])

    def uniform(self, *shape: int) -> Array:
        """(B, *shape) float32 in [0, 1), with 24 random bits."""
        xp = self._xp
        bits = self._bits(math.prod(shape)) >> 8
        return xp.reshape(xp.astype(bits, xp.float32) * 2.0**-24, (-1, *shape))

    def normal(self, *shape: int) -> Array:
        """(B, *shape) float32, standard normal (Box and Muller 1958: both values of a pair are used)."""
        xp = self._xp
        count = math.prod(shape)
        half = (count + 1) // 2
        u, v = self.uniform(half), self.uniform(half)
        radius, angle = xp.sqrt(-2.0 * xp.log(u + 2.0**-25)), 2.0 * math.pi * v
        pair = xp.concat([radius * xp.cos(angle), radius * xp.sin(angle)], axis=1)
        return xp.reshape(pair[:, :count], (-1, *shape))


class GeneratorDraws:
    """Draws for `batch` pictures from numpy's own generator; a row depends on the rows before it."""

    def __init__(self, generator: np.random.Generator, *, batch: int = 1) -> None:
        self._generator, self._batch = generator, batch

    def uniform(self, *shape: int) -> Array:
        """(B, *shape) float32 in [0, 1)."""
        return self._generator.random((self._batch, *shape), dtype=np.float32)

    def normal(self, *shape: int) -> Array:
        """(B, *shape) float32, standard normal."""
        return self._generator.standard_normal((self._batch, *shape), dtype=np.float32)


def between(draws: Draws, bounds: tuple[float, float], *shape: int) -> Array:
    """(B, *shape) float32, uniform in `bounds`."""
    low, high = bounds
    return low + (high - low) * draws.uniform(*shape)


def mix(x: Array) -> Array:
    """Hash the low 32 bits of int64 values into [0, 2³²)."""
    if getattr(x, "is_cuda", False):
        return _fused_mix()(x)
    x = x & _MASK
    x = ((x ^ (x >> 16)) * 0x7FEB352D) & _MASK
    x = ((x ^ (x >> 15)) * 0x846CA68B) & _MASK
    return x ^ (x >> 16)


@functools.cache
def _fused_mix() -> Any:
    """The same as one CUDA kernel in place of nine: most kernels of a captured step were these."""
    return sys.modules["torch"].cuda.jiterator._create_jit_fn(
        """template <typename T> T mix(T x) {
            unsigned int y = static_cast<unsigned int>(x);
            y = (y ^ (y >> 16)) * 0x7FEB352Du;
            y = (y ^ (y >> 15)) * 0x846CA68Bu;
            return static_cast<T>(y ^ (y >> 16));
        }"""
    )


def sample_keys(seed: int, step: Array, index: Array) -> Array:
    """Keys of training samples, (B,) int64, from the seed, the step (an int64 scalar), the places in the batch (B,)."""
    return mix(mix(mix(index) ^ (mix(step + 0 * index) * 3)) + ((seed & _MASK) * 0x9E3779B1 & _MASK))

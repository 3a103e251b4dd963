"""WNNM: similar patches, one a row, are a matrix of low rank; its small singular values are noise.

S. Gu, L. Zhang, W. Zuo, X. Feng, "Weighted Nuclear Norm Minimization with Application to Image Denoising", CVPR 2014.
Section 3.2, with parameters by noise level and factors as in the authors' code. Each group Y of n patches, its mean
taken off, becomes

    X = argmin ‖Y − X‖² / 2σ² + ‖X‖_{w,*},  w_i = c √n / σ_i(X),  c = 2√2

of which repeated reweighting has a limit in closed form (S. Gu et al., "Weighted Nuclear Norm Minimization and Its
Applications to Low Level Vision", IJCV 2017, corollary 1): with C = c √n σ², each singular value s of Y becomes

    (s + √(s² − 4C)) / 2 where s² > 4C, else 0.

Deviations: from one key patch to the next it is half a patch (the authors': a pixel less, which takes twice as long for
0.01 dB); the key patches of a cell of 8×8 px share a search window of 62×62 px (the authors': 61×61 px around each);
singular values are taken from the smaller Gram matrix, in 32 bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from aigan.baselines.classical import patches
from aigan.baselines.classical.patches import Indices
from aigan.decomposition import Array, Context, Decomposition, ModelSpec

_DELTA = 0.1  # share of what was removed that comes back before each iteration
_C = 2 * math.sqrt(2)
_FEWER = 10  # patches that a group loses each time before it is matched: less noise is left
_MATCHED_EVERY = 2  # iterations
_AT_ONCE = 512  # groups whose matrices are in memory


class Level(NamedTuple):
    """The authors' parameters for a noise level."""

    side: int  # of a patch, px
    group: int  # patches, before the first loss
    iterations: int
    left: float  # λ: standard deviation of the noise that is left, as a share of its estimate

    @property
    def step(self) -> int:
        """From one key patch to the next, px."""
        return self.side // 2


def level(sigma_255: float) -> Level:
    """For a standard deviation in gray levels of 255."""
    if sigma_255 <= 20:
        return Level(6, 70, 8, 0.54)
    if sigma_255 <= 40:
        return Level(7, 90, 12, 0.56)
    return Level(8, 120, 14, 0.58) if sigma_255 <= 60 else Level(9, 140, 14, 0.58)


@dataclass(frozen=True)
class WNNM:
    """For gray pictures with white noise of that standard deviation, in gray levels of 255."""

    channels: Literal[1, 3]
    sigma_255: float

    @property
    def spec(self) -> ModelSpec:
        """One channel, whatever is asked for. Of the iterations' windows the radius holds the first two."""
        reach = 2 * (patches.CELL + patches.MARGIN)
        return ModelSpec(
            name="wnnm",
            task="denoise",
            channels=1,
            receptive_radius_px=2 * reach,
            halo_px=reach,
            limits="white Gaussian noise of a strength that it is told; gray: the channels of colour one by one;"
            " minutes a picture",
        )

    def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
        """Decompose a noisy picture, (H, W, 1) float32."""
        original = denoise(degraded[..., 0] * np.float32(255), self.sigma_255)[..., None] / np.float32(255)
        return Decomposition(degraded, original, degraded - original)

    def context(self, whole: Array) -> Context | None:
        """Nothing is global."""
        return None


def denoise(noisy: Array, sigma: float) -> Array:
    """(H, W) with white noise of standard deviation `sigma`, both in gray levels of 255 -> (H, W) without."""
    side, group, iterations, share = level(sigma)
    y = patches.padded(noisy, side + math.isqrt(group))  # so that each window holds a group
    noisy_patches = patches.every(y, side)
    x = y
    for iteration in range(iterations):
        x = x + np.float32(_DELTA) * (y - x)
        seen = patches.every(x, side)
        if iteration % _MATCHED_EVERY == 0:
            group -= _FEWER
            groups = patches.similar(seen, y.shape, step=level(sigma).step, group=group)
        removed = np.square(seen - noisy_patches).mean(1)
        left = share * np.sqrt(np.abs(sigma**2 - removed)) if iteration else np.full_like(removed, sigma)
        x = _averaged(seen, groups, left, y.shape)
    return x[: noisy.shape[0], : noisy.shape[1]]


def _averaged(seen: Array, groups: Indices, left: Array, shape: tuple[int, int]) -> Array:
    """The mean, in each pixel, of all estimates of the patches that it lies in."""
    total = np.zeros_like(seen)
    for start in range(0, len(groups), _AT_ONCE):
        members = groups[start : start + _AT_ONCE]
        estimates = low_rank(seen[members], left[members[:, 0]])
        patches.add(total, members, estimates)
    weights = np.bincount(groups.ravel(), minlength=len(seen)).astype(np.float32)
    return patches.overlaid(total, shape) / patches.overlaid(np.broadcast_to(weights[:, None], seen.shape), shape)


def low_rank(groups: Array, sigma: Array) -> Array:
    """Groups (B, n, d) of n patches with noise of standard deviation `sigma` (B,) -> (B, n, d) without."""
    mean = groups.mean(1, keepdims=True)
    y = groups - mean
    wide = y.shape[1] < y.shape[2]
    gram = y @ y.swapaxes(1, 2) if wide else y.swapaxes(1, 2) @ y
    threshold = 4 * _C * math.sqrt(y.shape[1]) * np.square(sigma)
    kept = np.linalg.norm(gram, axis=(1, 2)) > threshold  # a bound of the largest s²: none of the others' are kept
    squares, vectors = np.linalg.eigh(gram[kept])
    above = squares > threshold[kept, None]
    ratio = np.divide(threshold[kept, None], squares, out=np.ones_like(squares), where=above)
    gains = np.where(above, (1 + np.sqrt(1 - ratio)) / 2, 0)
    shrink = (vectors * gains[:, None]) @ vectors.swapaxes(1, 2)
    x = np.repeat(mean, y.shape[1], axis=1)
    x[kept] += shrink @ y[kept] if wide else y[kept] @ shrink
    return x

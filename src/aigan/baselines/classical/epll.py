"""EPLL: the picture whose patches are all likely under a mixture of Gaussians, near the noisy one.

D. Zoran, Y. Weiss, "From Learning Models of Natural Image Patches to Whole Image Restoration", ICCV 2011:
minimise λ/2·‖x − y‖² − Σᵢ log p(Pᵢx) over pictures x (eq. 2), by half quadratic splitting with patches zᵢ (eq. 3):

    zᵢ = the Wiener filter of the most likely component, for noise of variance 1/β   (eq. 5, approximate MAP)
    x = (λ y + β Σᵢ Pᵢᵀ zᵢ) / (λ + β Σᵢ Pᵢᵀ Pᵢ)                                      (eq. 4)

with the paper's λ = 64/σ² and β = 1, 4, 8, 16, 32 times 1/σ². Patches are averaged, so that β weighs alike at the
border, where fewer overlap.

Deviations: each iteration takes a quarter of the patches, every other row and column, and the next one another quarter,
for speed. The mixture is our own (patch_prior.py), of 128 components instead of 200.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from aigan.baselines.classical import patch_prior
from aigan.decomposition import Array, Context, Decomposition, ModelSpec

_BETAS = (1, 4, 8, 16, 32)  # times 1/σ²
_STRIDE = 2


@dataclass(frozen=True)
class EPLL:
    """For gray pictures with white noise of that standard deviation, in gray levels of 255."""

    channels: Literal[1, 3]
    sigma_255: float

    @property
    def spec(self) -> ModelSpec:
        """One channel, whatever is asked for."""
        return ModelSpec(
            name="epll",
            task="denoise",
            channels=1,
            multiple_of=_STRIDE,
            receptive_radius_px=len(_BETAS) * (patch_prior.SIDE - 1),
            halo_px=len(_BETAS) * (patch_prior.SIDE - 1),
            kmac_per_px=323,
            training="tools/learn_patch_prior.py",
            training_data=patch_prior.TRAINING_DATA,
            data_terms=patch_prior.DATA_TERMS,
            limits="white Gaussian noise of a strength that it is told; gray: the channels of colour one by one",
        )

    def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
        """Decompose a noisy picture, (H, W, 1) float32."""
        original = denoise(degraded[..., 0], self.sigma_255 / 255)[..., None]
        return Decomposition(degraded, original, degraded - original)

    def context(self, whole: Array) -> Context | None:
        """Nothing is global."""
        return None


def denoise(noisy: Array, sigma: float) -> Array:
    """(H, W) with white noise of standard deviation `sigma` -> (H, W) without."""
    prior = patch_prior.load()
    y = patch_prior.padded(noisy)
    x = y
    for turn, beta in enumerate(_BETAS):
        average = patch_prior.expected(prior, x, sigma**2 / beta, stride=_STRIDE, turn=turn)
        x = y + np.float32(beta / (1 + beta)) * (average - y)
    return x[: noisy.shape[0], : noisy.shape[1]]

"""BM3D: similar patches in a stack are sparse in a transform of three dimensions; shrunk, they are laid back.

K. Dabov, A. Foi, V. Katkovnik, K. Egiazarian, "Image Denoising by Sparse 3-D Transform-Domain Collaborative Filtering",
IEEE TIP 2007, by the authors' package `bm3d`, which follows Y. Mäkinen, L. Azzari, A. Foi, "Collaborative Filtering of
Correlated Noise: Exact Transform-Domain Variance for Improved Shrinkage and Patch Matching", IEEE TIP 2020: its normal
profile, in one thread, since with more its results differ a little from run to run. It is better than the software of
2007, whose figures are those that papers quote: thresholds are worked out, and matching allows for noise.

Colour is filtered in opponent planes whose blocks are matched in the mean of the channels, as by the package's
`bm3d_rgb`, but for its stretching of each plane to [0, 1]: that divides by zero where a plane is constant.
"""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from aigan.decomposition import Array, Context, Decomposition, ModelSpec
from aigan.errors import MissingExtra

logger = logging.getLogger(__name__)

_OPPONENT = np.array([[1 / 3, 1 / 3, 1 / 3], [1 / 2, 0, -1 / 2], [1 / 4, -1 / 2, 1 / 4]])
_LEAST = 16  # px: shorter pictures are mirrored
_LICENCE = "Tampere University: only for nonprofit, noncommercial purposes"


@dataclass(frozen=True)
class BM3D:
    """For pictures with white noise of that standard deviation, in gray levels of 255; gray or colour.

    MissingExtra where the package is not installed.
    """

    channels: Literal[1, 3]
    sigma_255: float

    def __post_init__(self) -> None:
        _package()

    @property
    def spec(self) -> ModelSpec:
        """It takes gray and colour; two stages, each of which searches 19 px around a block of 8."""
        return ModelSpec(
            name="bm3d",
            task="denoise",
            channels=self.channels,
            receptive_radius_px=64,
            halo_px=64,
            licence=_LICENCE,
            limits="white Gaussian noise of a strength that it is told",
        )

    def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
        """Decompose a noisy picture, (H, W, C) float32."""
        original = denoise(degraded, self.sigma_255 / 255)
        return Decomposition(degraded, original, degraded - original)

    def context(self, whole: Array) -> Context | None:
        """Nothing is global."""
        return None


def denoise(noisy: Array, sigma: float) -> Array:
    """(H, W, C) with white noise of standard deviation `sigma` -> (H, W, C) without."""
    if sigma == 0:
        return noisy
    height, width, channels = noisy.shape
    planes_of = _OPPONENT if channels == 3 else np.eye(1)
    y = np.pad(noisy, ((0, max(_LEAST - height, 0)), (0, max(_LEAST - width, 0)), (0, 0)), mode="symmetric")
    profile = _package().BM3DProfile()
    profile.num_threads = 1
    planes, sigmas = y @ planes_of.T, sigma * np.linalg.norm(planes_of, axis=1)
    if np.ptp(planes[..., 0]) == 0:  # the package cannot match blocks in a constant plane
        each = zip(np.moveaxis(planes, 2, 0), sigmas, strict=True)
        planes = np.stack([_package().bm3d(plane, own, profile) for plane, own in each], axis=2)
    else:
        planes = _package().bm3d(planes, sigmas, profile)
    x: Array = (planes.reshape(y.shape) @ np.linalg.inv(planes_of).T).astype(np.float32)
    return x[:height, :width]


@functools.cache
def _package() -> Any:
    """The package; says once under which terms it may be used. MissingExtra where it is not installed."""
    try:
        import bm3d
    except ImportError as error:
        raise MissingExtra("bm3d needs the package of that name: pip install 'aigan[baselines]'") from error
    logger.warning("bm3d may be used only for nonprofit, noncommercial purposes: see its licence")
    return bm3d

"""LP: patches of the background are likely under one mixture of Gaussians, those of the rain under another.

Y. Li, R. T. Tan, X. Guo, J. Lu, M. S. Brown, "Rain Streak Removal Using Layer Priors", CVPR 2016. The luminance is
O = B + R, and the layers minimise

    ‖O − B − R‖² + α‖∇B‖₁ + β‖R‖² − γ Σᵢ log G_B(PᵢB) − γ Σᵢ log G_R(PᵢR)   subject to 0 ≤ R ≤ O

G_B is the mixture of patch_prior.py. G_R is learned from the picture itself, from the patches of its flattest region of
100×100: what varies there is rain. R is subtracted from each channel.

Deviations. The paper alternates between the patches of B and those of R from B = O, R = 0, by half quadratic splitting,
which ends near where it starts. Here the patches of both are found at once, which was better on pairs of RainTrainL: a
patch of O is Gaussian for each pair of components, with the sum of their covariances, so the most likely pair and its
Wiener filter are known in closed form. The half quadratic splitting of ‖∇B‖₁ is kept, with patches fixed. G_R has 8
components; every other row and column of patches is used. The weights are our own, chosen on those pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy.fft

from aigan.baselines.classical import patch_prior
from aigan.baselines.classical.luminance import luminance
from aigan.baselines.classical.patch_prior import PatchPrior
from aigan.decomposition import Array, Context, Decomposition, ModelSpec

_REGION = 100
_COMPONENTS, _EM_STEPS = 8, 8  # of G_R
_NOISE = 1e-5  # variance of what is in neither layer's patches
_ALPHA, _BETA = 0.05, 0.01
_PATCHES = 1.0  # weight of the layers' distances to their patches
_SPLITS = (1.0, 2.0, 4.0, 8.0)  # weight of ‖∇B − H‖²
_STRIDE = 2


@dataclass(frozen=True)
class LP:
    """For gray and colour pictures with rain streaks."""

    channels: Literal[1, 3]

    @property
    def spec(self) -> ModelSpec:
        """The reach beyond a patch is that of the gradients, which fades to nothing within 40 px."""
        return ModelSpec(
            name="lp",
            task="derain",
            needs_context=True,
            channels=self.channels,
            multiple_of=_STRIDE,
            receptive_radius_px=48,
            halo_px=24,
            kmac_per_px=516,
            training="tools/learn_patch_prior.py",
            training_data=patch_prior.TRAINING_DATA,
            data_terms=patch_prior.DATA_TERMS,
            limits="light white streaks, no mist; needs a region without texture to learn the rain from; removes fine "
            "texture that resembles it",
        )

    def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
        """Decompose a rainy picture, (H, W, C) float32; `context` from `context`, else from the picture itself."""
        context = context or self.context(degraded)
        rain = rain_layer(luminance(degraded), _unpacked(context.values))[..., None]
        return Decomposition(degraded, degraded - rain, np.broadcast_to(rain, degraded.shape).copy())

    def context(self, whole: Array) -> Context:
        """G_R of the picture: weights (8,) and covariances (8, 63, 63), as one vector."""
        rain = learn_rain(luminance(whole))
        return Context(np.concatenate([rain.weights, rain.covariances.ravel()]))


def learn_rain(y: Array) -> PatchPrior:
    """G_R from the 100×100 region of (H, W) in which the gradients' energy is least."""
    y = patch_prior.padded(y)
    vertical, horizontal = _gradients(y.astype(np.float64))
    energy = vertical**2 + horizontal**2
    height, width = (min(_REGION, size) for size in energy.shape)
    sums = np.pad(energy.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    boxes = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    top, left = np.unravel_index(boxes.argmin(), boxes.shape)
    region = y[top : top + height, left : left + width]
    x = patch_prior.grid(region.shape, stride=_STRIDE).patches(region)
    parts = np.array_split(x[np.argsort((x**2).sum(1), kind="stable")], _COMPONENTS)  # start: from faint to strong
    white = np.float32(1e-5) * np.eye(patch_prior.SIZE, dtype=np.float32)
    covariances = np.stack([part.T @ part / np.float32(max(len(part), 1)) + white for part in parts])
    start = PatchPrior(np.full(_COMPONENTS, 1 / _COMPONENTS, np.float32), covariances)
    return patch_prior.fit(x, start, iterations=_EM_STEPS)


def rain_layer(picture: Array, rain: PatchPrior) -> Array:
    """R of the luminance (H, W), with G_R."""
    O = patch_prior.padded(picture)
    R_patches = _patchwise(O, patch_prior.load(), rain)
    B_patches = O - R_patches
    R = R_patches.clip(0, None)
    B = O - R
    laplacian = _laplacian(O.shape)
    for split in _SPLITS:
        H = [np.sign(g) * (np.abs(g) - _ALPHA / (2 * split)).clip(0, None) for g in _gradients(B)]
        right = O - R + _PATCHES * B_patches + split * _adjoint(*H)
        B = scipy.fft.idctn(scipy.fft.dctn(right, norm="ortho") / (1 + _PATCHES + split * laplacian), norm="ortho")
        R = ((O - B + _PATCHES * R_patches) / (1 + _BETA + _PATCHES)).clip(0, O.clip(0, None))
    return R[: picture.shape[0], : picture.shape[1]].astype(np.float32)


def _patchwise(O: Array, background: PatchPrior, rain: PatchPrior) -> Array:
    """The mean of the rain's patches, each from the most likely pair of components."""
    pairs = PatchPrior(
        np.outer(background.weights, rain.weights).ravel(),
        (background.covariances[:, None] + rain.covariances).reshape(-1, patch_prior.SIZE, patch_prior.SIZE),
    )
    places = patch_prior.grid(O.shape, stride=_STRIDE)
    signal = np.tile(rain.covariances, (len(background.weights), 1, 1))
    return places.average(pairs.estimate(places.patches(O), _NOISE, signal=signal))


def _unpacked(values: Array) -> PatchPrior:
    shape = _COMPONENTS, patch_prior.SIZE, patch_prior.SIZE
    return PatchPrior(values[:_COMPONENTS], values[_COMPONENTS:].reshape(shape))


def _gradients(B: npt.NDArray[np.floating]) -> list[npt.NDArray[np.floating]]:
    """Differences to the next row and column, 0 at the border."""
    return [np.diff(B, axis=0, append=B[-1:]), np.diff(B, axis=1, append=B[:, -1:])]


def _adjoint(vertical: Array, horizontal: Array) -> Array:
    """The transpose of `_gradients`."""
    down = np.diff(vertical[:-1], axis=0, prepend=0, append=0)
    right = np.diff(horizontal[:, :-1], axis=1, prepend=0, append=0)
    return np.asarray(-(down + right))


def _laplacian(shape: tuple[int, ...]) -> Array:
    """Eigenvalues of `_adjoint` after `_gradients`, whose eigenvectors are the DCT's."""
    rows, columns = (2 - 2 * np.cos(np.pi * np.arange(size) / size) for size in shape)
    return np.asarray(np.add.outer(rows, columns), np.float32)

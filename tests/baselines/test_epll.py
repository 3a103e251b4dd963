"""EPLL against its formulas, patch by patch, and on a small picture."""

import numpy as np
import pytest
import scipy.fft

from aigan.baselines.classical import epll, patch_prior
from aigan.baselines.classical.epll import EPLL
from aigan.restore import tiles


def picture(height=40, width=48):
    """Edges and slopes, (H, W) in [0, 1]."""
    rows, columns = np.mgrid[:height, :width]
    return np.where(rows + 2 * columns > 70, 0.7, 0.2 + columns / 200).astype(np.float32)


def noisy(clean, sigma, seed=0):
    return (clean + sigma * np.random.default_rng(seed).normal(size=clean.shape)).astype(np.float32)


def psnr(a, b):
    return -10 * np.log10(np.mean((a - b) ** 2))


def test_it_is_the_papers_iteration():
    """Equations 4 and 5 with λ = 64/σ², by loops over the pixels of a quarter of the patches each time."""
    prior, sigma = patch_prior.load(), 0.1
    y = noisy(picture(15, 18), sigma)
    x = y.astype(float)
    for turn, beta in enumerate((1, 4, 8, 16, 32)):
        noise = sigma**2 / beta
        places = patch_prior.grid(y.shape, stride=2, turn=turn)
        insides = [(slice(r, r + 8), slice(c, c + 8)) for r in places.rows for c in places.columns]
        spectra = np.stack([scipy.fft.dctn(x[inside], norm="ortho").ravel() for inside in insides])
        total, count = np.zeros(y.shape), np.zeros(y.shape)
        best = prior.components(spectra[:, 1:].astype(np.float32), noise)
        for inside, spectrum, component in zip(insides, spectra, best, strict=True):
            covariance = prior.covariances[component].astype(float)
            spectrum[1:] = covariance @ np.linalg.solve(covariance + noise * np.eye(63), spectrum[1:])
            total[inside] += scipy.fft.idctn(spectrum.reshape(8, 8), norm="ortho")
            count[inside] += 1
        weight = 64 * beta / sigma**2  # of as many patches as the whole picture's pixels lie in
        x = (64 / sigma**2 * y + weight * total / count) / (64 / sigma**2 + weight)
    np.testing.assert_allclose(epll.denoise(y, sigma), x, atol=2e-3)


@pytest.mark.parametrize(("sigma_255", "gain"), [(15, 6), (50, 8)])
def test_it_removes_noise(sigma_255, gain):
    clean = picture()
    degraded = noisy(clean, sigma_255 / 255)[..., None]
    result = EPLL(channels=1, sigma_255=sigma_255)(degraded)
    assert psnr(result.original[..., 0], clean) > psnr(degraded[..., 0], clean) + gain
    np.testing.assert_allclose(result.original + result.interference, degraded, atol=1e-6)


def test_tiles_are_exact():
    degraded = noisy(picture(12, 112), 0.1)[..., None]
    restorer = EPLL(channels=1, sigma_255=25.5)
    whole = restorer(degraded).original
    np.testing.assert_allclose(tiles.decompose(restorer, degraded, tile=56, exact=True).original, whole, atol=1e-4)


def test_colour_is_taken_gray_by_gray():
    assert EPLL(channels=3, sigma_255=25).spec.channels == 1

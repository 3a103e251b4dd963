"""LP's parts against loops and closed forms, and on a small picture."""

import numpy as np
import pytest

from aigan.baselines.classical import lp, patch_prior
from aigan.baselines.classical.lp import LP
from aigan.baselines.classical.patch_prior import SIZE, PatchPrior


@pytest.fixture
def few(monkeypatch):
    """A small mixture of the background, the faintest components of the learned one, so that tests are fast."""
    learned = patch_prior.load()
    faint = np.argsort(np.trace(learned.covariances, axis1=1, axis2=2))[10:26]
    prior = PatchPrior(learned.weights[faint] / learned.weights[faint].sum(), learned.covariances[faint])
    monkeypatch.setattr(patch_prior, "load", lambda: prior)
    return prior


def rainy(height=48, width=64):
    """(clean, rainy), (H, W, 3): a smooth picture and slanted streaks."""
    rows, columns = np.mgrid[:height, :width]
    clean = np.stack([0.3 + columns / 400, 0.4 + rows / 400, np.full(rows.shape, 0.35)], axis=2).astype(np.float32)
    rng = np.random.default_rng(0)
    rain = np.zeros((height, width), np.float32)
    for top, left in rng.integers((height - 12, width - 8), size=(40, 2)):
        run = np.arange(12)
        rain[top + run, left + run // 2] = 0.2
    return clean, clean + rain[..., None]


def psnr(a, b):
    return -10 * np.log10(np.mean((a - b) ** 2))


def test_it_removes_rain(few):
    clean, degraded = rainy()
    result = LP(channels=3)(degraded)
    assert psnr(result.original, clean) > psnr(degraded, clean) + 3
    assert result.interference.min() >= 0
    np.testing.assert_allclose(result.original + result.interference, degraded, atol=1e-6)


def test_gray_is_colour_with_equal_channels(few):
    gray = rainy()[1][..., :1]
    colour = LP(channels=3)(np.repeat(gray, 3, axis=2)).original
    np.testing.assert_allclose(LP(channels=1)(gray).original, colour[..., :1], atol=1e-3)


def test_the_context_is_what_it_learns_itself(few):
    _, degraded = rainy(24, 40)
    restorer = LP(channels=3)
    context = restorer.context(degraded)
    np.testing.assert_array_equal(restorer(degraded, context=context).original, restorer(degraded).original)


def test_the_rain_is_learned_where_the_picture_is_flat():
    rng = np.random.default_rng(0)
    picture = rng.uniform(size=(130, 240)).astype(np.float32)
    flat = picture[17:117, 120:220]
    flat[:] = 0.3 + rng.normal(size=flat.shape) * 0.01
    found = np.einsum("k,kii->i", (rain := lp.learn_rain(picture)).weights, rain.covariances)
    np.testing.assert_allclose(found.mean(), 0.01**2, rtol=0.1)


def test_the_patches_are_the_most_likely_pair(few, monkeypatch):
    """With one component each: R = Σ_R (Σ_B + Σ_R)⁻¹ (B + R)."""
    background, rain = (PatchPrior(np.ones(1, np.float32), few.covariances[k : k + 1]) for k in (9, 15))
    picture = np.random.default_rng(0).uniform(size=(8, 8)).astype(np.float32)
    x = patch_prior.grid(picture.shape).patches(picture)
    both = background.covariances[0] + rain.covariances[0] + 1e-5 * np.eye(SIZE)
    expected = patch_prior.grid(picture.shape).average(x @ np.linalg.solve(both, rain.covariances[0]).astype("f"))
    np.testing.assert_allclose(lp._patchwise(picture, background, rain), expected, atol=1e-4)


def test_gradients_adjoint_and_eigenvalues_belong_together():
    rng = np.random.default_rng(0)
    B, v, h = rng.normal(size=(3, 5, 7))
    vertical, horizontal = lp._gradients(B)
    assert (vertical * v).sum() + (horizontal * h).sum() == pytest.approx((B * lp._adjoint(v, h)).sum())
    wave = np.outer(np.cos(np.pi * 2 * (np.arange(5) + 0.5) / 5), np.cos(np.pi * 3 * (np.arange(7) + 0.5) / 7))
    np.testing.assert_allclose(lp._adjoint(*lp._gradients(wave)), lp._laplacian((5, 7))[2, 3] * wave, atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 20, 3)])
def test_small_pictures(few, shape):
    degraded = np.full(shape, 0.5, np.float32)
    np.testing.assert_allclose(LP(channels=3)(degraded).original, degraded, atol=0.02)

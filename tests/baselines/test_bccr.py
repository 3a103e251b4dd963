from __future__ import annotations

import numpy as np
import pytest

from aigan.baselines.classical import bccr
from aigan.decomposition import Array
from aigan.evaluate import metrics
from tests.baselines.test_dcp import AIR_LIGHT, hazy_scene

RNG = np.random.default_rng(0)
bank = bccr.BANK.astype(float)


def circular(picture: Array, d: Array) -> Array:
    """Correlation on a torus."""
    return sum(d[y + 1, x + 1] * np.roll(picture, (-y, -x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1))


def published(rough: Array, hazy: Array) -> Array:
    """The algorithm as published, with Fourier transforms on a torus, in double precision."""
    weights = [np.exp(-sum(circular(hazy[..., c], d) ** 2 for c in range(3)) / (2 * bccr.SIGMA_SQUARED)) for d in bank]
    spectra = [np.fft.fft2(circular(_impulse(rough.shape), d)) for d in bank]
    power = sum(np.abs(spectrum) ** 2 for spectrum in spectra)
    t, beta = rough, 1.0
    while beta < 2**8:
        gamma = bccr.LAMBDA / beta
        right = gamma * np.fft.fft2(rough)
        for d, weight in zip(bank, weights, strict=True):
            gradient = circular(t, d)
            u = np.maximum(np.abs(gradient) - weight / beta, 0) * np.sign(gradient)
            right = right + np.fft.fft2(circular(u, d[::-1, ::-1]))
        t = np.fft.ifft2(right / (gamma + power)).real
        beta *= 2 * np.sqrt(2)
    return t


def _impulse(shape: tuple[int, ...]) -> Array:
    impulse = np.zeros(shape)
    impulse[0, 0] = 1
    return impulse


def test_the_bank_is_the_eight_kirsch_operators_and_the_laplacian() -> None:
    operators = np.round(bccr.BANK * np.linalg.norm([5] * 3 + [-3] * 5), 5)[:8]
    assert [[5, 5, 5], [-3, 0, -3], [-3, -3, -3]] in operators.tolist()
    assert [[-3, -3, -3], [-3, 0, -3], [5, 5, 5]] in operators.tolist()
    assert len({operator.tobytes() for operator in operators}) == 8
    np.testing.assert_allclose(bccr.BANK.sum(axis=(1, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(bccr.BANK, axis=(1, 2)), 1, atol=1e-6)


def test_transmission_is_that_of_the_published_algorithm_on_the_mirrored_picture() -> None:
    rough, hazy = RNG.random((18, 23), np.float32), RNG.random((18, 23, 3), np.float32)
    rough[:, 10:] *= 0.3
    height, width = rough.shape
    both = np.dstack([rough, hazy]).astype(float)
    mirrored = np.pad(both, [(0, height), (0, width), (0, 0)], mode="symmetric")
    expected = published(mirrored[..., 0], mirrored[..., 1:])[:height, :width]
    t = bccr.regularised(rough, hazy)
    assert np.abs(expected - rough).max() > 0.1
    np.testing.assert_allclose(t, expected, atol=1e-4)


def test_restored_colours_lie_within_the_bounds_before_the_transmission_is_smoothed() -> None:
    hazy = np.float32(0.4) * RNG.random((40, 40, 3), np.float32) + np.float32(0.6) * AIR_LIGHT
    t = bccr.boundary(hazy, AIR_LIGHT)[..., None]
    clear = (hazy - AIR_LIGHT) / t + AIR_LIGHT
    assert t.max() < 1
    assert clear.min() >= bccr.DARKEST - 1e-4
    assert clear.max() <= bccr.BRIGHTEST + 1e-4


def test_the_air_light_is_the_greatest_of_the_minimum_filter_of_each_channel() -> None:
    hazy = RNG.random((30, 33, 3), np.float32)
    hazy[:20, :20] += 1
    expected = [
        max(hazy[max(y - 7, 0) : y + 8, max(x - 7, 0) : x + 8, c].min() for y, x in np.ndindex(30, 33))
        for c in range(3)
    ]
    np.testing.assert_array_equal(bccr.air_light(hazy), np.asarray(expected))


def test_haze_is_removed() -> None:
    hazy, clean, t = hazy_scene(96)
    restored = bccr.BCCR(3)(hazy).original
    seen = t > 0.3
    before, after = (metrics.psnr(255 * picture[seen], 255 * clean[seen]) for picture in (hazy, restored))
    assert after > before + 3


def test_beyond_the_halo_tiles_differ_by_less_than_a_quarter_of_a_gray_level() -> None:
    system = bccr.BCCR(3)
    hazy = np.concatenate([hazy_scene(64)[0] for _ in range(9)], axis=1)
    context = system.context(hazy)
    whole, cut = (system(part, context=context).original for part in (hazy, hazy[:, 100:]))
    differences = np.abs(cut - whole[:, 100:]).max(axis=(0, 2)) * 255
    assert differences[system.spec.halo_px :].max() < 0.25
    assert differences[0] > 0.25


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 3)])
@pytest.mark.parametrize("level", [0, 0.5, 1])
def test_tiny_and_flat_pictures_have_a_result(size: tuple[int, int], level: float) -> None:
    flat = np.full((*size, 3), level, np.float32)
    restored = bccr.BCCR(3)(flat).original
    assert restored.shape == flat.shape
    assert np.isfinite(restored).all()

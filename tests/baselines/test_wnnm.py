from __future__ import annotations

import math

import numpy as np
import pytest

from aigan.baselines.classical.wnnm import WNNM, Level, denoise, level, low_rank


def by_reweighting(y: np.ndarray, sigma: float) -> np.ndarray:
    """Weighted nuclear norm minimisation as the paper has it: weights from the last estimate, many times over."""
    mean = y.mean(axis=0)
    left, values, right = np.linalg.svd(y.astype(np.float64) - mean, full_matrices=False)
    shrunk = values
    for _ in range(2000):
        weights = 2 * math.sqrt(2) * math.sqrt(len(y)) * sigma**2 / (shrunk + 1e-16)
        shrunk = np.maximum(values - weights, 0)
    return left * shrunk @ right + mean


@pytest.mark.parametrize("shape", [(5, 12, 9), (5, 8, 16)])
def test_groups_are_shrunk_as_by_reweighting_without_end(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(1)
    low = rng.normal(size=(*shape[:2], 2)) @ rng.normal(size=(shape[0], 2, shape[2]))
    groups = (100 + 20 * low + 5 * rng.normal(size=shape)).astype(np.float32)
    sigma = np.array([0, 1, 2, 5, 500], np.float32)
    expected = [by_reweighting(y, s) for y, s in zip(groups, sigma, strict=True)]
    np.testing.assert_allclose(low_rank(groups, sigma), expected, atol=2e-2)


def test_the_authors_parameters() -> None:
    assert level(15) == level(20) == Level(6, 70, 8, 0.54)
    assert level(25) == Level(7, 90, 12, 0.56)
    assert level(50) == Level(8, 120, 14, 0.58)
    assert level(75) == Level(9, 140, 14, 0.58)


def test_it_removes_noise() -> None:
    clean = np.where(np.add.outer(np.arange(32), np.arange(32)) % 16 < 8, 80, 160).astype(np.float32)
    noisy = clean + np.random.default_rng(0).normal(0, 15, clean.shape).astype(np.float32)
    error = np.square(denoise(noisy, 15) - clean).mean()
    assert error < 0.15 * np.square(noisy - clean).mean()


@pytest.mark.parametrize("sigma_255", [0, 15, 75])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 30, 1)])
def test_constant_and_tiny_pictures_stay(shape: tuple[int, int, int], sigma_255: float) -> None:
    constant = np.full(shape, 0.4, np.float32)
    result = WNNM(channels=1, sigma_255=sigma_255)(constant)
    np.testing.assert_allclose(result.original, constant, atol=1e-5)
    np.testing.assert_array_equal(result.interference, constant - result.original)

from __future__ import annotations

import numpy as np
import pytest

from aigan.baselines.classical.guided_filter import box_mean, guided_filter
from aigan.decomposition import Array

RNG = np.random.default_rng(0)


def naive_means(picture: Array, radius: int) -> Array:
    means = np.empty(picture.shape)
    for y, x in np.ndindex(picture.shape):
        means[y, x] = picture[max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1].mean()
    return means


def naive_filter(guide: Array, picture: Array, radius: int, eps: float) -> Array:
    """Eq. 5, 6 and 8 of the paper, window by window."""
    a, b = np.empty(guide.shape), np.empty(guide.shape)
    for y, x in np.ndindex(guide.shape):
        window = slice(max(y - radius, 0), y + radius + 1), slice(max(x - radius, 0), x + radius + 1)
        i, p = guide[window].astype(float), picture[window].astype(float)
        a[y, x] = ((i * p).mean() - i.mean() * p.mean()) / (i.var() + eps)
        b[y, x] = p.mean() - a[y, x] * i.mean()
    return naive_means(a, radius) * guide + naive_means(b, radius)


@pytest.mark.parametrize(("shape", "radius"), [((13, 17), 3), ((9, 4), 6), ((1, 1), 2)])
def test_it_equals_naive_loops(shape: tuple[int, int], radius: int) -> None:
    guide, picture = (RNG.random(shape, np.float32) for _ in range(2))
    np.testing.assert_allclose(box_mean(picture, radius), naive_means(picture, radius), atol=1e-6)
    expected = naive_filter(guide, picture, radius, 1e-3)
    np.testing.assert_allclose(guided_filter(guide, picture, radius=radius, eps=1e-3), expected, atol=1e-4)


def test_it_keeps_an_edge_that_the_guide_has_and_smooths_one_that_it_lacks() -> None:
    step = np.zeros((32, 32), np.float32)
    step[:, 16:] = 1
    kept = guided_filter(step, step, radius=4, eps=1e-4)
    smoothed = guided_filter(np.full_like(step, 0.5), step, radius=4, eps=1e-4)
    assert np.abs(kept - step).max() < 1e-3
    assert np.abs(np.diff(smoothed, axis=1)).max() < 0.2

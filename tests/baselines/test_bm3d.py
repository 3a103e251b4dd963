from __future__ import annotations

import logging
import sys

import numpy as np
import pytest

from aigan.baselines.classical import bm3d
from aigan.baselines.classical.bm3d import BM3D
from aigan.errors import MissingExtra

package = pytest.importorskip("bm3d")

SIGMA = 20 / 255


def noisy(channels: int) -> tuple[bm3d.Array, bm3d.Array]:
    """Clean and noisy."""
    stripes = np.where(np.add.outer(np.arange(24), np.arange(20)) % 12 < 6, 0.3, 0.7)
    clean = (stripes[..., None] * np.array([1, 0.8, 0.5])[:channels]).astype(np.float32)
    return clean, clean + np.random.default_rng(0).normal(0, SIGMA, clean.shape).astype(np.float32)


def one_thread() -> object:
    """The package's default profile, in one thread."""
    profile = package.BM3DProfile()
    profile.num_threads = 1
    return profile


def test_gray_is_the_packages_with_one_thread() -> None:
    clean, given = noisy(1)
    result = BM3D(channels=1, sigma_255=20)(given)
    np.testing.assert_array_equal(result.original[..., 0], np.float32(package.bm3d(given[..., 0], SIGMA, one_thread())))
    np.testing.assert_array_equal(result.interference, given - result.original)
    assert np.square(result.original - clean).mean() < 0.1 * SIGMA**2


def test_colour_is_filtered_in_opponent_planes(monkeypatch: pytest.MonkeyPatch) -> None:
    _, given = noisy(3)
    seen = []

    class Package:
        """Gives the planes back."""

        BM3DProfile = package.BM3DProfile

        @staticmethod
        def bm3d(planes: np.ndarray, sigma: np.ndarray, profile: object) -> np.ndarray:
            seen.append((planes, sigma))
            return planes

    monkeypatch.setattr(bm3d, "_package", lambda: Package)
    np.testing.assert_allclose(BM3D(channels=3, sigma_255=20)(given).original, given, atol=1e-6)
    planes, sigma = seen[0]
    stretched, high, low, scale, _ = package.rgb_to(given, "opp")
    np.testing.assert_allclose(planes, stretched * (high - low) + low, atol=1e-6)
    np.testing.assert_allclose(sigma, SIGMA * np.sqrt(scale) * (high - low), rtol=1e-6)


@pytest.mark.parametrize("sigma_255", [0, 25])
@pytest.mark.parametrize(("shape", "level"), [((1, 1, 1), 0.4), ((3, 30, 1), 0.4), ((1, 1, 3), 0.4), ((1, 1, 3), 0)])
def test_constant_and_tiny_pictures_stay(shape: tuple[int, int, int], level: float, sigma_255: float) -> None:
    constant = np.full(shape, level, np.float32)
    result = BM3D(channels=3 if shape[2] == 3 else 1, sigma_255=sigma_255)(constant)
    np.testing.assert_allclose(result.original, constant, atol=1e-3)


def test_its_terms_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    bm3d._package.cache_clear()
    with caplog.at_level(logging.WARNING):
        specs = [BM3D(channels=channels, sigma_255=20).spec for channels in (1, 3)]
    assert caplog.text.count("noncommercial") == 1
    assert all("noncommercial" in spec.licence for spec in specs)


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    bm3d._package.cache_clear()
    monkeypatch.setitem(sys.modules, "bm3d", None)
    with pytest.raises(MissingExtra, match="pip install"):
        BM3D(channels=1, sigma_255=20)

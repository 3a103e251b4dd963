from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aigan.pictures import write
from aigan.restore.inspect import Choice, Measurement, choose, inspect, measure, noise_sigma_255, streaks, veil


@pytest.fixture(scope="module")
def scene():
    """A clear picture: smooth light and dark areas, some edges, black to white."""
    y, x = np.mgrid[:256, :320] / 256
    gray = np.where(((x * 5).astype(int) + (y * 4).astype(int)) % 2, 0.15 + 0.7 * x, 0.9 * y) ** 1.5
    return np.clip(np.stack([gray, 0.9 * gray, 0.8 * gray], axis=2), 0, 1).astype(np.float32)


def rain(shape, strength: float, tilt: float):
    """Bright lines 12 px long, 1 px wide."""
    random = np.random.default_rng(0)
    layer = np.zeros(shape[:2], np.float32)
    for y, x in zip(random.integers(0, shape[0] - 12, 900), random.integers(8, shape[1] - 8, 900), strict=True):
        for step in range(12):
            layer[y + step, x + round(tilt * (step - 6))] = strength
    return layer[..., None]


@pytest.mark.parametrize("sigma", [2, 5, 15, 40])
def test_noise_is_measured_to_a_fifth(scene, sigma: int) -> None:
    noisy = scene + np.random.default_rng(0).normal(0, sigma / 255, scene.shape).astype(np.float32)
    assert noise_sigma_255(noisy) == pytest.approx(sigma, rel=0.2)


@pytest.mark.parametrize("tilt", [-0.5, 0.0, 0.5])
def test_rain_is_told_from_noise_and_edges(scene, tilt: float) -> None:
    rainy = np.clip(scene + rain(scene.shape, 0.3, tilt), 0, 1)
    noisy = scene + np.random.default_rng(0).normal(0, 0.1, scene.shape).astype(np.float32)
    assert streaks(rainy) > 0.5
    assert streaks(scene) < 0.2
    assert streaks(noisy) < 0.2
    assert streaks(rainy.swapaxes(0, 1)) < streaks(rainy)  # rain does not fall sideways


def test_haze_lifts_the_darkest_parts(scene) -> None:
    assert veil(scene) < 0.05
    assert veil(0.6 * scene + 0.4 * 0.9) == pytest.approx(0.36 + 0.6 * veil(scene), abs=0.01)


def test_the_rule(scene) -> None:
    noisy = scene + np.random.default_rng(0).normal(0, 0.06, scene.shape).astype(np.float32)
    for picture, task in (
        (scene, None),
        (np.clip(scene + rain(scene.shape, 0.3, 0.2), 0, 1), "derain"),
        (noisy, "denoise"),
        (0.6 * scene + 0.36, "dehaze"),
    ):
        assert choose(measure(picture.astype(np.float32), picture.astype(np.float32))).task == task
    assert choose(Measurement(9, 1, 1)) == Choice("derain", "streaks 1.00 > 0.4")
    assert choose(Measurement(9, 0, 1)).task == "denoise"


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 12), st.integers(1, 12), st.sampled_from([1, 3]))
def test_the_smallest_pictures_can_be_measured(height: int, width: int, channels: int) -> None:
    picture = np.random.default_rng(0).random((height, width, channels), np.float32)
    measured = measure(picture, picture)
    assert all(np.isfinite(value) for value in (measured.noise_sigma_255, measured.streaks, measured.veil))


def test_a_file_is_measured_in_its_middle_and_as_a_whole(tmp_path) -> None:
    picture = np.zeros((900, 1000, 3), np.float32)
    picture[100:800, 150:850] = 0.5 + np.random.default_rng(0).normal(0, 0.1, (700, 700, 3))
    write(picture, tmp_path / "a.png")
    measured = inspect(tmp_path / "a.png")
    assert measured.noise_sigma_255 == pytest.approx(25.5, rel=0.25)
    assert measured.veil == 0

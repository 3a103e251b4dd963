from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aigan.pictures import Form, write
from aigan.restore import border
from aigan.restore.blocks import block_means
from aigan.restore.bright_lines import bright_lines
from aigan.restore.inspect import (
    BRIGHT_LINES,
    STREAKS,
    VEIL,
    WHITE,
    Measurement,
    choose,
    colour_noise_255,
    inspect,
    measure,
    noise,
    streaks,
    veil,
)
from aigan.restore.quantiles import quantiles

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def scene():
    """A clear picture: smooth light and dark areas, some edges, black to white."""
    y, x = np.mgrid[:256, :320] / 256
    gray = np.where(((x * 5).astype(int) + (y * 4).astype(int)) % 2, 0.15 + 0.7 * x, 0.9 * y) ** 1.5
    return np.clip(np.stack([gray, 0.9 * gray, 0.8 * gray], axis=2), 0, 1).astype(np.float32)


def rain(shape, strength: float, tilt: float):
    """Bright lines 20 px long, 2 px wide."""
    random = np.random.default_rng(0)
    layer = np.zeros(shape[:2], np.float32)
    for y, x in zip(random.integers(0, shape[0] - 20, 900), random.integers(8, shape[1] - 8, 900), strict=True):
        for step in range(20):
            left = x + round(tilt * (step - 10))
            layer[y + step, left : left + 2] = strength
    return layer[..., None]


@pytest.mark.parametrize("sigma", [2, 5, 15, 40])
def test_noise_is_measured_to_a_fifth_and_seen_to_be_white(scene, sigma: int) -> None:
    noisy = scene + np.random.default_rng(0).normal(0, sigma / 255, scene.shape).astype(np.float32)
    measured, correlation = noise(noisy[..., 1])
    assert measured == pytest.approx(sigma, rel=0.2)
    assert correlation < WHITE


def test_what_is_smooth_or_gray_is_neither_white_nor_coloured(scene) -> None:
    random = np.random.default_rng(0).normal(0, 0.1, (*scene.shape[:2], 1)).astype(np.float32)
    texture = scene + random + np.roll(random, 1, axis=0) + np.roll(random, 1, axis=1)
    sigma, correlation = noise(np.ascontiguousarray(texture[..., 1]))
    assert sigma > 3
    assert correlation > WHITE
    assert colour_noise_255(0.5 + np.repeat(random, 3, axis=2)) == pytest.approx(0, abs=1e-3)


def test_noise_of_colours_is_seen_where_colours_are_smoothed(scene) -> None:
    random = np.random.default_rng(0).normal(0, 0.06, (128, 160, 3)).astype(np.float32)
    smoothed = scene + random.repeat(2, axis=0).repeat(2, axis=1)
    measured = measure(smoothed, scene)
    assert measured.noise_correlation > WHITE
    assert measured.colour_noise_255 == pytest.approx(0.06 * 2**0.5 * 255, rel=0.3)
    assert measure(scene, scene).colour_noise_255 < 1


@pytest.mark.parametrize("tilt", [-0.2, 0.0, 0.2])
def test_rain_is_told_from_noise_and_edges(scene, tilt: float) -> None:
    rainy = np.clip(scene + rain(scene.shape, 0.3, tilt), 0, 1)[..., 1]
    noisy = scene + np.random.default_rng(0).normal(0, 0.1, scene.shape).astype(np.float32)
    assert streaks(rainy) > STREAKS
    assert streaks(scene[..., 1]) < 0.2
    assert streaks(noisy[..., 1]) < 0.2
    assert streaks(rainy.swapaxes(0, 1)) == 0  # rain does not fall sideways


@pytest.mark.parametrize("size", [1, 2, 9, 100])
def test_quantiles_are_those_of_numpy(size: int) -> None:
    values = np.random.default_rng(size).random((size, 3), np.float32)
    shares = (0.0, 0.02, 0.5, 0.65, 1.0)
    assert quantiles(values, shares) == pytest.approx(np.quantile(values, shares), abs=1e-6)


def test_blocks_may_be_of_two_sides() -> None:
    values = np.arange(20, dtype=np.float32).reshape(4, 5)
    assert block_means(values, (4, 2)).tolist() == [[8, 10, 11.5]]
    assert block_means(values, (1, 5)).tolist() == [[2], [7], [12], [17]]


@pytest.mark.parametrize("tilt", [-0.5, 0.0, 0.5])
def test_light_rain_is_told_from_noise_edges_and_level_lines(scene, tilt: float) -> None:
    rainy = np.clip(scene + rain(scene.shape, 0.15, tilt), 0, 1)[..., 1]
    noisy = scene[..., 1] + np.random.default_rng(0).normal(0, 0.1, scene.shape[:2]).astype(np.float32)
    assert bright_lines(rainy) > BRIGHT_LINES
    assert bright_lines(1 - rainy) < 0  # dark lines
    assert bright_lines(np.ascontiguousarray(rainy.T)) < 0
    assert abs(bright_lines(noisy)) < 0.06
    assert bright_lines(rainy[:40]) == 0  # too small to tell


@pytest.mark.parametrize("name", ["flower-rain-light.png", "rocket-rain-heavy.png"])
def test_the_examples_are_seen_to_be_rainy(name: str) -> None:
    assert choose(inspect(EXAMPLES / name), shipped=SHIPPED).task == "derain"


@pytest.mark.parametrize("name", ["flower-clean.jpg", "rocket-clean.jpg", "temple-clean.jpg", "cat-clean.png"])
def test_clean_examples_are_left_alone(name: str) -> None:
    assert choose(inspect(EXAMPLES / name), shipped=SHIPPED).task is None


def test_haze_lifts_the_darkest_parts_and_takes_contrast_and_colours(scene) -> None:
    hazy = 0.6 * scene + np.float32(0.4 * 0.9)
    pale = np.repeat(hazy.mean(axis=2, keepdims=True), 3, axis=2)
    assert veil(scene) < 0
    assert veil(hazy) > VEIL
    assert veil(hazy - np.float32(0.2)) < veil(hazy)
    assert veil(pale) == veil(pale[..., :1]) < veil(hazy)  # a gray picture says less


def test_the_rule(scene) -> None:
    noisy = scene + np.random.default_rng(0).normal(0, 0.06, scene.shape).astype(np.float32)
    for picture, task in (
        (scene, None),
        (np.clip(scene + rain(scene.shape, 0.3, 0.2), 0, 1), "derain"),
        (noisy, "denoise"),
        (0.6 * scene + 0.36, "dehaze"),
    ):
        measured = measure(picture.astype(np.float32), picture.astype(np.float32))
        assert choose(measured, shipped=["all-s"]).task == task


CLEAN = Measurement(noise_sigma_255=0, noise_correlation=0, colour_noise_255=0, streaks=0, bright_lines=0, veil=0)


def found(**values: float) -> Measurement:
    return msgspec.structs.replace(CLEAN, **values)


RAINY, HAZY = {"streaks": 1.0}, {"veil": 0.3}
NOISY, GRAINY = {"noise_sigma_255": 9.0, "noise_correlation": -0.45}, {"noise_sigma_255": 9.0, "colour_noise_255": 5.0}
SHIPPED = ["all-s", "dehaze-s", "denoise-photo-s", "denoise-s", "derain-s"]
FEW = ["dehaze-s", "denoise-gray-s", "denoise-s", "derain-s"]


@pytest.mark.parametrize(
    ("measured", "shipped", "task", "model"),
    [
        ({}, SHIPPED, None, ""),
        (RAINY, SHIPPED, "derain", "derain"),
        (HAZY, SHIPPED, "dehaze", "dehaze"),
        (NOISY, SHIPPED, "denoise", "denoise"),
        (GRAINY, SHIPPED, "denoise", "denoise-photo"),
        (GRAINY, FEW, "denoise", "denoise"),
        (NOISY | {"colour_noise_255": 8.0}, SHIPPED, "denoise", "denoise"),  # white noise is in the colours too
        ({"noise_sigma_255": 9.0, "noise_correlation": 0.1}, SHIPPED, None, ""),  # texture
        ({"streaks": 0.7}, SHIPPED, None, ""),
        ({"bright_lines": 0.2}, SHIPPED, "derain", "derain"),
        (NOISY | {"streaks": 0.5}, SHIPPED, "all", "all"),  # noise hides streaks
        (RAINY | HAZY, SHIPPED, "all", "all"),
        (GRAINY | HAZY, SHIPPED, "all", "all"),
        (RAINY | NOISY | HAZY, SHIPPED, "all", "all"),
        (RAINY | NOISY | HAZY, FEW, "derain", "derain"),
        (GRAINY | HAZY, FEW, "denoise", "denoise"),
    ],
)
def test_which_model_is_taken(measured, shipped, task, model) -> None:
    choice = choose(found(**measured), shipped=shipped)
    assert (choice.task, choice.model) == (task, model)


def test_the_reason_names_all_that_was_found() -> None:
    assert choose(found(**RAINY, **HAZY), shipped=FEW).reason == "streaks 1.00 > 0.8; veil 0.30 > 0.12"
    assert choose(CLEAN, shipped=FEW).reason == "neither streaks, noise nor veil"


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 12), st.integers(1, 12), st.sampled_from([1, 3]))
def test_the_smallest_pictures_can_be_measured(height: int, width: int, channels: int) -> None:
    picture = np.random.default_rng(0).random((height, width, channels), np.float32)
    measured = measure(picture, picture)
    assert np.isfinite(msgspec.structs.astuple(measured)).all()


def test_a_file_is_measured_in_its_middle_and_as_a_whole(tmp_path) -> None:
    picture = np.zeros((900, 1000, 3), np.float32)
    picture[100:800, 150:850] = 0.5 + np.random.default_rng(0).normal(0, 0.1, (700, 700, 3))
    write(picture, tmp_path / "a.png")
    measured = inspect(tmp_path / "a.png")
    assert measured.noise_sigma_255 == pytest.approx(25.5, rel=0.25)
    assert measured.veil < 0


def test_it_measures_what_the_network_sees(tmp_path) -> None:
    pixels = np.random.default_rng(0).random((64, 64, 3), np.float32) * np.float32(0.2) + np.float32(0.4)
    alpha = np.ones((64, 64), np.float32)
    alpha[:, 32:] = 0
    hidden = np.where(alpha[..., None] > 0, pixels, np.float32(1))
    form = Form(format="TIFF", depth="float32")
    write(border.seen(hidden, alpha), tmp_path / "seen.tif", form=form)
    write(hidden, tmp_path / "hidden.tif", form=form, alpha=alpha)
    assert inspect(tmp_path / "hidden.tif").noise_sigma_255 == inspect(tmp_path / "seen.tif").noise_sigma_255
    write(pixels * 2, tmp_path / "beyond.tif", form=form)
    write(np.clip(pixels * 2, 0, 1), tmp_path / "clipped.tif", form=form)
    assert inspect(tmp_path / "beyond.tif").noise_sigma_255 == inspect(tmp_path / "clipped.tif").noise_sigma_255

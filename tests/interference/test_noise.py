from typing import Any

import msgspec
import numpy as np
import pytest

from aigan.interference.draws import KeyedDraws
from aigan.interference.noise import Camera, Noise, add_gaussian, expose

KEYS = np.arange(8, dtype=np.int64)


def flat(value: float, channels: int = 3, side: int = 64) -> np.ndarray:
    return np.full((8, channels, side, side), value, np.float32)


def exposed(
    clean: np.ndarray,
    *,
    shot: float,
    read: float = 0.0,
    red_gain: float = 2.0,
    smoothing_px: float = 0.0,
    keys: Any = KEYS,
) -> np.ndarray:
    batch = np.ones(len(clean), np.float32)
    return expose(
        clean,
        KeyedDraws(keys),
        shot=batch * shot,
        read=batch * read,
        red_gain=batch * red_gain,
        blue_gain=batch * 1.5,
        smoothing_px=batch * smoothing_px,
    )


def test_gaussian_noise_has_the_given_deviation_for_each_picture() -> None:
    sigma = np.linspace(5, 75, 8).astype(np.float32)
    noise = 255 * (add_gaussian(flat(0.5), sigma, KeyedDraws(KEYS)) - 0.5)
    assert np.allclose(noise.std(axis=(1, 2, 3)), sigma, rtol=0.03)
    assert np.all(abs(noise.mean(axis=(1, 2, 3))) < 4 * sigma / np.sqrt(noise[0].size))


def test_noise_is_neither_clipped_nor_rounded_and_free_in_each_channel() -> None:
    noisy = Noise(sigma_255=(25, 25))(flat(0.0), KeyedDraws(KEYS))
    assert noisy.min() < -0.2
    assert len(np.unique(noisy)) > 0.9 * noisy.size
    assert abs(np.corrcoef(noisy[0].reshape(3, -1)) - np.eye(3)).max() < 0.06


def test_blind_noise_fills_its_range() -> None:
    keys = np.arange(400, dtype=np.int64)
    sigma = 255 * Noise()(np.zeros((400, 1, 20, 20), np.float32), KeyedDraws(keys)).std(axis=(1, 2, 3))
    assert sigma.min() < 2
    assert sigma.max() > 52
    assert abs(sigma.mean() - 27.5) < 2.5


def test_ranges_have_bounds() -> None:
    assert msgspec.yaml.decode(b"sigma_255: [0, 55]", type=Noise) == Noise()
    with pytest.raises(msgspec.ValidationError):
        msgspec.yaml.decode(b"sigma_255: [-1, 55]", type=Noise)


def test_shot_noise_grows_with_the_signal_in_linear_light() -> None:
    """The variance of the raw value is a·x + b: a straight line over the brightness, through b."""
    levels = np.array([0.2, 0.4, 0.55, 0.7])
    light = ((levels + 0.055) / 1.055) ** 2.4
    variances = []
    for level in levels:
        picture = exposed(flat(level, channels=1), shot=2e-3, read=1e-4)
        variances.append(np.var(((picture + 0.055) / 1.055) ** 2.4))
    slope, offset = np.polyfit(light, variances, 1)
    assert slope == pytest.approx(2e-3, rel=0.1)
    assert offset == pytest.approx(1e-4, rel=0.3)


def test_more_light_less_noise() -> None:
    errors = [np.std(exposed(flat(0.5), shot=shot) - 0.5) for shot in (1e-4, 1e-3, 1e-2)]
    assert errors[0] < 0.5 * errors[1] < 0.25 * errors[2]


def test_white_balance_multiplies_the_noise_of_red() -> None:
    weak, strong = (exposed(flat(0.5), shot=0.0, read=1e-4, red_gain=gain).std(axis=(0, 2, 3)) for gain in (1.0, 3.0))
    assert strong[0] / weak[0] == pytest.approx(3, rel=0.05)
    assert strong[1:] == pytest.approx(weak[1:], rel=0.05)


def test_demosaicking_correlates_neighbours() -> None:
    noise = exposed(flat(0.5), shot=1e-3) - 0.5
    gray = exposed(flat(0.5, channels=1), shot=1e-3) - 0.5
    neighbours = np.corrcoef(noise[:, 0, :, 1:].ravel(), noise[:, 0, :, :-1].ravel())[0, 1]
    assert neighbours > 0.4
    assert abs(np.corrcoef(gray[..., 1:].ravel(), gray[..., :-1].ravel())[0, 1]) < 0.03


def test_the_camera_smooths_its_noise_as_scipy_does() -> None:
    from scipy.ndimage import gaussian_filter

    def smoothed(sigma: float) -> np.ndarray:  # of the same noise; linear light, where the smoothing happens
        picture = exposed(flat(0.5, channels=1), shot=1e-3, smoothing_px=sigma)
        return ((picture + 0.055) / 1.055) ** 2.4

    light = ((0.5 + 0.055) / 1.055) ** 2.4
    expected = gaussian_filter(smoothed(0.0) - light, (0, 0, 0.8, 0.8), radius=(0, 0, 3, 3))
    assert np.allclose((smoothed(0.8) - light)[..., 3:-3, 3:-3], expected[..., 3:-3, 3:-3], atol=1e-5)


def test_without_noise_the_exposure_changes_nothing() -> None:
    clean = np.random.default_rng(0).random((2, 3, 15, 11), dtype=np.float32)
    assert np.allclose(exposed(clean, shot=0.0, keys=KEYS[:2]), clean, atol=1e-5)


def test_the_phase_of_the_mosaic_is_drawn() -> None:
    """Where red is measured its noise is strongest: over many pictures that is each of the four places."""
    noise = exposed(flat(0.5, side=32), shot=1e-3) - 0.5
    energy = [(noise[:, 0, dy::2, dx::2] ** 2).mean(axis=(1, 2)) for dy in (0, 1) for dx in (0, 1)]
    assert len(set(np.argmax(energy, axis=0))) > 1


def test_camera_pictures_are_8_bit() -> None:
    degraded = Camera()(flat(0.4), KeyedDraws(KEYS))
    assert np.allclose(degraded * 255, np.rint(degraded * 255), atol=1e-4)

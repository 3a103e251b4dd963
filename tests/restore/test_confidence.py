from __future__ import annotations

import msgspec
import numpy as np

from aigan.decomposition import Confidence
from aigan.restore.blocks import block_means, block_minima
from aigan.restore.confidence import (
    BLOCK,
    DARK_FLOOR,
    FLOOR,
    MIDDLE_FLOOR,
    expected_error,
    features,
    fit,
    interpolated,
)


def test_block_means_of_blocks_cut_short() -> None:
    values = np.arange(30, dtype=np.float32).reshape(5, 6)
    expected = [[values[:4, :4].mean(), values[:4, 4:].mean()], [values[4:, :4].mean(), values[4:, 4:].mean()]]
    np.testing.assert_allclose(block_means(values, 4), expected)
    np.testing.assert_allclose(block_means(values[..., None], 4)[..., 0], expected)


def test_block_minima_of_blocks_cut_short() -> None:
    values = np.arange(30, dtype=np.float32).reshape(5, 6)
    np.testing.assert_array_equal(block_minima(values, 4), [[0, 4], [24, 28]])


def test_interpolation_keeps_what_is_level_and_what_is_straight() -> None:
    np.testing.assert_allclose(interpolated(np.full((2, 3), 7, np.float32), (11, 20)), 7)
    ramp = interpolated(np.arange(6, dtype=np.float32)[None], (3, 6 * BLOCK))
    np.testing.assert_allclose(np.diff(ramp[:, 4:-4]), 1 / BLOCK, atol=1e-5)


def test_the_error_is_where_estimates_differ_where_the_result_is_fine_and_where_much_was_removed() -> None:
    flat = np.full((32, 64, 3), 0.5, np.float32)
    noise = 0.05 * np.random.default_rng(0).standard_normal(flat.shape).astype(np.float32)
    right = (np.arange(64) >= 32)[None, :, None]
    differing = expected_error(flat, [flat, np.where(right, flat + 0.1, flat), flat], Confidence())
    textured = np.where(right, flat + noise, flat)
    fine = expected_error(textured, [textured] * 3, Confidence())
    removed = expected_error(textured, [flat] * 3, Confidence())
    for error in (differing, fine, removed):
        assert error.shape == (32, 64)
        assert error[:, 48:].min() > 1.5 * error[:, :16].max()


def test_a_fit_predicts_the_size_of_the_error() -> None:
    random = np.random.default_rng(0)

    def picture(sigma: float):
        clean = np.full((48, 48, 1), 0.5, np.float32)
        noise = [sigma * random.standard_normal(clean.shape).astype(np.float32) for _ in range(3)]
        return clean, [clean + one for one in noise], clean

    confidence = fit(picture(sigma) for sigma in (0.01, 0.03, 0.1))
    degraded, estimates, clean = picture(0.05)
    error = 255 * np.sqrt(np.square(estimates[0] - clean).mean())
    predicted = expected_error(degraded, estimates, confidence)
    assert 0.8 * error < np.sqrt(np.square(predicted).mean()) < 1.25 * error


def test_features_of_a_known_block() -> None:
    degraded, result, other = (np.full((8, 8, 1), value, np.float32) for value in (0.5, 0.4, 0.2))
    result = result + np.float32(0.1) * (np.indices((8, 8)).sum(axis=0) % 2 * 2 - 1)[..., None].astype(np.float32)
    one, spread, contrast, removed, middle, dark = features(degraded, [result, result + other - 0.4])[0, 0]
    assert one == 1
    np.testing.assert_allclose(np.exp([middle, dark]), [0.24 + MIDDLE_FLOOR, 0.5 + DARK_FLOOR], rtol=1e-5)
    np.testing.assert_allclose(np.exp([spread, contrast, removed]) - FLOOR, [25.5, 25.5, 25.5 * 2**0.5], rtol=1e-3)


def test_files_written_before_there_were_more_coefficients_can_be_read() -> None:
    old = msgspec.json.decode(b'{"bias": 1.0, "spread": 0.1, "contrast": 0.2, "removed": 0.3}', type=Confidence)
    assert old.weights == (1.0, 0.1, 0.2, 0.3, 0.0, 0.0)


def test_haze_that_is_thick_and_what_is_neither_black_nor_white_are_uncertain() -> None:
    confidence = Confidence(middle=0.5, dark=0.5)
    middling, white, hazy = (np.full((16, 16, 3), value, np.float32) for value in (0.5, 1.0, 0.8))
    error = {
        name: expected_error(degraded, [result] * 3, confidence).mean()
        for name, degraded, result in (
            ("clear", 0 * middling, middling),
            ("hazy", hazy, middling),
            ("white", hazy, white),
        )
    }
    assert error["hazy"] > 2 * error["clear"]
    assert error["hazy"] > 2 * error["white"]

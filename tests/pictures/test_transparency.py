"""Colours under full transparency do not bleed into visible ones."""

import numpy as np

from aigan.pictures import opaque_colours


def test_hidden_pixels_take_visible_colours_and_visible_ones_stay():
    random = np.random.default_rng(0)
    pixels = random.uniform(0.4, 0.6, (53, 37, 3)).astype(np.float32)
    alpha = (random.random((53, 37)) < 0.1).astype(np.float32) * 0.01
    pixels[alpha == 0] = 0  # as editors leave them
    result = opaque_colours(pixels, alpha)
    assert result.dtype == np.float32
    assert np.array_equal(result[alpha > 0], pixels[alpha > 0])
    assert result.min() >= 0.4 - 1e-6
    assert result.max() <= 0.6 + 1e-6


def test_the_nearest_colours_win():
    pixels, alpha = np.zeros((8, 64, 1), np.float32), np.zeros((8, 64), np.float32)
    pixels[:, 0], pixels[:, 63] = 0.25, 0.75
    alpha[:, [0, 63]] = 1
    filled = opaque_colours(pixels, alpha)[..., 0]
    assert np.allclose(filled[:, :16], 0.25)
    assert np.allclose(filled[:, 48:], 0.75)


def test_all_hidden_or_all_visible_stays():
    pixels = np.ones((3, 5, 3), np.float32)
    for alpha in (np.zeros((3, 5), np.float32), np.ones((3, 5), np.float32)):
        assert np.array_equal(opaque_colours(pixels, alpha), pixels)

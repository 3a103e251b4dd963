from __future__ import annotations

import numpy as np
import pytest

from aigan.decomposition import Decomposition
from aigan.errors import AiganError
from aigan.restore import border


def restored(pixels, alpha, removed, strength=1.0):
    seen = border.seen(pixels, alpha)
    return border.restored(pixels, alpha, Decomposition(seen, seen - removed, removed), strength)


def test_values_beyond_the_range_keep_what_lies_beyond() -> None:
    pixels = np.array([[[-0.5], [0.0], [0.5], [1.0], [3.0]]], np.float32)
    removed = np.full_like(pixels, 0.25)
    assert border.seen(pixels, None).min() == 0
    np.testing.assert_allclose(restored(pixels, None, removed).ravel(), [-0.5, 0, 0.25, 0.75, 2.75])


def test_hidden_colours_are_neither_seen_nor_changed() -> None:
    pixels = np.full((4, 4, 3), 0.5, np.float32)
    pixels[0, 0] = 0
    alpha = np.ones((4, 4), np.float32)
    alpha[0, 0] = 0
    np.testing.assert_allclose(border.seen(pixels, alpha), 0.5)
    result = restored(pixels, alpha, np.full_like(pixels, 0.1))
    np.testing.assert_allclose(result[0, 0], 0)
    np.testing.assert_allclose(result[1:], 0.4)


def test_strength_nought_is_the_picture() -> None:
    pixels = np.random.default_rng(0).random((5, 6, 3), np.float32)
    np.testing.assert_array_equal(restored(pixels, None, 0.1 * pixels, 0.0), pixels)


def test_values_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(AiganError, match="not numbers"):
        border.seen(np.full((1, 1, 1), np.nan, np.float32), None)

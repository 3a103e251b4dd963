"""Comparison sheets."""

import numpy as np
import pytest

from aigan.pictures import sheet


def test_pictures_stand_side_by_side_unchanged_under_their_captions():
    left, right = np.full((300, 400, 3), 0.2, np.float32), np.full((250, 300, 1), 0.7, np.float32)
    result = sheet([("before", left), ("after", right)])
    for value, picture in ((0.2, left), (0.7, right)):
        rows, columns = np.nonzero((result == np.float32(value)).all(axis=2))
        assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == picture.shape[:2]
        above = result[: rows.min(), columns.min() : columns.max() + 1]
        assert above.min() < 0.5  # ink
    assert result[:, -1].min() == 1  # on white


def test_small_pictures_are_enlarged_by_whole_pixels():
    pixels = np.random.default_rng(0).random((7, 50, 3), dtype=np.float32)
    result = sheet([("", pixels)])
    top, left = 32, 8
    assert np.array_equal(result[top : top + 35, left : left + 250], pixels.repeat(5, axis=0).repeat(5, axis=1))


@pytest.mark.parametrize("shape", [(1, 1, 1), (3000, 1, 3), (1, 3000, 3)])
def test_any_shape(shape):
    result = sheet([("one", np.zeros(shape, np.float32)), ("a caption that is longer", np.ones(shape, np.float32))])
    assert result.ndim == 3
    assert result.shape[0] >= shape[0]


def test_a_long_caption_stays_in_its_column():
    grays = np.full((100, 300, 1), 0.5, np.float32)
    result = sheet([("a very long caption " * 5, grays), ("", grays)])
    columns = np.nonzero((result == 0.5).all(axis=2).any(axis=0))[0]
    assert result[:32, columns.min() + 301 :].min() == 1

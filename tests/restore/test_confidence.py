from __future__ import annotations

import numpy as np

from aigan.restore.blocks import block_means
from aigan.restore.confidence import BLOCK, expected_error, interpolated


def test_block_means_of_blocks_cut_short() -> None:
    values = np.arange(30, dtype=np.float32).reshape(5, 6)
    expected = [[values[:4, :4].mean(), values[:4, 4:].mean()], [values[4:, :4].mean(), values[4:, 4:].mean()]]
    np.testing.assert_allclose(block_means(values, 4), expected)
    np.testing.assert_allclose(block_means(values[..., None], 4)[..., 0], expected)


def test_interpolation_keeps_what_is_level_and_what_is_straight() -> None:
    np.testing.assert_allclose(interpolated(np.full((2, 3), 7, np.float32), (11, 20)), 7)
    ramp = interpolated(np.arange(6, dtype=np.float32)[None], (3, 6 * BLOCK))
    np.testing.assert_allclose(np.diff(ramp[:, 4:-4]), 1 / BLOCK, atol=1e-5)


def test_estimates_that_agree_give_no_error_and_the_error_is_where_they_differ() -> None:
    one = np.full((32, 64, 3), 0.5, np.float32)
    other = one.copy()
    other[:, 40:] += 0.1
    assert expected_error([one, one, one]).max() < 1e-3
    error = expected_error([one, other, one])
    assert error[:, :24].max() < 1e-3
    assert error[:, 48:].min() > 1

import numpy as np

from aigan.interference.fields import extended, grid, spline


def test_a_spline_keeps_constants_and_straight_lines() -> None:
    knots = np.broadcast_to(np.arange(7, dtype=np.float32), (2, 7, 7))
    y, x = grid(knots, 5), grid(knots, 31)
    surface = spline(knots, y, x)
    assert surface.shape == (2, 5, 31)
    assert np.allclose(surface, 1 + 4 * x, atol=1e-5)


def test_a_spline_is_smooth_and_inside_the_range_of_its_knots() -> None:
    knots = np.random.default_rng(0).random((6, 6), dtype=np.float32)
    position = np.linspace(0, 1, 301, dtype=np.float32)
    surface = spline(knots, position, position)
    assert knots.min() <= surface.min() <= surface.max() <= knots.max()
    assert abs(np.diff(surface, axis=0)).max() < 0.02
    assert surface.std() > 0.05


def test_positions_may_differ_between_pictures() -> None:
    knots = np.random.default_rng(0).random((2, 6, 6), dtype=np.float32)
    y = np.array([[0.0, 0.5], [0.5, 1.0]], np.float32)
    x = np.array([[0.2], [0.2]], np.float32)
    assert np.allclose(spline(knots, y, x)[1], spline(knots[1], y[1], x[1]))


def test_extended_repeats_the_border() -> None:
    picture = np.arange(6, dtype=np.float32).reshape(1, 1, 2, 3)
    assert np.array_equal(extended(picture, (1, 2), (0, 3)), np.pad(picture, [(0, 0), (0, 0), (1, 2), (0, 3)], "edge"))

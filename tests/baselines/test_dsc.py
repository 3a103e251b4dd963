from __future__ import annotations

import numpy as np
import pytest
import scipy.fft

from aigan.baselines.classical import dsc, sparse
from aigan.baselines.classical.dsc import DSC
from aigan.decomposition import Array
from aigan.restore import tiles


def rainy(side: int = 72) -> tuple[Array, Array]:
    """A picture with level lines and a disc, and the same with leaning streaks by screen blend; (side, side, 1)."""
    rows, columns = np.mgrid[:side, :side]
    clean = 0.35 + 0.1 * (rows % 24 < 4) + 0.1 * (np.hypot(rows - side / 2, columns - side / 2) < side / 4)
    drops = np.random.default_rng(0).random((side, side)) < 0.004
    rain = 0.3 * sum(np.roll(drops, (shift, -shift // 3), axis=(0, 1)) for shift in range(12)).clip(0, 1)
    return clean[..., None].astype(np.float32), (1 - (1 - clean) * (1 - rain))[..., None].astype(np.float32)


def streaks(degrees: float, count: int) -> Array:
    """Bright lines (count, 256) that fall at that angle, 0 straight down, positive to the right."""
    rows, columns = np.mgrid[: dsc.SIDE, : dsc.SIDE] - 7.5
    turn = np.deg2rad(degrees)
    across = np.cos(turn) * columns - np.sin(turn) * rows
    lines = np.exp(-np.square(across - np.linspace(-4, 4, count)[:, None, None])).reshape(count, -1)
    return lines.astype(np.float32)


@pytest.mark.parametrize("degrees", [-30, 0, 20])
def test_streaks_along_the_fall_come_out_on_top(degrees: float) -> None:
    atoms = np.concatenate([streaks(90, 6), streaks(degrees, 6), streaks(-80, 6)])
    order = np.argsort(dsc.along_the_fall(atoms, np.ones(len(atoms))))
    assert {*order[-6:]} == {*range(6, 12)}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer atoms and patches, so that a dictionary is learned in no time."""
    for name, value in {"ATOMS": 80, "RAIN_ATOMS": 20, "LEARNED_FROM": 1000, "ROUNDS": 2, "_ROUND_FROM": 400}.items():
        monkeypatch.setattr(dsc, name, value)


@pytest.mark.usefixtures("small")
def test_rain_atoms_are_upright_and_bright_and_take_the_rain_out() -> None:
    clean, degraded = rainy()
    context = DSC(channels=1).context(degraded)
    atoms = context.values.reshape(80, -1)
    rain, background = atoms[-20:], atoms[:-20]
    assert (rain**3).sum(1).min() >= 0
    gradients = [np.gradient(kind.reshape(-1, dsc.SIDE, dsc.SIDE), axis=(1, 2)) for kind in (rain, background)]
    upright, level = (np.square(dx).sum() / np.square(dy).sum() for dy, dx in gradients)
    assert upright > 2 * level

    result = DSC(channels=1)(degraded, context=context)
    assert result.interference.min() == 0
    assert np.square(result.original - clean).mean() < 0.75 * np.square(degraded - clean).mean()


def test_rain_is_its_atoms_share_of_a_patch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dsc, "ATOMS", 8)
    monkeypatch.setattr(dsc, "RAIN_ATOMS", 3)
    monkeypatch.setattr(dsc, "MOST", (5, 3))  # all that there are: then a code is a projection
    cosines = scipy.fft.dctn(np.eye(256).reshape(256, 16, 16), axes=(1, 2), norm="ortho").reshape(256, 256)
    atoms = cosines.T[1:9].astype(np.float32)  # orthonormal, without mean
    o = np.random.default_rng(1).random((20, 12), np.float32)
    x = sparse.taken(o, dsc.SIDE, dsc.STEP)
    rain = x @ atoms[5:].T @ atoms[5:]
    ascending = np.sort(rain, axis=1)
    rain -= (0.25 * ascending[:, 63] + 0.75 * ascending[:, 64])[:, None]  # a quarter of the 256 pixels is dry
    expected = np.maximum(sparse.laid(rain, o.shape, dsc.STEP), 0)
    assert expected.max() > 0.01
    np.testing.assert_allclose(dsc.rain_part(o, atoms), expected, atol=1e-4)


@pytest.mark.usefixtures("small")
def test_tiles_give_what_the_whole_picture_gives() -> None:
    degraded = np.repeat(rainy()[1], 3, axis=2)
    degraded[..., 2] *= np.float32(0.9)
    model = DSC(channels=3)
    context = model.context(degraded)
    whole = model(degraded, context=context)
    np.testing.assert_allclose(whole.interference[..., 0], whole.interference[..., 2])
    bands = tiles.decompose_bands(
        model,
        lambda top, bottom: degraded[top:bottom],
        degraded.shape[:2],
        keep=tiles.whole,
        context=context,
        tile=32,
        exact=True,
    )
    tiled = np.concatenate([band["original"] for band in bands])
    np.testing.assert_allclose(tiled, whole.original, atol=1e-4)

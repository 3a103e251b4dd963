from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("skimage")
pytest.importorskip("sklearn")

from aigan.baselines.classical import id as decomposition
from aigan.baselines.classical.id import ID
from aigan.decomposition import Array, Context
from aigan.restore import tiles

SIDE = decomposition.SIDE


def gratings(angles: Array) -> Array:
    """Waves (N, 256) that run along those directions, in degrees from the vertical, each with a phase of its own."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    across = np.cos(np.deg2rad(angles))[:, None, None] * columns + np.sin(np.deg2rad(angles))[:, None, None] * rows
    waves = np.sin(across * 1.2 + np.arange(len(angles))[:, None, None]).reshape(len(angles), -1)
    return (waves / np.linalg.norm(waves, axis=1, keepdims=True)).astype(np.float32)


def blobs(count: int) -> Array:
    """Rings (count, 256): gradients in all directions."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    centres = np.random.default_rng(0).uniform(5, 11, (count, 2))
    distance = np.hypot(rows - centres[:, 0, None, None], columns - centres[:, 1, None, None])
    rings = np.exp(-np.square(distance - 4) / 2).reshape(count, -1)
    return (rings / np.linalg.norm(rings, axis=1, keepdims=True)).astype(np.float32)


def test_direction_varies_as_circular_statistics_say() -> None:
    atom = np.random.default_rng(0).normal(size=(SIDE, SIDE)).astype(np.float32)
    dy, dx = np.gradient(atom.astype(np.float64))
    angles, weights = np.arctan2(dy, dx), dx**2 + dy**2
    mean = np.hypot((weights * np.cos(2 * angles)).sum(), (weights * np.sin(2 * angles)).sum()) / weights.sum()
    assert decomposition.direction_variance(atom.reshape(1, -1))[0] == pytest.approx(1 - mean, abs=1e-5)


def test_atoms_of_one_direction_are_rain() -> None:
    atoms = np.concatenate([blobs(30), gratings(np.linspace(8, 16, 20))])
    rain = decomposition.are_rain(atoms)
    assert rain[30:].all()
    assert not rain[:30].any()


def test_what_the_dictionary_calls_rain_is_taken_out_of_all_channels() -> None:
    rng = np.random.default_rng(0)
    atoms = np.concatenate([gratings(np.full(8, 10)), np.linalg.qr(rng.normal(size=(256, 32)))[0].T])
    rows = np.column_stack([atoms, np.arange(len(atoms)) < 8]).astype(np.float32)
    degraded = rng.uniform(0.3, 0.5, (24, 32, 3)).astype(np.float32)
    result = ID(channels=3)(degraded, context=Context(np.resize(rows, (decomposition.ATOMS, 257)).ravel()))
    lost = result.interference
    np.testing.assert_array_equal(lost[..., 0], lost[..., 1])
    np.testing.assert_allclose(result.original + lost, degraded, atol=1e-6)


def test_streaks_on_a_ramp_are_thinned_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decomposition, "ATOMS", 64)
    monkeypatch.setattr(decomposition, "LEARNED_FROM", 1000)
    rows, columns = np.mgrid[:64, :64]
    clean = (0.3 + columns / 400 + 0.1 * (np.hypot(rows - 32, columns - 32) < 12)).astype(np.float32)
    drops = np.random.default_rng(0).random((64, 64)) < 0.01
    rain = sum(np.roll(drops, shift, axis=0) for shift in range(10)).astype(np.float32) * np.float32(0.15)
    rainy = np.repeat((clean + rain)[..., None], 1, axis=2)
    restored = ID(channels=1)(rainy).original[..., 0]
    assert np.square(restored - clean).mean() < 0.7 * np.square(rain).mean()


def test_tiles_give_what_the_whole_picture_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decomposition, "ATOMS", 64)
    monkeypatch.setattr(decomposition, "LEARNED_FROM", 1000)
    degraded = np.random.default_rng(0).random((80, 56, 3), np.float32)
    model = ID(channels=3)
    context = model.context(degraded)
    whole = model(degraded, context=context).original
    tiled = [
        band["original"]
        for band in tiles.decompose_bands(
            model,
            lambda top, bottom: degraded[top:bottom],
            (80, 56),
            keep=tiles.whole,
            context=context,
            tile=24,
            exact=True,
        )
    ]
    assert len(tiled) > 2
    difference = np.abs(np.concatenate(tiled) - whole)
    assert np.quantile(difference, 0.99) < 1e-3
    assert difference.max() < 0.05

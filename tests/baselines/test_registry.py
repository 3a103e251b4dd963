"""What holds for every baseline."""

from __future__ import annotations

import functools
import importlib
from typing import Literal

import numpy as np
import pytest

from aigan.baselines.registry import BASELINES, open_baseline
from aigan.decomposition import Array, Decomposition
from aigan.errors import AiganError
from aigan.restore.loading import open_restorer
from aigan.restore.tiles import decompose

Channels = Literal[1, 3]
CASES: list[tuple[tuple[int, int], Channels]] = [((1, 1), 1), ((1, 1), 3), ((17, 23), 1), ((5, 14), 3)]
SIGMA_255 = 15.0

pytestmark = pytest.mark.parametrize("name", BASELINES)


def needed(name: str) -> None:
    """Skip where the package of a system is not installed; its module must be there."""
    if name == "bm3d":
        pytest.importorskip("bm3d")


def picture(size: tuple[int, int], channels: Channels) -> Array:
    """Waves with noise that leaves [0, 1], a function of its size alone."""
    rows, columns, colours = np.ogrid[: size[0], : size[1], :channels]
    waves = 0.5 + 0.3 * np.sin(rows / 3) + 0.3 * np.cos(columns / 4) + 0.05 * colours
    return (waves + np.random.default_rng(size).normal(0, 0.1, waves.shape)).astype(np.float32)


@functools.cache
def decomposed(name: str, size: tuple[int, int], channels: Channels) -> Decomposition:
    needed(name)
    restorer = open_restorer(name, channels=channels, sigma_255=SIGMA_255)
    assert restorer.spec.channels == channels
    degraded = picture(size, channels)
    return restorer(degraded, context=restorer.context(degraded))


@pytest.mark.parametrize(("size", "channels"), CASES)
def test_any_size_gray_and_colour(name: str, size: tuple[int, int], channels: Channels) -> None:
    result = decomposed(name, size, channels)
    assert np.array_equal(result.degraded, picture(size, channels))  # nobody writes into what was given
    for part in (result.original, result.interference):
        assert part.shape == (*size, channels)
        assert part.dtype == np.float32
        assert np.isfinite(part).all()
    assert np.allclose(result.original + result.interference, result.degraded, atol=1e-5)  # O + T = I
    assert result.expected_error is None or result.expected_error.shape == size


def test_it_takes_something_out(name: str) -> None:
    size = (30, 31) if name == "ksvd" else (17, 23)  # it learns from the picture, so of more patches than its atoms
    assert np.abs(decomposed(name, size, 1).interference).max() > 1e-4


def test_once_more_and_as_a_tile_it_gives_the_same(name: str) -> None:
    needed(name)
    restorer = open_restorer(name, channels=1, sigma_255=SIGMA_255)
    again = decompose(restorer, picture((17, 23), 1), exact=True)
    assert np.array_equal(again.original, decomposed(name, (17, 23), 1).original)


def test_black_beside_white_is_a_picture(name: str) -> None:
    needed(name)
    degraded = np.zeros((9, 12, 1), np.float32)
    degraded[:, 6:] = 1
    result = open_restorer(name, channels=1, sigma_255=SIGMA_255)(degraded)
    assert np.isfinite(result.original).all()


def test_it_says_what_it_is(name: str) -> None:
    needed(name)
    spec = open_baseline(name, sigma_255=SIGMA_255).spec
    assert (spec.name, spec.task) == (name, BASELINES[name].task)
    assert spec.limits
    text = importlib.import_module(f"aigan.baselines.{BASELINES[name].module}").__doc__
    assert text
    assert any(str(year) in text for year in range(1990, 2020))  # cites its paper


def test_only_denoisers_must_be_told_the_noise(name: str) -> None:
    needed(name)
    if BASELINES[name].task == "denoise":
        with pytest.raises(AiganError, match=f"{name} must be told how strong"):
            open_baseline(name)
    else:
        assert open_baseline(name).spec.name == name

"""What holds for every baseline."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from aigan.baselines import registry
from aigan.baselines.registry import BASELINES, open_baseline
from aigan.decomposition import Array, Decomposition, Restorer
from aigan.errors import AiganError, MissingExtra, UsageError
from aigan.restore.loading import open_restorer
from aigan.restore.tiles import decompose

Channels = Literal[1, 3]
CASES: list[tuple[tuple[int, int], Channels]] = [((1, 1), 1), ((1, 1), 3), ((17, 23), 1), ((5, 14), 3)]
SIGMA_255 = 15.0

RandomWeights = Callable[..., Path | None]  # of conftest.py
Opened = Callable[[str, Channels], Restorer]
Decomposed = Callable[[str, tuple[int, int], Channels], Decomposition]

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


@pytest.fixture(scope="module")
def opened(random_weights: RandomWeights) -> Opened:
    """Open a baseline, with random weights if it needs some."""

    def opened(name: str, channels: Channels) -> Restorer:
        needed(name)
        return open_restorer(name, channels=channels, sigma_255=SIGMA_255, weights=random_weights(name, channels))

    return opened


@pytest.fixture(scope="module")
def decomposed(opened: Opened) -> Decomposed:
    """Decompose the picture of a size, once."""
    known: dict[tuple[object, ...], Decomposition] = {}

    def decomposed(name: str, size: tuple[int, int], channels: Channels) -> Decomposition:
        if (name, size, channels) not in known:
            restorer = opened(name, channels)
            assert restorer.spec.channels == channels
            degraded = picture(size, channels)
            known[name, size, channels] = restorer(degraded, context=restorer.context(degraded))
        return known[name, size, channels]

    return decomposed


@pytest.mark.parametrize(("size", "channels"), CASES)
def test_any_size_gray_and_colour(name: str, size: tuple[int, int], channels: Channels, decomposed: Decomposed) -> None:
    result = decomposed(name, size, channels)
    assert np.array_equal(result.degraded, picture(size, channels))  # nobody writes into what was given
    for part in (result.original, result.interference):
        assert part.shape == (*size, channels)
        assert part.dtype == np.float32
        assert np.isfinite(part).all()
    assert np.allclose(result.original + result.interference, result.degraded, atol=1e-5)  # O + T = I
    assert result.expected_error is None or result.expected_error.shape == size


def test_it_takes_something_out(name: str, decomposed: Decomposed) -> None:
    size = (30, 31) if name == "ksvd" else (17, 23)  # it learns from the picture, so of more patches than its atoms
    assert np.abs(decomposed(name, size, 1).interference).max() > 1e-6


def test_once_more_and_as_a_tile_it_gives_the_same(name: str, opened: Opened, decomposed: Decomposed) -> None:
    again = decompose(opened(name, 1), picture((17, 23), 1), exact=True)
    assert np.array_equal(again.original, decomposed(name, (17, 23), 1).original)


def test_black_beside_white_is_a_picture(name: str, opened: Opened) -> None:
    degraded = np.zeros((9, 12, 1), np.float32)
    degraded[:, 6:] = 1
    result = opened(name, 1)(degraded)
    assert np.isfinite(result.original).all()


def test_it_says_what_it_is(name: str, random_weights: RandomWeights) -> None:
    needed(name)
    spec = open_baseline(name, sigma_255=SIGMA_255, weights=random_weights(name)).spec
    assert (spec.name, spec.task) == (name, BASELINES[name].task)
    assert spec.limits
    assert not BASELINES[name].learned or (spec.parameters > 0 and spec.kmac_per_px > 0)
    text = importlib.import_module(f"aigan.baselines.{BASELINES[name].module}").__doc__
    assert text
    assert any(str(year) in text for year in range(1990, 2030))  # cites its paper


def test_those_that_must_be_told_the_noise_say_so(name: str, random_weights: RandomWeights) -> None:
    needed(name)
    weights = random_weights(name)
    if BASELINES[name].told_noise:
        with pytest.raises(AiganError, match=f"{name} must be told how strong"):
            open_baseline(name, weights=weights)
    else:
        assert open_baseline(name, weights=weights).spec.name == name


def test_those_that_have_weights_need_them(name: str, tmp_path: Path, random_weights: RandomWeights) -> None:
    needed(name)
    random_weights(name)  # skips where torch is not installed
    if BASELINES[name].learned:
        with pytest.raises(AiganError, match=f"nothing.safetensors does not exist: name a file of {name}'s weights"):
            open_baseline(name, sigma_255=SIGMA_255, weights=tmp_path / "nothing.safetensors")
    else:
        with pytest.raises(UsageError, match="leave out --weights"):
            open_baseline(name, sigma_255=SIGMA_255, weights=tmp_path / "nothing.safetensors")


def test_a_library_that_cannot_be_loaded_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(module: str) -> None:
        raise ImportError("libx.so cannot be opened")

    monkeypatch.setattr(registry.importlib, "import_module", fail)
    extra = "train" if BASELINES[name].learned else "baselines"
    with pytest.raises(MissingExtra, match=rf"{name} cannot be loaded \(libx\.so .*\): install .*'aigan\[{extra}\]'"):
        open_baseline(name, sigma_255=SIGMA_255)

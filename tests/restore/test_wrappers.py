"""Channels and self-ensemble: restorers around restorers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from aigan.decomposition import ModelSpec
from aigan.restore.backends import onnx
from aigan.restore.capacity import Capacity, capacity_of
from aigan.restore.channels import adapted
from aigan.restore.ensemble import SelfEnsemble
from aigan.restore.precision import FullPrecisionFallback
from aigan.restore.tiles import decompose


def picture(height: int, width: int, channels: int):
    return np.random.default_rng(1).random((height, width, channels), np.float32)


def test_a_gray_picture_through_a_colour_model_is_the_mean_of_its_channels(network_file) -> None:
    colour = onnx.load(network_file("blocks"))
    gray = picture(20, 13, 1)
    result = adapted(colour, 1)(gray)
    np.testing.assert_allclose(result.original, colour(gray.repeat(3, axis=2)).original[..., :1], atol=1e-6)
    assert result.interference.shape == (20, 13, 1)
    assert adapted(colour, 1).spec.channels == 1


def test_a_colour_picture_through_a_gray_model_goes_channel_by_channel(network_file) -> None:
    gray = onnx.load(network_file("blocks", channels=1))
    colour = picture(20, 13, 3)
    result = adapted(gray, 3)(colour)
    for channel in range(3):
        np.testing.assert_allclose(result.original[..., [channel]], gray(colour[..., [channel]]).original, atol=1e-6)
    assert result.expected_error.shape == (20, 13)


def test_a_model_of_as_many_channels_is_taken_as_it_is(network_file) -> None:
    restorer = onnx.load(network_file())
    assert adapted(restorer, 3) is restorer


@pytest.mark.parametrize("kind", ["blur", "blocks"])
def test_the_ensemble_turns_with_the_picture(network_file, kind: str) -> None:
    restorer = SelfEnsemble(onnx.load(network_file(kind)))
    pixels = picture(24, 16, 3)
    turned = restorer(np.rot90(pixels)).original
    np.testing.assert_allclose(turned, np.rot90(restorer(pixels).original), atol=1e-6)


def test_the_ensemble_of_a_symmetric_network_is_the_network(network_file) -> None:
    restorer = onnx.load(network_file("blur"))
    pixels = picture(11, 6, 3)
    np.testing.assert_allclose(SelfEnsemble(restorer)(pixels).original, restorer(pixels).original, atol=1e-6)


@pytest.mark.parametrize("kind", ["blur", "blocks"])
@pytest.mark.parametrize("size", [(41, 30), (3, 50)])
def test_the_ensemble_shows_no_tiles(network_file, kind: str, size: tuple[int, int]) -> None:
    restorer = SelfEnsemble(onnx.load(network_file(kind)))
    whole = decompose(restorer, picture(*size, 3), tile="none")
    tiled = decompose(restorer, picture(*size, 3), tile=8)
    np.testing.assert_allclose(tiled.original, whole.original, atol=1e-6)


ROOM = Capacity(2, 1000)


@dataclass(frozen=True)
class Roomy:
    """Takes two tiles at once."""

    spec: ModelSpec
    capacity: Capacity = ROOM


@pytest.mark.parametrize("channels", [1, 3])
def test_what_a_restorer_takes_at_once_is_what_those_around_it_take(channels: int) -> None:
    roomy = Roomy(ModelSpec(name="x", task="denoise", channels=channels))
    around = SelfEnsemble(FullPrecisionFallback(adapted(roomy, 4 - channels), lambda: roomy))
    assert capacity_of(around) == ROOM


def test_most_restorers_take_one_tile_at_a_time(network_file) -> None:
    assert capacity_of(SelfEnsemble(onnx.load(network_file()))) is None

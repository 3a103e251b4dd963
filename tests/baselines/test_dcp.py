from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from aigan.baselines.classical import dcp
from aigan.decomposition import Array, Context
from aigan.evaluate import metrics
from aigan.evaluate.measure import evaluate
from aigan.interference.haze import add_haze
from aigan.restore import tiles

RNG = np.random.default_rng(0)
AIR_LIGHT = np.array([0.9, 0.85, 0.8], np.float32)


def hazy_scene(size: int = 96) -> tuple[Array, Array, Array]:
    """(hazy, clean, t): patches of colour that know black, under haze that grows towards the top, and some sky."""
    clean = RNG.random((size, size, 3), np.float32)
    clean[::4, ::4] = 0
    depth = np.broadcast_to(np.linspace(3, 0, size, dtype=np.float32)[:, None], (size, size))
    t = np.exp(-depth)
    t[:24] = 0
    hazy = add_haze(clean.transpose(2, 0, 1)[None], t[None, None], AIR_LIGHT[None])[0].transpose(1, 2, 0)
    return hazy, clean, t


def test_the_dark_channel_is_the_least_value_of_each_patch() -> None:
    picture = RNG.random((20, 31, 3), np.float32)
    dark = dcp.dark_channel(picture)
    for y, x in np.ndindex(dark.shape):
        assert dark[y, x] == picture[max(y - 7, 0) : y + 8, max(x - 7, 0) : x + 8].min()


def test_the_air_light_is_read_where_the_haze_is_thickest() -> None:
    np.testing.assert_allclose(dcp.air_light(hazy_scene()[0]), AIR_LIGHT, atol=1e-6)


def test_all_pixels_of_the_darkest_value_that_counts_have_a_part_in_the_air_light() -> None:
    picture = np.zeros((100, 100, 1), np.float32)
    picture[40:58, 40:58] = 0.5  # 16 windows of 15 × 15 lie within; 0.1 % are 10 of them
    picture[47:51, 47:51] = RNG.random((4, 4, 1)) / 2 + 0.5
    picture[47, 47] = 0.5
    np.testing.assert_allclose(dcp.air_light(picture), [picture[47:51, 47:51].mean()], rtol=1e-6)


def test_an_even_picture_has_the_result_of_the_equations() -> None:
    even, a = np.full((40, 40, 3), [0.6, 0.5, 0.7], np.float32), np.array([0.8, 1, 0.9], np.float32)
    t = 1 - 0.95 * 0.5
    np.testing.assert_allclose(dcp.transmission(even, a), t, atol=1e-5)
    np.testing.assert_allclose(dcp.DCP(3)(even, context=Context(a)).original, (even - a) / t + a, atol=1e-4)


def test_haze_is_removed_where_the_prior_holds() -> None:
    hazy, clean, t = hazy_scene(128)
    restored = dcp.DCP(3)(hazy).original
    seen = t > 0.3
    before, after = (metrics.psnr(255 * picture[seen], 255 * clean[seen]) for picture in (hazy, restored))
    assert after > before + 3


def test_tiles_give_what_the_whole_picture_gives() -> None:
    hazy, _, _ = hazy_scene(288)
    system = dcp.DCP(3)
    whole = system(hazy).original
    tiled = tiles.decompose(system, hazy, tile=160, exact=True).original
    assert np.abs(tiled - whole).max() < 1e-4
    assert np.abs(system(hazy, context=Context(AIR_LIGHT * 0.5)).original - whole).max() > 0.1


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 3)])
@pytest.mark.parametrize("level", [0, 0.5, 1])
def test_tiny_and_flat_pictures_have_a_result(size: tuple[int, int], level: float) -> None:
    flat = np.full((*size, 3), level, np.float32)
    np.testing.assert_allclose(dcp.DCP(3)(flat).original, flat, atol=0.01 if level else 1e-6 / dcp.LEAST_TRANSMISSION)


def test_psnr_is_that_of_the_public_implementation() -> None:
    data = Path(os.environ.get("AIGAN_DATA", ""))
    measured = Path(__file__).parents[3] / "shared/data/haze/measured.json"
    if not (data / "reside-indoor").is_dir() or not measured.is_file():
        pytest.skip("the pictures and their published figures are not here")
    rows = json.loads(measured.read_text())["indoor"]["dcp"]
    (item,) = evaluate("dcp", "reside-indoor", data=data, limit=1).items
    assert item.psnr == pytest.approx(rows[item.name], abs=0.05)

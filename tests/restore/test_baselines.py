"""Baselines as restorers of pictures."""

from __future__ import annotations

import numpy as np
import pytest

from aigan.baselines.registry import BASELINES, open_baseline
from aigan.pictures import read, write
from aigan.restore.job import Job
from aigan.restore.naming import plan


@pytest.mark.parametrize("name", [name for name, baseline in BASELINES.items() if not baseline.learned])
def test_the_spec_says_whether_tiles_need_what_is_global(name: str) -> None:
    pixels = np.random.default_rng(0).random((24, 24, 3), np.float32)
    try:
        restorer = open_baseline(name, sigma_255=25)
    except ImportError as error:
        pytest.skip(str(error))
    asked = restorer.context(pixels[..., : restorer.spec.channels])
    assert (asked is not None) == restorer.spec.needs_context


def test_haze_is_removed_tile_by_tile_under_one_air_light(tmp_path) -> None:
    pytest.importorskip("scipy")
    y, x = np.mgrid[:96, :400] / 400
    clear = np.stack([x, 2 * y, 1 - x], axis=2) * (np.indices((96, 400)).sum(axis=0) // 8 % 2)[..., None]
    t = 0.9 - 0.6 * x[..., None]  # the air light can be seen at the right alone
    write((clear * t + 0.8 * (1 - t)).astype(np.float32), tmp_path / "hazy.png")
    for tile in ("none", 64):
        items = plan([tmp_path / "hazy.png"], tmp_path / str(tile))
        (result,) = Job(model="dcp", tile=tile).run(items)
        assert result.status == "restored", result.error
    whole, tiled = (read(tmp_path / folder / "hazy.png").pixels for folder in ("none", "64"))
    assert np.abs(whole - read(tmp_path / "hazy.png").pixels).mean() > 0.05
    np.testing.assert_allclose(tiled, whole, atol=1.01 / 255)

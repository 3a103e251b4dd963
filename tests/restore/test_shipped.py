"""What holds for every model that is shipped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aigan.pictures import read
from aigan.restore import registry
from aigan.restore.backends import onnx
from aigan.restore.channels import adapted
from aigan.restore.tiles import decompose

EXAMPLES = Path(__file__).parents[2] / "examples"
DEGRADED = {"denoise": "cat-noise", "derain": "rocket-rain-heavy", "dehaze": "temple-haze", "all": "flower-rain-light"}


@pytest.mark.parametrize("name", registry.shipped())
def test_tiles_show_what_the_whole_picture_shows(name: str) -> None:
    model = onnx.load(registry.find(name))
    picture = read(EXAMPLES / f"{DEGRADED[model.spec.task]}.png").pixels[40:240, 60:300]
    restorer = adapted(model, 3)
    whole = decompose(restorer, picture, tile="none")
    assert np.abs(whole.interference).mean() > 1 / 255  # it does something
    assert np.isfinite(whole.expected_error).all()
    for exact, tolerance in ((False, 0.25 / 255), (True, 1e-5)):
        tiled = decompose(restorer, picture, tile=128, exact=exact)
        for part in ("original", "interference"):
            assert np.abs(getattr(tiled, part) - getattr(whole, part)).max() < tolerance


@pytest.mark.parametrize("name", registry.shipped())
def test_the_card_is_complete(name: str) -> None:
    spec = onnx.read_spec(registry.find(name))
    assert spec.name == name
    assert spec.parameters > 0
    assert spec.kmac_per_px > 0
    assert spec.training_data
    assert spec.data_terms
    assert spec.limits
    assert 0 < spec.halo_px <= spec.receptive_radius_px + spec.multiple_of

from pathlib import Path

import numpy as np
import pytest

from aigan.app import degrading
from aigan.errors import AiganError
from aigan.interference import Interference
from aigan.pictures import Form, read
from tests.app.conftest import picture

RAIN = {"amount": 0.3, "length_px": 20, "angle_deg": 10, "brightness": 0.5}


@pytest.mark.parametrize(
    "interference",
    [degrading.rain(**RAIN), degrading.haze(thickness=1.5, air_light=0.9), degrading.noise(sigma_255=20)],
)
def test_the_same_seed_gives_the_same_picture(tmp_path: Path, interference: Interference) -> None:
    source = picture(tmp_path / "a.png", form=Form(format="PNG", depth="uint16"))
    results = []
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        (tmp_path / name).mkdir()
        file = degrading.degrade(source, tmp_path / name, interference, seed=seed, max_pixels=10_000).file
        assert read(file).form.depth == "uint16"
        results.append(read(file).pixels)
    assert np.array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])
    assert not np.array_equal(results[0], read(source).pixels)


def test_sliders_do_what_they_say(tmp_path: Path) -> None:
    source = picture(tmp_path / "a.png", size=(100, 100))
    clean = read(source).pixels

    def change(interference: Interference) -> float:
        file = degrading.degrade(source, tmp_path, interference, seed=0, max_pixels=10_000).file
        return float(np.abs(read(file).pixels - clean).mean())

    assert change(degrading.rain(**RAIN | {"amount": 0.6})) > change(degrading.rain(**RAIN))
    assert change(degrading.haze(thickness=3, air_light=1)) > change(degrading.haze(thickness=0.5, air_light=1))
    assert change(degrading.noise(sigma_255=40)) > change(degrading.noise(sigma_255=10))


def test_too_many_pixels(tmp_path: Path) -> None:
    with pytest.raises(AiganError, match="more than the limit"):
        degrading.degrade(picture(tmp_path / "a.png"), tmp_path, degrading.noise(sigma_255=5), seed=0, max_pixels=9)

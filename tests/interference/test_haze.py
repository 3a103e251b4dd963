import msgspec
import numpy as np
import pytest

from aigan.interference.draws import KeyedDraws
from aigan.interference.haze import Haze, Scene, add_haze, transmission

KEYS = np.arange(16, dtype=np.int64)
CLEAN = np.random.default_rng(0).random((16, 3, 40, 50), dtype=np.float32)
SCENES: tuple[Scene, ...] = ("plane", "ground", "smooth", "silhouettes")


def test_transmission_is_beer_lamberts() -> None:
    depth = np.array([0, 1, 2], np.float32).reshape(1, 1, 1, 3)
    assert np.allclose(transmission(depth, np.array([0.5], np.float32)), np.exp([0, -0.5, -1]))


def test_no_haze_near_by_and_only_air_light_far_away() -> None:
    air_light = np.full((16, 3), 0.8, np.float32)
    assert np.array_equal(add_haze(CLEAN, np.ones((16, 1, 40, 50), np.float32), air_light), CLEAN)
    assert np.allclose(add_haze(CLEAN, np.zeros((16, 1, 40, 50), np.float32), air_light), 0.8)


def test_the_degraded_picture_is_made_of_what_is_returned() -> None:
    hazy = Haze().draw(CLEAN, KeyedDraws(KEYS))
    assert np.allclose(hazy.degraded, add_haze(CLEAN, hazy.transmission, hazy.air_light))
    assert hazy.transmission.shape == (16, 1, 40, 50)
    assert hazy.air_light.shape == (16, 3)
    assert 0 < hazy.transmission.min() < hazy.transmission.max() <= 1


def test_thicker_haze_leaves_less_contrast() -> None:
    contrasts = [Haze(beta=(beta, beta))(CLEAN, KeyedDraws(KEYS)).std() for beta in (0.0, 0.5, 1.0, 2.0)]
    assert contrasts == sorted(contrasts, reverse=True)
    assert contrasts[0] == pytest.approx(CLEAN.std())


def test_air_light_fills_its_range_and_is_slightly_coloured() -> None:
    keys = np.arange(300, dtype=np.int64)
    haze = Haze(air_light=(0.7, 0.9), tint=0.05)
    air_light = haze.draw(np.zeros((300, 3, 4, 4), np.float32), KeyedDraws(keys)).air_light
    assert air_light[:, 1].min() == pytest.approx(0.7, abs=0.01)
    assert air_light[:, 1].max() == pytest.approx(0.9, abs=0.01)
    assert np.ptp(air_light, axis=1).max() == pytest.approx(0.1, abs=0.005)
    gray = Haze(tint=0).draw(np.zeros((300, 3, 4, 4), np.float32), KeyedDraws(keys)).air_light
    assert np.ptp(gray, axis=1).max() == 0


@pytest.mark.parametrize("scene", SCENES)
def test_scenes_are_depths_of_their_kind(scene: Scene) -> None:
    depth = Haze(scenes=(scene,), near=(0.1, 0.1)).scene(KeyedDraws(KEYS), (60, 80))
    assert depth.shape == (16, 1, 60, 80)
    assert 0.1 <= depth.min() <= depth.max() <= 1
    assert np.ptp(depth, axis=(1, 2, 3)).min() > 0.2
    if scene != "ground":  # whose horizon may be sharp
        steps = np.abs(np.diff(depth, axis=2)).max(axis=(1, 2, 3))
        assert steps.min() > 0.05 if scene == "silhouettes" else steps.max() < 0.06
    if scene != "smooth":  # the farther, the higher in the picture
        assert depth[:, :, :10].mean() > depth[:, :, -10:].mean() + 0.3


def test_one_of_the_scenes_is_drawn_for_each_picture() -> None:
    both, first = (
        Haze(scenes=scenes).scene(KeyedDraws(KEYS), (60, 80)) for scenes in (("plane", "ground"), ("plane", "smooth"))
    )
    same = [np.array_equal(a, b) for a, b in zip(both, first, strict=True)]
    assert any(same)
    assert not all(same)


def test_a_view_is_a_part_of_a_scene() -> None:
    whole, part = (
        np.ptp(Haze(view=(view, view), scenes=("plane",)).scene(KeyedDraws(KEYS), (60, 80)), axis=(1, 2, 3)).mean()
        for view in (1.0, 0.2)
    )
    assert part < 0.5 * whole


def test_known_depth_takes_the_place_of_a_scene() -> None:
    depth = np.linspace(0, 1, 50, dtype=np.float32) * np.ones((16, 1, 40, 1), np.float32)
    hazy = Haze(beta=(1, 1)).draw(CLEAN, KeyedDraws(KEYS), depth=depth)
    assert np.allclose(hazy.transmission, np.exp(-depth))


def test_a_configuration_names_at_least_one_scene() -> None:
    assert msgspec.yaml.decode(b"scenes: [ground]", type=Haze).scenes == ("ground",)
    with pytest.raises(msgspec.ValidationError):
        msgspec.yaml.decode(b"scenes: []", type=Haze)
    with pytest.raises(msgspec.ValidationError):
        msgspec.yaml.decode(b"scenes: [sea]", type=Haze)

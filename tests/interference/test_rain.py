import msgspec
import numpy as np
import pytest

from aigan.interference.draws import KeyedDraws
from aigan.interference.rain import HEAVY, LIGHT, Rain, Recombination, add_rain, streaks

KEYS = np.arange(12, dtype=np.int64)
SIZE = (96, 120)


def moments(layers: np.ndarray) -> tuple[float, float, float]:
    """Second moments (xx, yy, xy) of the gradient, by the spectrum: exact where differences of neighbours are not."""
    down, right = np.fft.fftfreq(layers.shape[-2])[:, None], np.fft.fftfreq(layers.shape[-1])
    power = np.abs(np.fft.fft2(layers)) ** 2
    xx, yy, xy = (float(np.sum(power * weight)) for weight in (right * right, down * down, right * down))
    return xx, yy, xy


def direction(layer: np.ndarray) -> float:
    """Mean direction of the streaks by the structure tensor: degrees from straight down, positive to the right."""
    xx, yy, xy = moments(layer)
    return -float(np.degrees(0.5 * np.arctan2(2 * xy, xx - yy)))


def one_drop(length: float, width: float, angle: float) -> np.ndarray:
    drops = np.zeros((1, 101, 101), np.float32)
    drops[0, 50, 50] = 0.7
    parameters = (np.array([value], np.float32) for value in (length, width, angle))
    return streaks(drops, **dict(zip(("length_px", "width_px", "angle_deg"), parameters, strict=True)))[0]


def brightness(rain: Rain) -> float:
    return float(rain.layer(KeyedDraws(KEYS), SIZE).mean())


def test_a_drop_becomes_a_line_of_its_own_value_and_length() -> None:
    line = one_drop(length=40, width=1.2, angle=0)
    assert line[50, 50] == pytest.approx(0.7, abs=0.01)
    assert np.sum(line[:, 50] > 0.35) == pytest.approx(40, abs=2)
    assert np.sum(line[50] > 0.35) == pytest.approx(2.355 * 1.2, abs=1)
    assert line.min() >= 0


@pytest.mark.parametrize("angle", [-60, -20, 0, 33, 80])
def test_a_line_points_where_the_drop_falls(angle: float) -> None:
    line = one_drop(length=50, width=1, angle=angle)
    y, x = np.nonzero(line > 0.35)
    fall = np.degrees(np.arctan2(x[y > 50].mean() - 50, y[y > 50].mean() - 50))
    assert fall == pytest.approx(angle, abs=3)
    assert direction(line) == pytest.approx(angle, abs=2)


def test_the_layer_falls_in_the_drawn_direction() -> None:
    for angle in (-30, 0, 25):
        rain = Rain(angle_deg=(angle, angle), spread_deg=(0, 0))
        layers = rain.layer(KeyedDraws(KEYS), SIZE)[:, 0]
        assert np.mean([direction(layer) for layer in layers]) == pytest.approx(angle, abs=2)


def test_layers_of_heavy_rain_fall_in_several_directions() -> None:
    def coherence(rain: Rain) -> float:
        xx, yy, xy = moments(rain.layer(KeyedDraws(KEYS), SIZE))
        return float(np.hypot(xx - yy, 2 * xy) / (xx + yy))

    one = msgspec.structs.replace(HEAVY, angle_deg=(0, 0), spread_deg=(0, 0))
    assert coherence(one) > coherence(msgspec.structs.replace(one, spread_deg=(25, 25))) + 0.1


def test_rain_grows_with_coverage_brightness_and_veil() -> None:
    base = Rain(coverage=(0.05, 0.05), brightness=(0.2, 0.2))
    assert brightness(msgspec.structs.replace(base, coverage=(0.1, 0.1))) == pytest.approx(
        2 * brightness(base), rel=0.1
    )
    assert brightness(msgspec.structs.replace(base, brightness=(0.4, 0.4))) == pytest.approx(
        2 * brightness(base), rel=0.01
    )
    assert brightness(msgspec.structs.replace(base, veil=(0.1, 0.1))) == pytest.approx(0.1 + brightness(base), abs=1e-4)


def test_coverage_is_the_share_under_streaks() -> None:
    """The mean of the layer is the share times the mean value of a drop times the mean of a streak over its width."""
    rain = Rain(coverage=(0.05, 0.05), brightness=(1, 1), layers=1, length_px=(30, 30), width_px=(1, 1))
    drop, streak = 0.2 + 0.8 / 3, np.sqrt(2 * np.pi) / 2.355
    layer = rain.layer(KeyedDraws(np.arange(150, dtype=np.int64)), (96, 96))
    assert layer.mean() == pytest.approx(0.05 * drop * streak, rel=0.05)


def test_the_presets_are_like_the_published_layers() -> None:
    """Means over RainTrainL and over 100 heavy training layers, in gray levels, and the share above 10."""
    for rain, mean, covered in ((LIGHT, 5.9, 0.17), (HEAVY, 63, 0.87)):
        layers = 255 * rain.layer(KeyedDraws(np.arange(40, dtype=np.int64)), (96, 96))
        assert layers.mean() == pytest.approx(mean, rel=0.25)
        assert np.mean(layers > 10) == pytest.approx(covered, rel=0.25)


def test_rain_adds_light_and_saturates() -> None:
    clean = np.random.default_rng(0).random((12, 3, 40, 40), dtype=np.float32)
    layer = LIGHT.layer(KeyedDraws(KEYS), (40, 40))
    rainy = add_rain(clean, layer)
    assert np.array_equal(rainy, LIGHT(clean, KeyedDraws(KEYS)))
    assert np.all(rainy >= clean)
    assert np.allclose(rainy, np.minimum(1, clean + layer))


def test_streaks_are_whole_in_pictures_smaller_than_they_are() -> None:
    rain = Rain(length_px=(60, 60), angle_deg=(0, 0), spread_deg=(0, 0), brightness=(0.5, 0.5))
    layer = rain.layer(KeyedDraws(KEYS), (16, 64))
    assert layer.shape == (12, 1, 16, 64)
    assert layer.max() < 1.5


STREAKS = LIGHT.layer(KeyedDraws(np.arange(24, dtype=np.int64)), SIZE).reshape(12, 2, *SIZE)
STILL = Recombination(scale=(1, 1), turn_deg=(0, 0), gain=(1, 1), extra=0)


def test_recombination_turns_streaks() -> None:
    library = Rain(angle_deg=(10, 10), spread_deg=(0, 0), layers=1).layer(KeyedDraws(KEYS), SIZE)
    turned = Recombination(scale=(1, 1), turn_deg=(15, 15), gain=(1, 1), extra=0).layer(library, KeyedDraws(KEYS), SIZE)
    directions = np.abs([direction(layer) for layer in turned[:, 0]])
    assert np.minimum(abs(directions - 25), abs(directions - 5)).max() < 4  # turned, mirrored before or not


def test_recombination_mirrors_half_of_the_layers() -> None:
    library = Rain(angle_deg=(30, 30), spread_deg=(0, 0)).layer(KeyedDraws(KEYS), SIZE)
    signs = [np.sign(direction(layer)) for layer in STILL.layer(library, KeyedDraws(KEYS), SIZE)[:, 0]]
    assert {-1.0, 1.0} == set(signs)


def test_recombination_keeps_what_a_layer_holds() -> None:
    layer = STILL.layer(STREAKS, KeyedDraws(KEYS), SIZE)
    assert layer.mean(axis=(1, 2, 3)) == pytest.approx(STREAKS[:, 0].mean(axis=(1, 2)), rel=0.01)
    doubled = msgspec.structs.replace(STILL, gain=(2, 2)).layer(STREAKS, KeyedDraws(KEYS), SIZE)
    assert np.allclose(doubled, 2 * layer, atol=1e-5)


def test_recombination_adds_layers() -> None:
    both = msgspec.structs.replace(STILL, extra=1).layer(STREAKS, KeyedDraws(KEYS), SIZE)
    assert both.mean() == pytest.approx(STREAKS.sum(axis=1).mean(), rel=0.01)


def test_recombination_scales_streaks_and_picks_the_size() -> None:
    def roughness(scale: float) -> float:
        layer = msgspec.structs.replace(STILL, scale=(scale, scale)).layer(STREAKS, KeyedDraws(KEYS), (64, 48))
        assert layer.shape == (12, 1, 64, 48)
        return float(np.abs(np.diff(layer, axis=-1)).mean() / layer.mean())

    assert roughness(2.0) < 0.75 * roughness(1.0)

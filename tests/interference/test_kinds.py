"""What all kinds of interference promise."""

from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from aigan.interference import HEAVY, LIGHT, Camera, Haze, Interference, Noise, Recombination
from aigan.interference.draws import KeyedDraws
from aigan.interference.rain import add_rain

KEYS = np.array([11, 7, 2**31, 3], dtype=np.int64)


def recombined(clean: Any, draws: KeyedDraws) -> Any:
    """A library of two layers, given as a kind: the picture's own first row, repeated."""
    streaks = clean[:, :1] * 0.2 + 0 * clean[:, :1, :, :1]
    return add_rain(clean, Recombination(extra=1.0).layer(streaks, draws, clean.shape[-2:]))


KINDS: dict[str, Interference] = {
    "noise": Noise(),
    "camera": Camera(),
    "rain-light": LIGHT,
    "rain-heavy": HEAVY,
    "haze": Haze(view=(0.3, 1.0)),
    "recombined": recombined,
}
SHAPES = [(3, 24, 32), (1, 19, 33), (3, 1, 1), (3, 9, 2)]

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())


def smooth(*shape: int) -> np.ndarray:
    """Clean pictures without detail that interpolation could tear apart between the two libraries."""
    y, x = np.linspace(0, 1, shape[-2])[:, None], np.linspace(0, 1, shape[-1])
    return np.broadcast_to(0.2 + 0.3 * y + 0.2 * x, shape).astype(np.float32)


@every_kind
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shape_type_and_range(kind: Interference, shape: tuple[int, int, int]) -> None:
    clean = smooth(4, *shape)
    degraded = kind(clean, KeyedDraws(KEYS))
    assert degraded.shape == clean.shape
    assert degraded.dtype == np.float32
    assert np.isfinite(degraded).all()
    assert not np.array_equal(degraded, clean)
    if not isinstance(kind, Noise):
        assert 0 <= degraded.min() <= degraded.max() <= 1


@every_kind
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_numpy_and_torch_agree(kind: Interference, shape: tuple[int, int, int]) -> None:
    clean = smooth(4, *shape)
    a = kind(clean, KeyedDraws(KEYS))
    b = kind(torch.from_numpy(clean), KeyedDraws(torch.from_numpy(KEYS)))
    assert b.dtype == torch.float32
    difference = np.abs(a - b.numpy())
    if isinstance(kind, Camera):  # a coefficient on the edge between two multiples of its step may fall either way
        assert difference.mean() < 0.1 / 255
    else:
        assert difference.max() < 1e-5


@every_kind
def test_a_picture_does_not_depend_on_the_batch(kind: Interference) -> None:
    clean = smooth(4, 3, 24, 32)
    together = kind(clean, KeyedDraws(KEYS))
    alone = kind(clean[2:3], KeyedDraws(KEYS[2:3]))
    assert np.allclose(together[2], alone[0], atol=1e-6)


@every_kind
def test_the_same_keys_repeat_and_others_do_not(kind: Interference) -> None:
    clean = smooth(4, 3, 24, 32)
    first = kind(clean, KeyedDraws(KEYS))
    assert np.array_equal(first, kind(clean, KeyedDraws(KEYS)))
    other = kind(clean, KeyedDraws(KEYS + 1))
    assert all(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@every_kind
def test_nothing_depends_on_values_and_all_stays_on_the_device(kind: Interference) -> None:
    """The meta device has no values: a shape, a branch or a copy that needs one fails, as it would in a CUDA graph."""
    clean = torch.empty(2, 3, 17, 23, device="meta")
    degraded = kind(clean, KeyedDraws(torch.empty(2, dtype=torch.int64, device="meta")))
    assert degraded.device.type == "meta"
    assert degraded.shape == clean.shape


@every_kind
def test_the_clean_pictures_are_left_as_they_are(kind: Interference) -> None:
    clean = smooth(4, 3, 24, 32).copy()
    kept = clean.copy()
    kind(clean, KeyedDraws(KEYS))
    assert np.array_equal(clean, kept)


@pytest.mark.parametrize("ranges", [Noise(), Camera(), LIGHT, HEAVY, Haze(), Recombination()])
def test_ranges_are_part_of_configurations(ranges: msgspec.Struct) -> None:
    assert msgspec.yaml.decode(msgspec.yaml.encode(ranges), type=type(ranges)) == ranges
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.yaml.decode(b"strenght: 1", type=type(ranges))

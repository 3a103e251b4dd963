from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pytest

from aigan.decomposition import Array, Context, Decomposition, ModelSpec
from aigan.errors import AiganError
from aigan.restore.capacity import Capacity
from aigan.restore.precision import FullPrecisionFallback
from aigan.restore.tiles import decompose


@dataclass
class Fragile:
    """Gives the picture back; where it is brighter than `largest`, what overflows."""

    largest: float
    spoils: str = "original"
    calls: int = 0

    @property
    def spec(self) -> ModelSpec:
        return ModelSpec(name="fragile", task="denoise", channels=1)

    def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
        self.calls += 1
        parts = {name: degraded[..., 0] if name == "expected_error" else degraded for name in PARTS}
        parts[self.spoils] = np.where(parts[self.spoils] > self.largest, np.inf, parts[self.spoils])
        return Decomposition(degraded, **parts)

    def context(self, whole: Array) -> Context:
        return Context(whole.mean(axis=(0, 1)))


PARTS = ("original", "interference", "expected_error")


def bright_corner() -> Array:
    pixels = np.zeros((32, 32, 1), np.float32)
    pixels[:4, :4] = pixels[-4:, -4:] = 1
    return pixels


@pytest.mark.parametrize("part", PARTS)
def test_tiles_that_fail_in_reduced_precision_are_redone_in_full(caplog, part: str) -> None:
    reduced, full = Fragile(0.5, part), Fragile(2)
    opened = []
    restorer = FullPrecisionFallback(reduced, lambda: opened.append(full) or full)
    result = decompose(restorer, bright_corner(), tile=8)
    np.testing.assert_array_equal(getattr(result, part).reshape(32, 32), bright_corner()[..., 0])
    assert (reduced.calls, full.calls, len(opened)) == (16, 2, 1)
    assert [record.message for record in caplog.records] == [
        "fragile gives values that are no numbers in this precision: redone in fp32"
    ]


def test_what_fails_in_full_too_is_an_error() -> None:
    with pytest.raises(AiganError, match="not numbers at 0, 0"):
        decompose(FullPrecisionFallback(Fragile(0.5), lambda: Fragile(0.5)), bright_corner(), tile=8)


def test_full_precision_is_not_opened_in_vain() -> None:
    restorer = FullPrecisionFallback(Fragile(2), lambda: pytest.fail("opened"))
    result = decompose(restorer, bright_corner(), tile=8)
    np.testing.assert_array_equal(result.original, bright_corner())
    assert restorer.spec.name == "fragile"
    np.testing.assert_allclose(restorer.context(bright_corner()).values, 32 / 1024)


def test_full_precision_is_opened_once_for_tiles_at_once() -> None:
    class Several(Fragile):
        capacity = Capacity(3, 1 << 40)

    def full() -> Fragile:
        opened.append(1)
        time.sleep(0.1)  # for others to come
        return Fragile(2)

    opened: list[int] = []
    result = decompose(FullPrecisionFallback(Several(-1), full), bright_corner(), tile=8)
    np.testing.assert_array_equal(result.original, bright_corner())
    assert len(opened) == 1

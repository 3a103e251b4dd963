from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aigan.decomposition import Array, Context, Decomposition, ModelSpec
from aigan.errors import AiganError
from aigan.restore import memory
from aigan.restore.backends import onnx
from aigan.restore.capacity import Capacity
from aigan.restore.tiles import AUTO_BYTES, Tiling, cuts, decompose, tiling


@dataclass
class Recorder:
    """Gives the picture back, remembers what it was shown, and has memory for so many pixels."""

    spec: ModelSpec
    limit: int = 1 << 62
    shown: list[tuple[int, ...]] = field(default_factory=list)
    contexts: list[Context | None] = field(default_factory=list)
    asked: int = 0

    def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
        if degraded.shape[0] * degraded.shape[1] > self.limit:
            raise MemoryError
        self.shown.append(degraded.shape)
        self.contexts.append(context)
        return Decomposition(degraded, degraded, 0 * degraded)

    def context(self, whole: Array) -> Context:
        self.asked += 1
        return Context(whole.mean(axis=(0, 1)))


def spec(halo: int = 8) -> ModelSpec:
    return ModelSpec(name="x", task="denoise", channels=3, multiple_of=8, receptive_radius_px=halo, halo_px=halo)


def picture(height: int, width: int, channels: int = 3) -> Array:
    return np.random.default_rng(0).random((height, width, channels), np.float32)


@given(start=st.integers(0, 9), length=st.integers(1, 5000), side=st.integers(1, 40), step=st.integers(1, 16))
def test_cuts_cover_the_interval_in_aligned_parts_of_like_length(start: int, length: int, side: int, step: int) -> None:
    cut = Tiling(side=side * step, step=step, halo=0)
    parts = cuts(start * step, start * step + length, cut)
    assert [end for _, end in parts[:-1]] == [begin for begin, _ in parts[1:]]
    assert parts[0][0] == start * step
    assert parts[-1][1] == start * step + length
    assert all(begin % step == 0 for begin, _ in parts)
    assert max(end - begin for begin, end in parts) <= side * step
    assert len(parts) == -(-length // (side * step))


@pytest.mark.parametrize("kind", ["blur", "blocks"])
def test_tiles_show_what_the_whole_picture_shows(network_file, kind: str) -> None:
    restorer = onnx.load(network_file(kind))

    @settings(max_examples=25, deadline=None)
    @given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 40), st.booleans())
    def check(height: int, width: int, tile: int, exact: bool) -> None:
        whole = decompose(restorer, picture(height, width), tile="none")
        tiled = decompose(restorer, picture(height, width), tile=tile, exact=exact)
        for name in ("degraded", "original", "interference"):
            np.testing.assert_allclose(getattr(tiled, name), getattr(whole, name), atol=1e-6)
        if exact:  # the spec's halo is measured on the original alone
            np.testing.assert_allclose(tiled.expected_error, whole.expected_error, atol=1e-3)

    check()


def test_tiles_off_the_grid_of_the_network_would_show(network_file) -> None:
    restorer = onnx.load(network_file("blocks"))
    pixels = picture(64, 64)
    shifted = restorer(pixels[4:]).original
    assert np.abs(shifted[20:40] - restorer(pixels).original[24:44]).max() > 1e-3


def test_a_tile_that_does_not_fit_is_halved_and_finished_ones_are_kept() -> None:
    restorer = Recorder(spec(halo=0), limit=40 * 40)
    pixels = picture(96, 64)
    result = decompose(restorer, pixels, tile=64)
    np.testing.assert_array_equal(result.original, pixels)
    assert max(height * width for height, width, _ in restorer.shown) <= 40 * 40
    assert sum(height * width for height, width, _ in restorer.shown) == 96 * 64  # nothing twice


def test_too_little_memory_for_the_smallest_tile_is_said_in_a_sentence() -> None:
    with pytest.raises(AiganError, match="too little memory"):
        decompose(Recorder(spec(), limit=10), picture(64, 64))


def test_values_that_are_no_numbers_are_not_passed_on(network_file) -> None:
    restorer = onnx.load(network_file(gain=float("nan")))
    with pytest.raises(AiganError, match="not numbers"):
        decompose(restorer, picture(9, 9))


def test_what_is_global_is_computed_once_and_handed_to_every_tile() -> None:
    restorer = Recorder(spec())
    pixels = picture(40, 40)
    decompose(restorer, pixels, tile=16)
    assert restorer.asked == 1
    assert len(restorer.contexts) == 9
    assert all(context is restorer.contexts[0] for context in restorer.contexts)
    np.testing.assert_allclose(restorer.contexts[0].values, pixels.mean(axis=(0, 1)))


def test_progress_ends_at_all_pixels() -> None:
    done: list[int] = []
    decompose(Recorder(spec()), picture(40, 24), tile=16, on_progress=done.append)
    assert done == sorted(done)
    assert done[-1] == 40 * 24


@pytest.mark.parametrize(("free", "width"), [(1 << 40, 500), (1 << 40, 20_000), (200 << 20, 500)])
def test_auto_takes_what_memory_allows(monkeypatch, free: int, width: int) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: free)
    cut = tiling(spec(halo=48), width, "auto", exact=False)
    seen = cut.side + 2 * cut.halo
    needed = 200 * seen**2 + 24 * width * seen
    budget = min(free // 2, AUTO_BYTES)
    assert 0.8 * budget < needed <= budget


def test_exact_tiles_see_the_receptive_radius() -> None:
    wide = ModelSpec(name="x", task="denoise", channels=3, multiple_of=8, receptive_radius_px=100, halo_px=40)
    assert tiling(wide, 500, 64, exact=False).halo == 40
    assert tiling(wide, 500, 64, exact=True).halo >= 100


ROOM = Capacity(3, 1 << 40)


@dataclass
class Several(Recorder):
    """Takes three tiles at once."""

    capacity: Capacity = ROOM


def test_several_tiles_at_once_give_what_one_at_a_time_gives(network_file) -> None:
    one = onnx.load(network_file("blocks"))
    together, within = threading.Barrier(3), threading.Lock()
    places: list[str] = []

    class Together(Several):
        def context(self, whole: Array) -> None:
            return None

        def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
            with within:
                places.append(threading.current_thread().name)
                first = len(places) <= 3
            if first:
                together.wait(timeout=20)  # breaks, if these three are not under way at once
            return one(degraded, context=context)

    done: list[int] = []
    pixels = picture(70, 90)
    several = decompose(Together(one.spec), pixels, tile=24, on_progress=done.append)
    alone: list[int] = []
    expected = decompose(one, pixels, tile=24, on_progress=alone.append)
    for name in ("original", "interference", "expected_error"):
        np.testing.assert_array_equal(getattr(several, name), getattr(expected, name))
    assert done == alone
    assert threading.current_thread().name not in places


def test_tiles_at_once_that_do_not_fit_are_halved_and_finished_ones_are_kept(caplog) -> None:
    restorer = Several(spec(halo=0), limit=40 * 40)
    pixels, done = picture(96, 128), []
    result = decompose(restorer, pixels, tile=64, on_progress=done.append)
    np.testing.assert_array_equal(result.original, pixels)
    assert max(height * width for height, width, _ in restorer.shown) <= 40 * 40
    assert sum(height * width for height, width, _ in restorer.shown) == 96 * 128  # nothing twice
    assert done == sorted(done)
    assert done[-1] == 96 * 128
    assert len(caplog.records) == 1  # all that were under way were as large: halved once


def test_too_little_memory_for_the_smallest_of_several_tiles_is_said() -> None:
    with pytest.raises(AiganError, match="too little memory"):
        decompose(Several(spec(), limit=10), picture(64, 64), tile=16)


def test_an_error_in_one_of_several_tiles_ends_the_others() -> None:
    class Broken(Several):
        under_way = 0

        def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
            with lock:
                self.under_way += 1
                number = len(self.shown)
                self.shown.append(degraded.shape)
            if number == 1:
                raise RuntimeError("broken")
            time.sleep(0.1)
            with lock:
                self.under_way -= 1
            return Decomposition(degraded, degraded, 0 * degraded)

    lock = threading.Lock()
    restorer = Broken(spec(halo=0))
    with pytest.raises(RuntimeError, match="broken"):
        decompose(restorer, picture(64, 64), tile=16)
    assert restorer.under_way == 1  # that which broke; the others are done
    assert len(restorer.shown) <= 4  # and no more were begun


@pytest.mark.parametrize(("free", "tile_bytes"), [(1 << 40, 300 << 20), (500 << 20, 300 << 20)], ids=["device", "host"])
def test_auto_takes_what_a_device_and_the_host_allow(monkeypatch, free: int, tile_bytes: int) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: free)
    cut = tiling(spec(halo=48), 500, "auto", exact=False, capacity=Capacity(3, tile_bytes))
    seen = cut.side + 2 * cut.halo
    shares = 200 * seen**2 / tile_bytes, (3 * 200 * seen**2 + 24 * 500 * seen) / (free // 2)
    assert 0.8 < max(shares) <= 1

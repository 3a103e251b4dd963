"""Lanes: on a device where there is one, and their bookkeeping without."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.overrides import TorchFunctionMode  # noqa: E402

from aigan.decomposition import Array, ModelSpec  # noqa: E402
from aigan.network import presets  # noqa: E402
from aigan.network import weights as stored  # noqa: E402
from aigan.restore import tiles  # noqa: E402
from aigan.restore.backends import cuda  # noqa: E402
from aigan.restore.backends import torch as backend  # noqa: E402
from aigan.restore.backends.contract import PARTS  # noqa: E402

CPU = torch.device("cpu")


def picture(height: int, width: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).random((height, width, 3), np.float32)


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """A small network."""
    torch.manual_seed(0)
    config = presets.NetworkConfig(widths=(4, 6), encode_blocks=(1, 1), decode_blocks=(1,), generator_width=4)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    reach = {"multiple_of": 4, "halo_px": 64, "receptive_radius_px": 64}
    stored.save(path, presets.build(config), ModelSpec(name="tiny", task="dehaze", channels=3, **reach))
    return path


class Replayed:
    """What a graph does: the same computation again, from the picture that it has to the outputs that it has."""

    def __init__(self, run, picture) -> None:
        self.run, self.picture = run, picture
        self.outputs = {name: torch.full_like(values, torch.nan) for name, values in run(picture).items()}
        self.replays, self.shared = 0, None

    @property
    def graph(self) -> Replayed:
        return self

    def pool(self) -> str:
        return "a pool"

    def replay(self) -> None:
        self.replays += 1
        for name, values in self.run(self.picture).items():
            self.outputs[name].copy_(values)


@pytest.fixture
def recorded(monkeypatch) -> list[Replayed]:
    """Lanes on the processor; gives what they record."""

    class Stream:
        def __init__(self, device, priority: int = 0) -> None:
            self.priority = priority

        def synchronize(self) -> None:
            pass

    def record(run, picture, stream, pool=None) -> Replayed:
        assert stream.priority == -1
        records.append(Replayed(run, picture))
        records[-1].shared = pool
        return records[-1]

    records: list[Replayed] = []
    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: nullcontext())
    monkeypatch.setattr(cuda, "_empty", lambda shape: torch.empty(tuple(shape)))
    monkeypatch.setattr(cuda, "record", record)
    return records


@pytest.mark.parametrize("parts", [(), PARTS])
def test_a_recorded_shape_gives_what_it_gives_by_itself(weights, recorded, parts) -> None:
    plain = backend.load(weights, parts=parts, device="cpu")
    laned = replace(plain, lanes=cuda.Lanes(CPU, count=1))
    for seed in range(4):  # by itself, recorded, and twice replayed
        pixels = picture(21, 30, seed)
        result, expected = (one(pixels) for one in (laned, plain))
        for name in ("original", "interference", *(["expected_error"] if parts else [])):
            np.testing.assert_allclose(getattr(result, name), getattr(expected, name), atol=1e-5, rtol=1e-4)
    assert [one.replays for one in recorded] == [2]


def test_results_stay_as_they_are_when_the_graph_runs_again(weights, recorded) -> None:
    laned = replace(backend.load(weights, device="cpu"), lanes=cuda.Lanes(CPU, count=1))
    results = [laned(picture(9, 8, seed)).original for seed in range(5)]
    copies = [result.copy() for result in results]
    laned(picture(9, 8, 9))
    for result, copied in zip(results, copies, strict=True):
        np.testing.assert_array_equal(result, copied)
    assert recorded[0].replays == 4


def test_few_graphs_are_kept_and_none_of_large_pictures(weights, recorded, monkeypatch) -> None:
    monkeypatch.setattr(cuda, "GRAPH_PIXELS", 200)
    lanes = cuda.Lanes(CPU, count=1, kept=2)
    laned = replace(backend.load(weights, parts=(), device="cpu"), lanes=lanes)
    for width in (8, 8, 9, 9, 10, 10, 30, 30):
        laned(picture(8, width))
    assert [one.picture.shape[1] for one in recorded] == [8, 9, 10]
    assert [one.shared for one in recorded] == [None, "a pool", "a pool"]
    (lane,) = lanes._idle.queue
    assert list(lane.met) == [(8, 10, 3), (8, 30, 3)]


def test_where_a_graph_cannot_be_recorded_all_goes_on_without(weights, recorded, monkeypatch, caplog) -> None:
    def record(run, picture, stream, pool=None) -> None:
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(cuda, "record", record)
    plain = backend.load(weights, device="cpu")
    laned = replace(plain, lanes=cuda.Lanes(CPU, count=1))
    for seed in range(4):
        pixels = picture(9, 8, seed)
        np.testing.assert_allclose(laned(pixels).original, plain(pixels).original, atol=1e-5)
    assert len(caplog.records) == 1


def test_what_does_not_fit_onto_the_device_frees_the_graphs(weights, recorded) -> None:
    lanes = cuda.Lanes(CPU, count=1)
    laned = replace(backend.load(weights, device="cpu"), lanes=lanes)
    for _ in range(2):
        laned(picture(9, 8))

    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    with pytest.raises(MemoryError, match="out of memory"):
        replace(laned, network=full)(picture(10, 8))
    (lane,) = lanes._idle.queue  # and it is free again
    assert not lane.met


def test_tiles_go_to_three_lanes_and_give_what_one_by_one_gives(weights, recorded, monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (24 << 30, 24 << 30))
    for name in ("memory_reserved", "memory_allocated"):
        monkeypatch.setattr(torch.cuda, name, lambda device: 0)
    plain = backend.load(weights, device="cpu")
    laned = replace(plain, lanes=cuda.Lanes(CPU))
    assert laned.capacity == (3, cuda.TILE_BYTES)
    pixels = picture(500, 24)  # most of its tiles have one shape
    result, expected = (tiles.decompose(one, pixels, tile=16) for one in (laned, plain))
    for name in ("original", "interference", "expected_error"):
        np.testing.assert_allclose(getattr(result, name), getattr(expected, name), atol=1e-3)
    assert sum(one.replays for one in recorded)


def test_the_flags_stay_as_long_as_any_thread_is_within() -> None:
    before = torch.backends.cudnn.allow_tf32
    exact = cuda._Exact()
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with exact:
            entered.set()
            leave.wait(20)

    thread = threading.Thread(target=other)
    with exact:
        thread.start()
        assert entered.wait(20)
    assert not torch.backends.cudnn.allow_tf32  # the other one is still within
    leave.set()
    thread.join()
    assert torch.backends.cudnn.allow_tf32 == before


class WithoutTheHost(TorchFunctionMode):
    """Fails where a tensor is made of the host's numbers, or read by it: a graph can hold neither."""

    OF_THE_HOST = "tensor", "new_tensor", "as_tensor", "from_numpy", "item", "tolist", "cpu", "numpy", "__bool__"

    def __torch_function__(self, function, types, args=(), kwargs=None):
        assert function.__name__ not in self.OF_THE_HOST
        return function(*args, **(kwargs or {}))


def test_the_network_asks_nothing_of_the_host(weights) -> None:
    restorer = backend.load(weights, device="cpu")
    on_device = replace(restorer, network=restorer.network.to("meta")).on_device  # meta: any other device is an error
    pixels = torch.empty(21, 30, 3, device="meta")
    with torch.inference_mode(), WithoutTheHost():
        outputs = on_device(pixels)
    assert len(outputs) == 4
    assert all(values.shape == (21, 30, 3) and values.is_contiguous() for values in outputs.values())
    with torch.inference_mode(), WithoutTheHost(), pytest.raises(AssertionError):
        restorer._outputs(picture(21, 30))  # goes back to the host


on_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA processor")


@on_cuda
@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-4), ("bf16", 0.1), ("fp16", 0.02)])
def test_on_cuda_all_is_as_on_the_processor(weights, precision, tolerance) -> None:
    expected, found = backend.load(weights, device="cpu"), backend.load(weights, device="cuda", precision=precision)
    for seed in range(4):
        pixels = picture(121, 90, seed)
        one, other = expected(pixels), found(pixels)
        np.testing.assert_allclose(one.original, other.original, atol=tolerance)
        np.testing.assert_allclose(one.interference, other.interference, atol=tolerance)
    tiled = [tiles.decompose(restorer, pixels, tile=16).original for restorer in (expected, found)]
    np.testing.assert_allclose(*tiled, atol=tolerance)
    assert found.lanes is not None
    assert any(one for lane in found.lanes._idle.queue for one in lane.met.values())
    assert all(lane.kept for lane in found.lanes._idle.queue)  # no recording failed

"""Pictures through a network on NVIDIA's processors: what one lane copies, another computes meanwhile.

A lane is a stream of its own. The host's memory is pinned, so that copies wait for nothing else, and what is launched
for a shape that comes again is recorded as a graph, which is launched at once: for a small picture that takes longer,
kernel by kernel, than computing them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from queue import LifoQueue
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aigan.decomposition import Array
from aigan.restore.capacity import Capacity

logger = logging.getLogger(__name__)

Run = Callable[[Tensor], Mapping[str, Tensor]]  # a picture on the device -> what is made of it, contiguous float32

LANES = 3  # one copies to the device, one computes, one copies back and works on the host
KEPT = 4  # graphs of a lane: a picture's tiles differ in size by a step, and at its borders
# What a tile may take: 2048×2048 px with a network of size s, which fill the chip many times over, so that several in
# one batch would gain nothing; and with larger ones there would be too few in a picture to copy while others compute.
TILE_BYTES = 800 << 20
GRAPH_PIXELS = 1 << 22  # larger ones compute for longer than they are launched, and a graph would hold their memory


@dataclass(frozen=True, eq=False)
class Recorded:
    """A graph, the picture that it reads and the outputs that it writes."""

    graph: torch.cuda.CUDAGraph
    picture: Tensor
    outputs: Mapping[str, Tensor]


class Lanes:
    """Runs what computes on a device, at most `count` at once; each lane records the `kept` shapes that it met last."""

    def __init__(self, device: torch.device, *, count: int = LANES, kept: int = KEPT) -> None:
        self.device, self.count = device, count
        self._idle: LifoQueue[_Lane] = LifoQueue()  # the one used last knows the shape
        for _ in range(count):
            self._idle.put(_Lane(device, kept))

    def __call__(self, run: Run, pixels: Array) -> dict[str, Array]:
        """What `run` makes of a picture, back on the host; `run` must be the same each time, its graphs are kept."""
        lane = self._idle.get()
        try:
            with EXACT:
                return lane(run, pixels)
        finally:
            self._idle.put(lane)

    @property
    def capacity(self) -> Capacity:
        """A quarter of the free memory for all tiles: graphs hold as much again, and half is left to others."""
        free, _ = torch.cuda.mem_get_info(self.device)
        free += torch.cuda.memory_reserved(self.device) - torch.cuda.memory_allocated(self.device)
        return Capacity(self.count, min(free // (4 * self.count), TILE_BYTES))


class _Lane:
    def __init__(self, device: torch.device, kept: int) -> None:
        self.device, self.kept = device, kept
        self.stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        # Not that of the copies: when any thread frees pinned memory, torch marks it in the stream of its copies,
        # which must not be recorded then. An urgent one, because those come from another pool of streams.
        self.recorder = torch.cuda.Stream(device, priority=-1)  # type: ignore[no-untyped-call]
        self.met: dict[tuple[int, ...], Recorded | None] = {}  # shapes, that of the last call last

    def __call__(self, run: Run, pixels: Array) -> dict[str, Array]:
        shape = pixels.shape
        again, recorded = shape in self.met, self.met.pop(shape, None)
        with torch.cuda.stream(self.stream):
            try:
                held = _pinned(pixels)
                if recorded:
                    picture = recorded.picture
                    picture.copy_(held, non_blocking=True)
                    recorded.graph.replay()
                    outputs = recorded.outputs
                else:
                    picture = held.to(self.device, non_blocking=True)
                    outputs = run(picture)
                results = {name: _empty(values.shape) for name, values in outputs.items()}
                for name, values in outputs.items():
                    results[name].copy_(values, non_blocking=True)
                self.stream.synchronize()
            except torch.OutOfMemoryError:
                self.met.clear()  # graphs hold memory, and smaller tiles come next
                raise
            del outputs
        if again and not recorded and self.kept and np.prod(shape[:2]) <= GRAPH_PIXELS:
            recorded = self._record(run, picture)
        self.met[shape] = recorded
        while len(self.met) > max(self.kept, 1):
            del self.met[next(iter(self.met))]
        return {name: values.numpy() for name, values in results.items()}

    def _record(self, run: Run, picture: Tensor) -> Recorded | None:
        # graphs share memory: one runs at a time, and its outputs are fetched before the next one runs
        pools = [one.graph.pool() for one in self.met.values() if one]
        try:
            return record(run, picture, self.recorder, pools[0] if pools else None)
        except RuntimeError as error:
            logger.warning("no graphs are recorded any more, which makes small pictures slower: %s", error)
            self.kept = 0
            return None


def record(run: Run, picture: Tensor, stream: torch.cuda.Stream, pool: Any = None) -> Recorded:
    """Record what `run` launches, on a stream that nothing else uses; it must have run before on this thread.

    cuDNN's plans are made, a thread's own, when it first runs: not while it is recorded, when nothing may wait.
    """
    graph = torch.cuda.CUDAGraph()
    with _RECORDING, torch.cuda.stream(stream):
        graph.capture_begin(pool=pool, capture_error_mode="thread_local")  # other lanes allocate meanwhile
        try:
            outputs = run(picture)
        finally:
            graph.capture_end()
    return Recorded(graph, picture, outputs)


_RECORDING = threading.Lock()


class _Exact:
    """Convolutions in full fp32, as long as anyone is within: the flags are the process's, not the thread's."""

    def __init__(self) -> None:
        self._lock, self._within = threading.Lock(), 0
        self._flags: AbstractContextManager[None]

    def __enter__(self) -> None:
        with self._lock:
            if self._within == 0:
                self._flags = exact_convolutions()
                self._flags.__enter__()
            self._within += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._within -= 1
            if self._within == 0:
                self._flags.__exit__(None, None, None)


EXACT = _Exact()


def exact_convolutions() -> AbstractContextManager[None]:
    """cuDNN without TF32, with which fp32 is off by 1e-3; for one thread alone."""
    flags: AbstractContextManager[None] = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
    return flags


def _empty(shape: Sequence[int]) -> Tensor:
    return torch.empty(tuple(shape), pin_memory=True)  # torch keeps what is freed for the next of that size


def _pinned(array: Array) -> Tensor:
    held = _empty(array.shape)
    np.copyto(held.numpy(), array)
    return held

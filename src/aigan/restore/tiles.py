"""Pictures of any size in little memory: the network sees one tile at a time, each with enough of its surroundings.

Tiles start at multiples of the network's stride, reach over their border by the halo that the spec states, and are
cut hard: no blending, and no seam, because what a tile shows does not depend on where it was cut.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from aigan.decomposition import EVERYWHERE, Array, Context, Decomposition, ModelSpec, Restorer
from aigan.errors import AiganError
from aigan.restore import confidence, memory
from aigan.restore.capacity import Capacity, capacity_of

logger = logging.getLogger(__name__)

TileSize = int | Literal["auto", "none"]
Rows = Callable[[int, int], Array]  # (first, last + 1) -> these rows of a picture, (h, W, C)
Box = tuple[int, int, int, int]  # top, bottom, left, right
Values = npt.NDArray[Any]
Keep = Callable[[Box, Decomposition], Mapping[str, Values]]  # a tile -> what is kept of it, (h, W) or (h, W, C) each
Progress = Callable[[int], None]  # is told, after each tile, how many pixels are done

AUTO_BYTES = 600 << 20  # what a tile and the band that it lies in may take: larger ones gain nothing
BAND_BYTES_PER_PIXEL = 24  # the band's pixels and what is kept of them, 8 bits a value (measured)
# A tile takes 200 bytes a pixel with a network of size s (measured, ONNX Runtime), more as the widths, so as √(MAC).
S_BYTES_PER_PIXEL, S_KMAC_PER_PIXEL = 200, 51


def decompose(
    restorer: Restorer,
    degraded: Array,
    *,
    tile: TileSize = "auto",
    exact: bool = False,
    on_progress: Progress | None = None,
) -> Decomposition:
    """Decompose a picture in memory, (H, W, C); arguments and errors as `decompose_bands`."""
    height, width = degraded.shape[:2]
    cut = tiling(restorer.spec, width, tile, exact=exact, capacity=capacity_of(restorer))
    tiler = _Tiler(restorer, (height, width), restorer.context(degraded), cut, whole, on_progress or (lambda _: None))
    return Decomposition(degraded, **tiler.band(lambda top, bottom: degraded[top:bottom], 0, height))


def decompose_bands(
    restorer: Restorer,
    rows: Rows,
    size: tuple[int, int],
    *,
    keep: Keep,
    context: Context | None = None,
    tile: TileSize = "auto",
    exact: bool = False,
    on_progress: Progress | None = None,
) -> Iterator[Mapping[str, Values]]:
    """Decompose a picture of `size` (H, W) band by band, from top to bottom: yields what is kept of each, W wide.

    `rows` is asked for rows in ascending order, neighbouring bands overlap by twice the halo. `keep` is given each
    tile, and where it lies, and says what the band is put together from; `whole` keeps it all. Where a restorer takes
    several tiles at once, threads call it, each for a place of its own. `context`: what is global in the picture.
    `tile`: pixels a side, "auto" for what the free memory allows, "none" for all at once.
    `exact`: the halo is the receptive radius, and values are those of the whole picture to 1e-5; else it is the spec's
    halo, and they are within 0.25 of 255. A tile that does not fit into memory is halved. AiganError where even the
    smallest does not, or where the network gives values that are no numbers.
    """
    cut = tiling(restorer.spec, size[1], tile, exact=exact, capacity=capacity_of(restorer))
    tiler = _Tiler(restorer, size, context, cut, keep, on_progress or (lambda _: None))
    for top, bottom in cuts(0, size[0], tiler.tiling):
        yield tiler.band(rows, top, bottom)


def whole(box: Box, tile: Decomposition) -> dict[str, Values]:
    """Keeps the fields of a `Decomposition` but the degraded picture."""
    parts = {"original": tile.original, "interference": tile.interference, "expected_error": tile.expected_error}
    return {name: values for name, values in parts.items() if values is not None}


@dataclass(frozen=True, kw_only=True)
class Tiling:
    """Tiles of at most `side` px, starting at multiples of `step`, seen with `halo` px around them."""

    side: int
    step: int
    halo: int


def tiling(spec: ModelSpec, width: int, tile: TileSize, *, exact: bool, capacity: Capacity | None = None) -> Tiling:
    """The cut for a model and a picture of that width; `tile` and `exact` as in `decompose_bands`."""
    step = math.lcm(spec.multiple_of, confidence.BLOCK)
    halo = -(-(spec.receptive_radius_px + confidence.REACH_PX if exact else spec.halo_px) // step) * step
    if spec.receptive_radius_px == EVERYWHERE:
        tile = "none"  # each tile would take all of the picture
    elif tile == "auto":
        tile = _auto_side(spec, width, capacity) - 2 * halo
    side = 1 << 62 if tile == "none" else max(tile // step, 1) * step
    return Tiling(side=side, step=step, halo=halo)


def _auto_side(spec: ModelSpec, width: int, capacity: Capacity | None) -> int:
    free = memory.free_bytes() // 2
    if capacity is None:
        return _affordable_side(spec, width, min(free, AUTO_BYTES))
    in_host = _affordable_side(spec, width, free, tiles=capacity.tiles)
    return min(in_host, _affordable_side(spec, 0, capacity.tile_bytes))


def _affordable_side(spec: ModelSpec, width: int, budget: int, *, tiles: int = 1) -> int:
    """Side s of a square tile: tiles · tile · s² + band · width · s = budget."""
    tile = tiles * S_BYTES_PER_PIXEL * max(1.0, math.sqrt(spec.kmac_per_px / S_KMAC_PER_PIXEL))
    band = BAND_BYTES_PER_PIXEL * width
    return int((math.sqrt(band**2 + 4 * tile * budget) - band) / (2 * tile))


def cuts(start: int, end: int, tiling: Tiling) -> list[tuple[int, int]]:
    """The interval in as few parts as `side` allows, of nearly equal length, cut at multiples of `step`."""
    steps = -(-(end - start) // tiling.step)
    parts = -(-(end - start) // tiling.side)
    edges = [start + steps * part // parts * tiling.step for part in range(parts)]
    return list(zip(edges, [*edges[1:], end], strict=True))


@dataclass(frozen=True, eq=False)
class _Band:
    """Rows [top, bottom) of a picture, being put together in `kept`; `seen` are its rows from `above` on."""

    top: int
    bottom: int
    above: int
    seen: Array
    kept: dict[str, Values] = field(default_factory=dict)

    def add(self, box: Box, tile: Mapping[str, Values]) -> None:
        top, bottom, left, right = box
        for name, values in tile.items():
            if name not in self.kept:
                shape = self.bottom - self.top, self.seen.shape[1], *values.shape[2:]
                self.kept.setdefault(name, np.empty(shape, values.dtype))  # of several threads the first one's
            self.kept[name][top - self.top : bottom - self.top, left:right] = values


class _Tiler:
    """Decomposes the tiles of one picture. What did not fit into memory once is not tried again."""

    def __init__(
        self,
        restorer: Restorer,
        size: tuple[int, int],
        context: Context | None,
        tiling: Tiling,
        keep: Keep,
        progress: Progress,
    ) -> None:
        self.restorer, self.size, self.context, self.tiling = restorer, size, context, tiling
        self.keep, self.progress = keep, progress
        capacity = capacity_of(restorer)
        self.at_once = capacity.tiles if capacity else 1
        self.done = 0

    def band(self, rows: Rows, top: int, bottom: int) -> dict[str, Values]:
        above, below = self._with_halo(top, bottom, self.size[0])
        band = _Band(top, bottom, above, rows(above, below))
        self._fill(band, (top, bottom, 0, self.size[1]))
        return band.kept

    def _fill(self, band: _Band, box: Box) -> None:
        """Decompose the part `box` of the picture, in as many tiles as it takes, as many at once as the restorer takes.

        They are awaited in order. One at a time, they are decomposed when they are awaited, on this thread.
        """
        waiting, begun = [box], deque[tuple[Box, Callable[[], None]]]()
        try:
            while waiting or begun:
                while waiting and len(begun) < self.at_once:
                    box, *others = self._cut(waiting.pop())
                    waiting += reversed(others)
                    begun.append((box, self._begin(band, box)))
                box, finish = begun.popleft()
                top, bottom, left, right = box
                try:
                    finish()
                except MemoryError as error:
                    self._halve(max(bottom - top, right - left), error)
                    waiting.append(box)
                    continue
                self.done += (bottom - top) * (right - left)
                self.progress(self.done)
        finally:
            for _, finish in begun:  # after an error: nothing goes on behind the caller's back
                with suppress(Exception):
                    finish()

    def _cut(self, box: Box) -> list[Box]:
        row_cuts, column_cuts = cuts(*box[:2], self.tiling), cuts(*box[2:], self.tiling)
        return [(*rows, *columns) for rows in row_cuts for columns in column_cuts]

    def _begin(self, band: _Band, box: Box) -> Callable[[], None]:
        work = partial(self._decompose, band, box)
        return work if self.at_once == 1 else _threads(self.at_once).submit(work).result

    def _decompose(self, band: _Band, box: Box) -> None:
        top, bottom, left, right = box
        first, last = self._with_halo(top, bottom, self.size[0])
        start, end = self._with_halo(left, right, self.size[1])
        tile = self.restorer(band.seen[first - band.above : last - band.above, start:end], context=self.context)
        inner = slice(top - first, bottom - first), slice(left - start, right - start)
        parts = (tile.degraded, tile.original, tile.interference, tile.expected_error)
        tile = Decomposition(*(None if values is None else values[inner] for values in parts))  # type: ignore[arg-type]
        if not np.isfinite(tile.original).all():
            raise AiganError(
                f"the model {self.restorer.spec.name} gives values that are not numbers at {left}, {top}:"
                " take another model"
            )
        band.add(box, self.keep(box, tile))

    def _halve(self, side: int, error: MemoryError) -> None:
        if side > self.tiling.side:
            return  # begun before another one did not fit
        if side <= self.tiling.step:
            raise AiganError("there is too little memory for even the smallest tile: close other programs") from error
        half = -(-side // (2 * self.tiling.step)) * self.tiling.step
        logger.warning("a tile of %d px does not fit into memory: going on with %d px", side, half)
        self.tiling = replace(self.tiling, side=half)

    def _with_halo(self, start: int, end: int, size: int) -> tuple[int, int]:
        return max(start - self.tiling.halo, 0), min(end + self.tiling.halo, size)


@cache
def _threads(count: int) -> ThreadPoolExecutor:
    """For tiles in flight; kept, because what cuDNN plans for a shape is a thread's own."""
    return ThreadPoolExecutor(count, "aigan-tile")

"""The third tab: what several methods make of one picture, side by side, and how close they come to a clean one."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from aigan.app.restoring import open_model, write_shown
from aigan.app.work import Watch, in_process
from aigan.baselines.registry import BASELINES, Baseline, shipped_weights
from aigan.decomposition import Array
from aigan.errors import AiganError
from aigan.evaluate.metrics import psnr
from aigan.pictures import Picture, read
from aigan.restore import border, registry, tiles
from aigan.restore.loading import open_restorer

AS_GIVEN = "as given"
PROTOCOL = "PSNR in dB over all values of RGB or gray, peak 255, results clipped to [0, 255] and rounded"


class Compared(msgspec.Struct, frozen=True):
    """What a method made of the picture, or why it could not; `picture` is for the page."""

    method: str
    picture: Path | None = None
    psnr: float | None = None  # dB, where a clean picture is given
    seconds: float = 0.0
    error: str = ""


def methods() -> list[str]:
    """The models that are shipped, and the baselines that are installed."""
    return [*registry.shipped(), *(name for name, baseline in BASELINES.items() if _is_installed(name, baseline))]


def _is_installed(name: str, baseline: Baseline) -> bool:
    needed = _NEEDED.get(name, ("torch",) if baseline.learned else ("scipy",))
    return all(map(importlib.util.find_spec, needed)) and (not baseline.learned or shipped_weights(name).is_file())


_NEEDED = {"bm3d": ("bm3d",), "id": ("scipy", "skimage", "sklearn")}


def compare(
    source: Path,
    clean: Path | None,
    folder: Path,
    *,
    chosen: Sequence[str],
    sigma_255: float,
    max_pixels: int,
    watch: Watch,
    on_method: Callable[[int, str], None] = lambda number, method: None,
) -> Iterator[Compared]:
    """The picture as it was given, and then what each method makes of it; one that fails does not stop the rest.

    `sigma_255`: of the noise, for methods that must be told it. `watch`: over each of them, one after the other.
    `on_method` is told the number and the name of each before it starts. AiganError where a file is no picture or has
    more than `max_pixels`, where the two differ in size or in being gray, or where the work is stopped.
    """
    picture = read(source, max_pixels=max_pixels)
    seen = border.seen(picture.pixels, picture.alpha)
    reference = None if clean is None else read(clean, max_pixels=max_pixels).pixels
    if reference is not None and reference.shape != seen.shape:
        raise AiganError(
            f"the clean picture is {_words(reference)} and the other {_words(seen)}: give two of one scene and size"
        )
    yield _compared(AS_GIVEN, seen, reference, folder, picture, 0.0)
    for number, method in enumerate(chosen):
        on_method(number, method)
        watch.restart()
        started = time.perf_counter()
        try:
            result = _restored(method, seen, sigma_255, watch)
        except AiganError as error:
            if watch.stopped:
                raise
            yield Compared(method, error=str(error))
        else:
            yield _compared(method, result, reference, folder, picture, time.perf_counter() - started)


def _restored(method: str, seen: Array, sigma_255: float, watch: Watch) -> Array:
    if method in BASELINES:
        return in_process(_by_baseline, method, seen, sigma_255, watch=watch)
    restorer = open_model(method, seen.shape[2])
    return tiles.decompose(restorer, seen, on_progress=lambda done: watch.check()).original


def _by_baseline(method: str, seen: Array, sigma_255: float) -> Array:
    restorer = open_restorer(method, channels=seen.shape[2], sigma_255=sigma_255)
    return tiles.decompose(restorer, seen).original


def _compared(
    method: str, result: Array, reference: Array | None, folder: Path, picture: Picture, seconds: float
) -> Compared:
    path = folder / f"{method.replace(' ', '-')}.png"
    write_shown(result, path, icc=picture.form.icc)
    score = None
    if reference is not None:
        score = psnr(np.round(255 * result.clip(0, 1)), 255 * reference)
    return Compared(method, path, score, seconds)


def _words(pixels: Array) -> str:
    height, width, channels = pixels.shape
    return f"{width} × {height} px in {'gray' if channels == 1 else 'colours'}"

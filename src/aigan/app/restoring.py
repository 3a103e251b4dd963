"""The first tab: a picture is restored once, and what was found is kept: another strength costs no inference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from aigan.app.work import Watch
from aigan.decomposition import Array, Decomposition, Restorer
from aigan.errors import AiganError
from aigan.pictures import Form, open_strips, write
from aigan.pictures.kinds import format_of
from aigan.restore import border, outputs, tiles, untouched
from aigan.restore.comparison import Comparison
from aigan.restore.inspect import decide
from aigan.restore.job import AUTO, context_of
from aigan.restore.loading import open_restorer
from aigan.restore.naming import plan

TILE_PX = 1024  # a second or a few of work: how soon it can be stopped
WRITTEN_ROWS = 256
EXACT_PIXELS = 1_000_000  # what is no larger is shown as PNG

Progress = Callable[[float], None]  # is told which share is done


@dataclass(frozen=True)
class Restored:
    """A picture and what was found in it, kept as files in `folder`.

    `extension`: of the pictures that are shown, which are no larger than 2048 px. `has_error`: whether the model can
    say how far it may be off.
    """

    source: Path
    folder: Path
    model: str
    reason: str
    size: tuple[int, int]  # height, width
    form: Form
    extension: str
    has_error: bool

    def shown(self, strength: float) -> Path:
        """I − s·(I − O), as a picture for the page."""
        path = self.folder / f"strength-{strength:.2f}{self.extension}"
        if not path.exists():
            degraded, original = self._load("degraded-shown"), self._load("original-shown")
            write_shown(Decomposition(degraded, original, degraded).at_strength(strength), path, icc=self.form.icc)
        return path

    @property
    def interference(self) -> Path:
        """T as a picture for the page, gray where nothing was removed."""
        return self.folder / f"interference{self.extension}"

    @property
    def expected_error(self) -> Path | None:
        """The expected error as a picture for the page, `comparison.ERROR_GAIN` times."""
        return self.folder / f"expected-error{self.extension}" if self.has_error else None

    def file(self, strength: float) -> Path:
        """The whole picture at that strength, in a file of the kind and depth of its source, with its metadata."""
        target = plan([self.source], self.folder, suffix=".restored")[0].target
        with open_strips(self.source) as strips:
            if (strength == 0 or self.model == untouched.NAME) and format_of(target).name == strips.form.format:
                outputs.copy(self.source, target, overwrite=True)
                return target
            original = self._load("original")
            with outputs.open_outputs(
                {"original": target}, strips, strength=strength, quality=95, strip_metadata=False, overwrite=True
            ) as files:
                for top in range(0, strips.height, WRITTEN_ROWS):
                    rows = strips.read(top, min(top + WRITTEN_ROWS, strips.height))
                    degraded = border.seen(rows.pixels, rows.alpha)
                    result = Decomposition(degraded, original[top : top + WRITTEN_ROWS], degraded)
                    files.add(files.tile((top, top + len(degraded), 0, strips.width), rows, result))
        return target

    def _load(self, name: str) -> Array:
        try:
            return np.load(self.folder / f"{name}.npy", mmap_mode="r")  # type: ignore[no-any-return]
        except FileNotFoundError as error:
            raise AiganError("this result is no longer kept: restore the picture again") from error


def restore(
    source: Path, folder: Path, *, task: str, max_pixels: int, watch: Watch, on_progress: Progress = lambda share: None
) -> Restored:
    """Restore a picture and keep what was found in `folder`, band by band, so that memory holds little of it.

    `task`: a model's name, or "auto" for what `inspect.choose` says. AiganError where the file is no picture or has
    more than `max_pixels`, or where `watch` ends.
    """
    with open_strips(source, max_pixels=max_pixels) as strips:
        model, reason = task, ""
        if task == AUTO:
            choice = decide(source)
            model, reason = choice.model or untouched.NAME, choice.reason
        size, form = (strips.height, strips.width), strips.form
        restorer = open_model(model, strips.channels)
        original = open_memmap(folder / "original.npy", mode="w+", dtype=np.float32, shape=(*size, strips.channels))
        sheet = Comparison(*size)

        def rows(top: int, bottom: int) -> Array:
            strip = strips.read(top, bottom)
            return border.seen(strip.pixels, strip.alpha)

        def report(done: int) -> None:
            watch.check()
            on_progress(done / (size[0] * size[1]))

        def keep(box: tiles.Box, tile: Decomposition) -> dict[str, tiles.Values]:
            top, bottom, left, right = box
            original[top:bottom, left:right] = tile.original
            sheet.add(box, tile, tile.original)
            return {}

        report(0)
        context = context_of(restorer, source)
        for _ in tiles.decompose_bands(
            restorer, rows, size, keep=keep, context=context, tile=TILE_PX, on_progress=report
        ):
            pass
    panels = list(sheet.panels.values())
    extension = ".png" if panels[0].size <= 3 * EXACT_PIXELS else ".jpg"
    result = Restored(source, folder, restorer.spec.name, reason, size, form, extension, has_error=len(panels) == 4)
    np.save(folder / "degraded-shown.npy", panels[0])
    np.save(folder / "original-shown.npy", panels[1])
    for path, panel in zip([result.interference, result.expected_error], panels[2:], strict=False):
        if path:
            write_shown(panel, path)
    return result


@lru_cache(maxsize=4)
def open_model(model: str, channels: int) -> Restorer:
    """A model for pictures of 1 or 3 channels; those used last stay open."""
    return open_restorer(model, channels=channels)


def write_shown(pixels: Array, path: Path, *, icc: bytes | None = None) -> None:
    """Write a picture for the page: 8 bits, and no metadata but the profile of its colours."""
    write(pixels, path, form=Form(format=format_of(path).name, icc=icc), overwrite=True)

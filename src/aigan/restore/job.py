"""The main job: any number of pictures in, restored ones out, band by band, so that their size does not matter."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import zip_longest
from pathlib import Path
from typing import Literal

import msgspec

from aigan.decomposition import Array, Context, Restorer
from aigan.errors import AiganError
from aigan.pictures import Form, Picture, StripReader, open_strips, thumbnail
from aigan.pictures.kinds import format_of
from aigan.restore import border, outputs, tiles, untouched
from aigan.restore.backends import contract
from aigan.restore.inspect import Choice, decide
from aigan.restore.loading import Backend, check, open_restorer
from aigan.restore.naming import Item, Part

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]  # pixels of the picture at hand that are done, of how many
Test = Callable[[Path], bool]
AUTO = "auto"
CONTEXT_PX = 1024  # longest side of the thumbnail that shows what is global in a picture
SCALE_PX = 256  # and of the one that shows whether floats are scaled as they must be
Phase = Literal["reading", "restoring", "writing"]


class FileResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a picture; its phases in seconds."""

    source: str
    status: Literal["restored", "skipped", "failed"]
    error: str = ""
    model: str = ""
    width: int = 0
    height: int = 0
    outputs: dict[Part, str] = {}
    notes: tuple[str, ...] = ()
    seconds: dict[Phase, float] = {}


@dataclass(frozen=True, kw_only=True)
class Job:
    """How pictures are restored and what is written.

    `model`: a name or a file for `loading.open_restorer`, or "auto": what `inspect.choose` says of each picture, with
    `auto_once` of the first one, so that the frames of a clip do not flicker. `strength`: 0 leaves a picture as it
    is, 1 removes all that was found. `save`: which files; see `naming.Item` and `outputs`. `tile`, `tile_exact`:
    see `tiles.decompose_bands`. `tta`: the mean over eight flips and turns, eight times as slow. `backend`, `device`,
    `precision`: see `loading.open_restorer`. `quality`, `strip_metadata`: see `pictures.write`. `resume`: what exists
    is left as it is, and what is missing is made. `overwrite`: what exists is replaced.
    """

    model: str = AUTO
    auto_once: bool = False
    strength: float = 1.0
    save: tuple[Part, ...] = ("original",)
    tile: tiles.TileSize = "auto"
    tile_exact: bool = False
    tta: bool = False
    backend: Backend = "auto"
    device: contract.Device = "auto"
    precision: contract.Precision = "auto"
    quality: int = 95
    strip_metadata: bool = False
    resume: bool = False
    overwrite: bool = False

    def run(self, items: Sequence[Item], *, on_progress: Progress | None = None) -> Iterator[FileResult]:
        """Restore the pictures one after another; one that fails does not stop the rest.

        Results appear whole or not at all, and never in the place of a source. AiganError where there is no such model,
        or where backend, device and precision do not go together.
        """
        is_source = is_one_of(item.source for item in items)
        work = Work(self, on_progress=on_progress or (lambda done, total: None))
        # while a picture is restored, the one before it is encoded, and what to do with the next one is decided
        with ThreadPoolExecutor(max_workers=1) as encoder, ThreadPoolExecutor(max_workers=1) as scout:

            def look_at(item: Item | None) -> Future[Choice] | None:
                return scout.submit(decide, item.source) if item and self._will_decide(item) else None

            encoding: Future[FileResult] | None = None
            upcoming = look_at(items[0] if items else None)
            self.check()  # meanwhile, because it loads the backend
            for item, following in zip_longest(items, items[1:]):
                choice, upcoming = upcoming, look_at(following)
                paths = partial(self.paths, item, exists=Path.exists, is_source=is_source)
                finish = work.begin(item.source, paths, choice)
                if encoding:
                    yield encoding.result()
                encoding = encoder.submit(finish)
            if encoding:
                yield encoding.result()

    def _will_decide(self, item: Item) -> bool:
        """Whether "auto" has to look at this picture."""
        done = self.resume and all(item.output(part).exists() for part in self.save)
        return self.model == AUTO and not self.auto_once and not done

    def check(self) -> None:
        """AiganError where there is no such model, or where backend, device and precision do not go together here."""
        model = None if self.model == AUTO else self.model
        check(model, backend=self.backend, device=self.device, precision=self.precision)

    def paths(self, item: Item, *, exists: Test, is_source: Test) -> dict[Part, Path]:
        """Where each part goes; with `resume`, those that do not exist.

        AiganError where something is there that must stay.
        """
        paths: dict[Part, Path] = {}
        for part in self.save:
            path = item.output(part)
            if exists(path):
                if is_source(path):
                    raise AiganError(
                        f"{path} is itself a picture to restore, which is never overwritten: choose another folder"
                    )
                if self.resume and not self.overwrite:
                    continue
                if not self.overwrite:
                    raise AiganError(f"{path} exists already: add --overwrite to replace it, or --resume to leave it")
            paths[part] = path
        return paths


def failed(source: str, error: Exception) -> FileResult:
    """What became of a picture that raised this; what is no error of the user's is logged in full."""
    if not isinstance(error, AiganError):
        logger.error("%s", source, exc_info=error)
    text = str(error) or type(error).__name__
    text = text if source in text else f"{source}: {text}"
    return FileResult(source=source, status="failed", error=text)


def there_already(source: str) -> FileResult:
    """What became of a picture of which everything is there."""
    return FileResult(source=source, status="skipped", notes=("there already",))


def is_one_of(sources: Iterable[Path]) -> Test:
    """Whether a file is one of these, by whatever name."""
    identities = frozenset(_identity(source) for source in sources if source.exists())
    return lambda path: _identity(path) in identities


class Work:
    """A job at work: what is opened and decided once for many pictures. `choice`: of "auto" for all of them."""

    def __init__(
        self, job: Job, *, on_progress: Progress = lambda done, total: None, choice: Choice | None = None
    ) -> None:
        self.job, self.on_progress, self.choice = job, on_progress, choice
        self.parts: list[contract.Part] = []
        if {"interference", "comparison"} & {*job.save}:
            self.parts.append("interference")
        if "error" in job.save:
            self.parts.append("expected_error")
        self.open_model = cache(self._open_model)

    def restore(self, source: Path, paths: Mapping[Part, Path]) -> FileResult:
        """Restore a picture, its parts to these files; the models stay open for the next one. Raises what fails."""
        return self._restore(source, paths)()

    def begin(
        self, source: Path, paths: Callable[[], Mapping[Part, Path]], choice: Future[Choice] | None = None
    ) -> Callable[[], FileResult]:
        """Restore a picture but for the encoding of its files, which the call of what is returned does.

        `choice`: of "auto", where it is being made already. Whatever happens to the picture is in the result, so that a
        batch goes on.
        """
        try:
            finish = self._restore(source, paths(), choice)
        except Exception as error:
            return partial(failed, str(source), error)

        def finished() -> FileResult:
            try:
                return finish()
            except Exception as error:
                return failed(str(source), error)

        return finished

    def _restore(
        self, source: Path, paths: Mapping[Part, Path], choice: Future[Choice] | None = None
    ) -> Callable[[], FileResult]:
        if not paths:
            return partial(there_already, str(source))
        clock = _Stopwatch()
        model, reasons = self._model_for(source, choice)
        with ExitStack() as opened:
            strips = opened.enter_context(open_strips(source))
            to_make = dict(paths)
            if model == untouched.NAME and "original" in paths and self._may_copy(paths["original"], strips):
                outputs.copy(source, to_make.pop("original"), overwrite=self.job.overwrite)
            restorer = self.open_model(model, strips.channels)
            if to_make:
                files = opened.enter_context(
                    outputs.open_outputs(
                        to_make,
                        strips,
                        strength=self.job.strength,
                        quality=self.job.quality,
                        strip_metadata=self.job.strip_metadata,
                        overwrite=self.job.overwrite,
                    )
                )
                self._fill(files, source, strips, restorer, clock)
            encode = opened.pop_all().close

        def finish() -> FileResult:
            clock.start()
            encode()
            clock.lap("writing")
            return FileResult(
                source=str(source),
                status="restored",
                model=restorer.spec.name,
                width=strips.width,
                height=strips.height,
                outputs={part: str(path) for part, path in paths.items()},
                notes=(*strips.form.notes, *_scale(source, strips.form), *reasons),
                seconds=clock.seconds,
            )

        return finish

    def _fill(
        self, files: outputs.Outputs, source: Path, strips: StripReader, restorer: Restorer, clock: _Stopwatch
    ) -> None:
        size = strips.height, strips.width
        rows = _Rows(strips, clock)
        bands = tiles.decompose_bands(
            restorer,
            rows,
            size,
            keep=lambda box, tile: files.tile(box, rows.as_read(box), tile),
            context=context_of(restorer, source),
            tile=self.job.tile,
            exact=self.job.tile_exact,
            on_progress=lambda done: self.on_progress(done, size[0] * size[1]),
        )
        for band in bands:
            clock.lap("restoring")
            files.add(band)
            clock.lap("writing")

    def _may_copy(self, target: Path, strips: StripReader) -> bool:
        """Whether the file itself is what is asked for: of its kind, with all that it holds."""
        return format_of(target).name == strips.form.format and not self.job.strip_metadata

    def _model_for(self, source: Path, upcoming: Future[Choice] | None) -> tuple[str, tuple[str, ...]]:
        """The model to take, and why."""
        if self.job.model != AUTO:
            return self.job.model, ()
        choice = self.choice or (upcoming.result() if upcoming else decide(source))
        if self.job.auto_once:
            self.choice = choice
        return choice.model or untouched.NAME, (f"{choice.model or 'left as it is'}: {choice.reason}",)

    def _open_model(self, model: str, channels: int) -> Restorer:
        return open_restorer(
            model,
            channels=channels,
            parts=self.parts,
            tta=self.job.tta,
            backend=self.job.backend,
            device=self.job.device,
            precision=self.job.precision,
        )


@dataclass
class _Stopwatch:
    seconds: dict[Phase, float] = field(default_factory=lambda: {"reading": 0.0, "restoring": 0.0, "writing": 0.0})
    last: float = field(default_factory=time.perf_counter)

    def start(self) -> None:
        """Do not count the time since the last lap."""
        self.last = time.perf_counter()

    def lap(self, phase: Phase) -> None:
        """Count the time since the last lap to the phase that ends here."""
        now = time.perf_counter()
        self.seconds[phase] += now - self.last
        self.last = now


class _Rows:
    """The rows of a picture as the network sees them, and those read last as they are in the file."""

    def __init__(self, strips: StripReader, clock: _Stopwatch) -> None:
        self._strips, self._clock = strips, clock

    def __call__(self, top: int, bottom: int) -> Array:
        self._clock.lap("restoring")
        self._top, self._strip = top, self._strips.read(top, bottom)
        self._clock.lap("reading")
        return border.seen(self._strip.pixels, self._strip.alpha)

    def as_read(self, box: tiles.Box) -> Picture:
        """A part of the picture, which must lie within the rows that were read last."""
        top, bottom, left, right = box
        inner, alpha = (slice(top - self._top, bottom - self._top), slice(left, right)), self._strip.alpha
        return Picture(self._strip.pixels[inner], None if alpha is None else alpha[inner], self._strip.form)


def context_of(restorer: Restorer, source: Path) -> Context | None:
    """What is global in a picture, from a thumbnail, for the restorers that ask for it."""
    if not restorer.spec.needs_context:
        return None
    small = thumbnail(source, longest_side=CONTEXT_PX)
    return restorer.context(border.seen(small.pixels, small.alpha))


def _scale(source: Path, form: Form) -> tuple[str, ...]:
    """A note where floating point does not mean what it must."""
    if form.depth == "float32" and border.mostly_outside(thumbnail(source, longest_side=SCALE_PX).pixels):
        return ("most values lie outside [0, 1] and count as black or white: scale them first",)
    return ()


def _identity(path: Path) -> tuple[int, int]:
    """Equal for two names of one file."""
    status = path.stat()
    return status.st_dev, status.st_ino

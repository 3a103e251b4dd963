"""Make a study: render every method's result of every picture once, under names that say nothing, and invite."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

import aigan
from aigan.data.folders import list_pictures, match_folders, some
from aigan.decomposition import Array, Restorer, Task
from aigan.errors import AiganError, UsageError
from aigan.files import writable
from aigan.pictures import Picture, read, write
from aigan.pictures.form import Form
from aigan.restore import border, tiles
from aigan.restore.loading import check, open_restorer
from aigan.study.ballots import Ballots
from aigan.study.manifest import (
    BALLOTS,
    HOST,
    INVITATIONS,
    LETTERS,
    LONGEST_NAME,
    MANIFEST,
    PICTURES,
    PORT,
    Method,
    Shown,
    Study,
    picture_file,
)

Progress = Callable[[int, int], None]  # results that are rendered, of how many
URL = f"http://{HOST}:{PORT}"
REMOVED: dict[Task, str] = {"derain": "rain", "dehaze": "haze", "denoise": "noise", "all": "rain, haze and noise"}
QUESTION = "Which result is best? Look at how little {removed} is left, and at how smooth and natural the rest looks."
CONSENT = """\
You are invited to compare ways of taking {removed} out of photographs.

You will see {pictures}, one after the other, each together with {methods} results called {letters}. For each, choose \
the result that you find best. There are no right or wrong answers.

Taking part is voluntary. You may stop at any time by closing the page, and come back with the same link. A choice \
that you have confirmed cannot be changed.

What is stored: which result you chose for each picture, and that you agreed to this. What is not stored: your name, \
your address, your device, the time. This page sets no cookies and loads nothing from elsewhere.
"""


def create_study(
    folder: Path,
    *,
    methods: Sequence[str],
    pictures: Path,
    assessors: int = 50,
    task: Task = "all",
    question: str = "",
    consent: str = "",
    url: str = URL,
    sigma_255: float | None = None,
    on_progress: Progress = lambda done, total: None,
) -> Study:
    """Make a study in a new folder, which appears whole or not at all.

    `methods`: 2 to 9 models or baselines, "none" for the pictures as they are, or folders of ready pictures, with the
    names of those in `pictures` (their extensions may differ) and their sizes; NAME=METHOD gives any of them a name,
    which folders need. `pictures`: the folder of the degraded ones. `question`, `consent`: what assessors read, in
    plain text; made from `task` where they are empty. `url`: where they reach the server, for the links in
    invitations.txt, one an assessor. `sigma_255`: of the noise, for the baselines that must be told it. All is stored
    as PNG of 8 bits.
    UsageError where what is asked for makes no sense; AiganError where the folder exists, or a picture is missing,
    damaged or of another size than its original.
    """
    if folder.exists():
        raise AiganError(f"{folder} exists already, and a study is never overwritten: name another folder")
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"{url} is no address of a server: take one like {URL}")
    sources = list_pictures(pictures)
    if not sources:
        raise UsageError(f"{pictures} holds no picture: name a folder with those to compare the methods on")
    renderers = [_renderer(text, pictures, sigma_255) for text in methods]
    names = [renderer.method.name for renderer in renderers]
    if not 2 <= len(names) <= len(LETTERS) or len(set(names)) < len(names):
        raise UsageError(f"{', '.join(names)}: name 2 to {len(LETTERS)} methods, each once")
    words = {
        "removed": REMOVED[task],
        "pictures": "1 picture" if len(sources) == 1 else f"{len(sources)} pictures",
        "methods": len(names),
        "letters": " ".join(LETTERS[: len(names)]),
    }
    with _appearing(folder) as temporary:
        study = Study(
            task=task,
            question=question or QUESTION.format(**words),
            consent=consent or CONSENT.format(**words),
            methods=tuple(renderer.method for renderer in renderers),
            pictures=tuple(_render(sources, pictures, renderers, temporary, on_progress)),
            made_by=f"aigan {aigan.__version__}",
        )
        (temporary / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(study), indent=2) + b"\n")
        tokens = [secrets.token_urlsafe(16) for _ in range(assessors)]
        Ballots.create(temporary / BALLOTS, tokens)
        links = "".join(f"{url.rstrip('/')}/{token}/\n" for token in tokens)
        (temporary / INVITATIONS).write_text(links, encoding="utf-8")
    return study


@dataclass(frozen=True)
class _Renderer:
    """What gives a method's result of a picture: (H, W, C) float32, and its ICC profile if it has one of its own."""

    method: Method
    result: Callable[[Path, Picture], tuple[Array, bytes | None]]


def _renderer(text: str, pictures: Path, sigma_255: float | None) -> _Renderer:
    """Of a method as the user names it. All that may be wrong is found here, but for damaged pictures."""
    name, named, source = text.partition("=")
    source = source if named else name
    if not 1 <= len(name) <= LONGEST_NAME or not source:
        raise UsageError(
            f"“{text}” is no method: take a model, NAME=MODEL, or NAME=FOLDER for ready pictures, with a name of at "
            f"most {LONGEST_NAME} letters"
        )
    method = Method(name=name, source=source)
    if named and Path(source).is_dir():
        return _Renderer(method, _from_folder(Path(source), pictures))
    check(source, backend="auto", device="auto", precision="auto")
    return _Renderer(method, _by_model(source, sigma_255))


def _from_folder(folder: Path, pictures: Path) -> Callable[[Path, Picture], tuple[Array, bytes | None]]:
    pairs, widowed, _ = match_folders(pictures, folder)
    if widowed:
        raise AiganError(f"{folder} lacks the results of {some([path.name for path in widowed])}: add them")
    of_source = {pair.degraded: pair.clean for pair in pairs}

    def result(source: Path, degraded: Picture) -> tuple[Array, bytes | None]:
        path = of_source[source]
        ready = read(path)
        if ready.pixels.shape[:2] != degraded.pixels.shape[:2]:
            one, other = (f"{p.pixels.shape[1]}×{p.pixels.shape[0]}" for p in (ready, degraded))
            raise AiganError(f"{path} ({one}) and {source} ({other}) differ in size: make the result anew")
        return ready.pixels, ready.form.icc

    return result


def _by_model(name: str, sigma_255: float | None) -> Callable[[Path, Picture], tuple[Array, bytes | None]]:
    @cache
    def opened(channels: int) -> Restorer:
        return open_restorer(name, channels=channels, parts=(), sigma_255=sigma_255)

    def result(source: Path, degraded: Picture) -> tuple[Array, bytes | None]:
        seen = border.seen(degraded.pixels, degraded.alpha)
        found = tiles.decompose(opened(degraded.pixels.shape[2]), seen)
        return border.restored(degraded.pixels, degraded.alpha, found, 1.0), None

    return result


def _render(
    sources: Sequence[Path], below: Path, renderers: Sequence[_Renderer], folder: Path, on_progress: Progress
) -> Iterator[Shown]:
    """Write each picture and its results. They differ in their pixels alone: one encoder, one profile, no metadata."""
    (folder / PICTURES).mkdir()
    total = len(sources) * len(renderers)
    for place, source in enumerate(sources):
        degraded = read(source)

        def store(pixels: Array, icc: bytes | None, degraded: Picture = degraded) -> str:
            name = secrets.token_hex(16)
            form = Form(format="PNG", icc=icc or degraded.form.icc)
            write(pixels, picture_file(folder, name), form=form, alpha=degraded.alpha)
            return name

        outputs = {}
        for done, renderer in enumerate(renderers, place * len(renderers)):
            on_progress(done, total)
            outputs[renderer.method.name] = store(*renderer.result(source, degraded))
        yield Shown(
            name=source.relative_to(below).as_posix(),
            width=degraded.pixels.shape[1],
            height=degraded.pixels.shape[0],
            degraded=store(degraded.pixels, None),
            outputs=outputs,
        )
    on_progress(total, total)


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """A temporary folder, for its owner only, that becomes `folder` when the block ends without an error."""
    with writable(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".aigan-", dir=folder.parent))
    try:
        with writable(folder):
            yield temporary
            temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)

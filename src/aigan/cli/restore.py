"""`aigan restore`: the main job."""

from __future__ import annotations

import contextlib
import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer
from typer.core import TyperCommand

from aigan.cli.values import no_nan

if TYPE_CHECKING:
    from rich.progress import Progress

    from aigan.restore.job import FileResult
    from aigan.restore.naming import Part
    from aigan.restore.pipes import Ends
    from aigan.restore.tiles import TileSize

Task = Literal["auto", "derain", "dehaze", "denoise", "all"]
Backend = Literal["auto", "onnx", "openvino", "torch"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]
PARTS = ("original", "interference", "error", "comparison")
ADDRESS = re.compile(r"auto|local|ray://.+|[\w.-]+:\d+|\[[\da-fA-F:]+\]:\d+")  # of a Ray cluster


class Command(TyperCommand):
    """Lets `--cluster` stand alone, which Typer's options cannot: what follows is a value if it is an address."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give a lone `--cluster` the value "local"."""
        args = [
            "--cluster=local" if word == "--cluster" and not ADDRESS.fullmatch(after) else word
            for word, after in pairwise([*args, ""])
        ]
        return super().parse_args(ctx, args)


def restore(
    inputs: Annotated[list[str], typer.Argument(help="Pictures, folders, patterns, or - for standard input.")],
    out: Annotated[str, typer.Option("-o", "--out", help="A picture, a folder, or - for standard output.")],
    task: Annotated[
        Task, typer.Option(help="What to remove; auto measures the picture, all is for any of them.")
    ] = "auto",
    auto_once: Annotated[bool, typer.Option(help="Let auto decide on the first picture for all.")] = False,
    model: Annotated[
        str, typer.Option(help="A model of `aigan models`, or a file, ONNX or weights; instead of --task.")
    ] = "",
    strength: Annotated[
        float, typer.Option(min=0.0, max=2.0, callback=no_nan, help="0 leaves the picture, 1 removes all.")
    ] = 1.0,
    save: Annotated[str, typer.Option(help=f"What to write, of {','.join(PARTS)}.")] = "original",
    tile: Annotated[str, typer.Option(help="Side of a tile in pixels, auto, or none.")] = "auto",
    tile_exact: Annotated[bool, typer.Option(help="Tiles that equal the whole picture to 1e-5; slower.")] = False,
    backend: Annotated[
        Backend,
        typer.Option(help="What computes; auto is onnx, what `aigan bench` found faster, or torch where it must be."),
    ] = "auto",
    device: Annotated[Device, typer.Option(help="Where; cuda and mps need torch.")] = "auto",
    precision: Annotated[Precision, typer.Option(help="auto is fp32; what fails in less is redone in it.")] = "auto",
    tta: Annotated[bool, typer.Option(help="Mean over eight flips and turns: a little better, 8 × slower.")] = False,
    suffix: Annotated[str, typer.Option(help="What to append to the names.")] = "",
    ext: Annotated[str, typer.Option(help="Kind of the files written, such as png; auto for the source's.")] = "auto",
    quality: Annotated[int, typer.Option(min=1, max=100, help="Of JPEG, WebP, AVIF and HEIC.")] = 95,
    resume: Annotated[bool, typer.Option(help="Leave out what is there already.")] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace what is there already.")] = False,
    strip_metadata: Annotated[bool, typer.Option(help="Write neither EXIF nor XMP.")] = False,
    json: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write what became of each picture to this file.")
    ] = None,
    cluster: Annotated[
        str,
        typer.Option(
            metavar="[ADDRESS]",
            help="Work on a Ray cluster, HOST:PORT or auto, or without an address on one that is started here.",
            show_default=False,
        ),
    ] = "",
) -> None:
    """Remove rain, haze or noise from pictures."""
    from aigan.pictures import is_picture
    from aigan.restore.job import Job
    from aigan.restore.naming import plan
    from aigan.restore.pipes import piped

    if json and is_picture(json):  # as when a shell makes --json *.png of several pictures
        raise typer.BadParameter(
            f"{json} is a picture's name, and a report replaces what is there", param_hint="--json"
        )

    job = Job(
        model=model or task,
        auto_once=auto_once,
        strength=strength,
        save=_parts(save),
        tile=_tile(tile),
        tile_exact=tile_exact,
        tta=tta,
        backend=backend,
        device=device,
        precision=precision,
        quality=quality,
        strip_metadata=strip_metadata,
        resume=resume,
        overwrite=overwrite,
    )
    if cluster and "-" in (*inputs, out):
        raise typer.BadParameter("takes files, folders and buckets, not -", param_hint="--cluster")
    with piped(inputs, out, sys.stdin.buffer, sys.stdout.buffer, ext=ext) as ends:
        if cluster:
            from aigan.restore.cluster import places, runner

            items = places.plan(ends.inputs, ends.output, suffix=suffix, ext=ext, parts=job.save)
        else:
            items = plan(ends.inputs, ends.output, suffix=suffix, ext=ext, parts=job.save)
        results: list[FileResult] = []
        try:
            # what Ray says of workers that died is not for standard output
            with _Bar(len(items)) as bar, contextlib.redirect_stdout(sys.stderr):
                if cluster:
                    coming = runner.run(job, items, ends.output, address=cluster)
                else:
                    coming = job.run(items, on_progress=bar.within)
                for result in coming:
                    bar.next()
                    results.append(told := _told(result, ends))
                    _report(told)
        finally:
            if json:
                _write_json(json, results)
    _sum_up(results)


def _told(result: FileResult, ends: Ends) -> FileResult:
    """A result in a user's words."""
    import msgspec

    return msgspec.structs.replace(
        result,
        source=ends.told(result.source),
        error=ends.told(result.error),
        notes=tuple(map(ends.told, result.notes)),
        outputs={part: ends.told(path) for part, path in result.outputs.items()},
    )


def _report(result: FileResult) -> None:
    if result.error:
        typer.echo(f"aigan: {result.error}", err=True)
    for note in result.notes:
        typer.echo(f"{result.source}: {note}", err=True)


def _sum_up(results: list[FileResult]) -> None:
    counts = {
        status: sum(result.status == status for result in results) for status in ("restored", "skipped", "failed")
    }
    if len(results) > 1:
        typer.echo(", ".join(f"{count} {status}" for status, count in counts.items() if count), err=True)
    if counts["failed"]:
        raise typer.Exit(1)


def _write_json(path: Path, results: list[FileResult]) -> None:
    import json

    import msgspec

    from aigan.files import make_folder, write_whole

    text = json.dumps(msgspec.to_builtins(results), ensure_ascii=False, indent=2) + "\n"
    make_folder(path.parent)
    write_whole(path, text.encode(errors="backslashreplace"))  # names that are not UTF-8 as JSON escapes


def _parts(save: str) -> tuple[Part, ...]:
    parts = tuple(dict.fromkeys(part.strip() for part in save.split(",")))
    if unknown := sorted({*parts} - {*PARTS}):
        raise typer.BadParameter(
            f"{', '.join(map(repr, unknown))}: take some of {','.join(PARTS)}", param_hint="--save"
        )
    return cast("tuple[Part, ...]", parts)


def _tile(tile: str) -> TileSize:
    if tile == "auto":
        return "auto"
    if tile == "none":
        return "none"
    if not tile.isdecimal() or int(tile) == 0:
        raise typer.BadParameter("give a number of pixels, auto or none", param_hint="--tile")
    return int(tile)


class _Bar:
    """The pictures that are done, and the time left; nothing where standard error is no terminal."""

    def __init__(self, pictures: int) -> None:
        self.done = 0
        self.bar: Progress | None = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress

            self.bar = Progress(console=Console(stderr=True), transient=True)
            self.task = self.bar.add_task("", total=pictures)

    def __enter__(self) -> _Bar:
        if self.bar:
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar:
            self.bar.stop()

    def within(self, pixels: int, of: int) -> None:
        """So much of the picture at hand is done."""
        if self.bar:
            self.bar.update(self.task, completed=self.done + pixels / of)

    def next(self) -> None:
        """The picture at hand is finished."""
        self.done += 1
        self.within(0, 1)

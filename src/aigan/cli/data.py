"""`aigan data`: look at training data before it is trained on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from aigan.data.check import Report

app = typer.Typer(help="Look at training data before anyone trains on it.", no_args_is_help=True)


@app.command()
def check(
    directory: Annotated[Path, typer.Argument(help="A published set, own pairs, or clean pictures.")],
    clean: Annotated[str, typer.Option(help="Name of the folder of clean pictures in it; found where not given.")] = "",
    degraded: Annotated[str, typer.Option(help="Name of the folder of degraded pictures in it.")] = "",
    benchmark: Annotated[
        list[str] | None, typer.Option(help="Look for test scenes of this benchmark only; may be repeated.")
    ] = None,
) -> None:
    """Report pictures without partner, unreadable, of different size, twice there, or test scenes of a benchmark."""
    from rich.console import Console
    from rich.progress import Progress

    from aigan.data.check import check
    from aigan.data.test_scenes import BENCHMARKS

    if bool(clean) != bool(degraded):
        raise typer.BadParameter("--clean and --degraded go together")
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Reading")
        report = check(
            directory,
            clean=clean,
            degraded=degraded,
            benchmarks=benchmark or BENCHMARKS,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    _show(report)
    raise typer.Exit(0 if report.sound else 1)


@app.command()
def layouts() -> None:
    """List the published sets that are recognised, with the files they want and where they are published."""
    from rich.console import Console
    from rich.table import Column, Table

    from aigan.data.layouts import OWN, PUBLISHED, TREE

    table = Table("set", "task", "pictures", "files", Column("published by", overflow="fold"), show_lines=True)
    for published in PUBLISHED:
        files = "\nor ".join(form.files for form in published.forms)
        table.add_row(published.name, published.task, str(published.count), files, published.source)
    table.add_row("your own", "", "", "\nor ".join(form.files for form in (*OWN, TREE)), "")
    Console().print(table)


@app.command()
def fingerprint(
    data: Annotated[Path, typer.Argument(help="The data folder with splits.json and the test sets.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write.")],
) -> None:
    """Make the file by which test scenes are recognised (src/aigan/data/test_scenes.json)."""
    from aigan.data.test_scenes import encode_scenes, make_scenes
    from aigan.files import write_whole

    scenes = make_scenes(data)
    write_whole(out, encode_scenes(scenes))
    typer.echo(f"{out}: {len(scenes)} scenes")


def _show(report: Report) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    from aigan.data.check import REMARKS
    from aigan.data.folders import some

    console = Console()
    table = Table("", "what", Column("files", overflow="fold"), Column("detail", overflow="fold"))
    for problem in report.problems:
        mark = "remark" if problem.kind in REMARKS else "[red]wrong[/red]"
        names = [os.path.relpath(path, report.directory) for path in problem.paths]
        table.add_row(mark, problem.kind, escape(some(names)), escape(problem.detail))
    if report.problems:
        console.print(table)
    verdict = "sound" if report.sound else "[red]not sound[/red]"
    console.print(
        f"{escape(str(report.directory))}: {report.layout}; {report.examples} examples, {report.files} files; {verdict}"
    )

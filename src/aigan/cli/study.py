"""`aigan study`: which method do people prefer?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Optional

import typer

app = typer.Typer(no_args_is_help=True)
Task = Literal["derain", "dehaze", "denoise", "all"]
Folder = Annotated[Path, typer.Argument(metavar="STUDY", help="The folder that `aigan study create` made.")]


@app.callback()
def study() -> None:
    """Ask people which method they prefer: make a study, serve it in the browser, report on the votes."""


@app.command()
def create(
    methods: Annotated[
        str,
        typer.Option(
            help="2 to 9, separated by commas: models of `aigan models`, classical systems (dsc ...), none for the "
            "pictures as they are, NAME=FOLDER for ready pictures of the same names; NAME=MODEL gives a model a name."
        ),
    ],
    pictures: Annotated[Path, typer.Option(help="The folder of the degraded pictures.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The study: a new folder.")],
    assessors: Annotated[int, typer.Option(min=1, max=100_000, help="How many to invite.")] = 50,
    task: Annotated[Task, typer.Option(help="What is removed; for the words that assessors read.")] = "all",
    question: Annotated[str, typer.Option(help="What assessors are asked, instead of the usual question.")] = "",
    consent: Annotated[
        Optional[Path], typer.Option(help="A text to read and agree to, instead of the usual one.")
    ] = None,
    url: Annotated[
        str, typer.Option(help="Where assessors will reach the server; for the links.")
    ] = "http://127.0.0.1:8000",
    sigma_255: Annotated[
        Optional[float],
        typer.Option("--sigma-255", min=0, max=255, help="Of the noise, for the classical systems that must be told."),
    ] = None,
) -> None:
    """Render all results once, and write a link for each assessor."""
    from rich.console import Console
    from rich.progress import Progress

    from aigan.cli.bars import counted
    from aigan.errors import UsageError
    from aigan.study.create import create_study
    from aigan.study.manifest import INVITATIONS

    try:
        text = consent.read_text(encoding="utf-8") if consent else ""
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{consent} cannot be read ({error}): name a text file") from None
    console = Console(stderr=True)
    with Progress(*counted(), console=console, transient=True, disable=not console.is_terminal) as bar:
        bar_task = bar.add_task("results", total=None)
        made = create_study(
            out,
            methods=methods.split(","),
            pictures=pictures,
            assessors=assessors,
            task=task,
            question=question,
            consent=text,
            url=url,
            sigma_255=sigma_255,
            on_progress=lambda done, total: bar.update(bar_task, completed=done, total=total),
        )
    typer.echo(f"{len(made.pictures)} pictures, {len(made.methods)} methods; a secret link for each assessor:")
    typer.echo(out / INVITATIONS)
    typer.echo(f"Next: aigan study serve {out}")


@app.command()
def serve(
    folder: Folder,
    host: Annotated[str, typer.Option(help="The address to answer on; 0.0.0.0 for all of this machine.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
) -> None:
    """Serve a study to its assessors until stopped by Ctrl-C; started again, it goes on."""
    from aigan.cli.needs import needs

    needs("app", "fastapi", "uvicorn")
    from aigan.study.server import serve

    serve(folder, host=host, port=port, on_ready=lambda url: typer.echo(f"{folder} is served at {url}TOKEN/"))


@app.command()
def report(
    folder: Folder,
    out: Annotated[Optional[Path], typer.Option("-o", "--out", help="For the files; else STUDY/report.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the resampling behind some of the intervals.")] = 0,
) -> None:
    """Count the votes so far: shares, intervals, ranking, agreement; Markdown, JSON, CSV and a plot."""
    from aigan.errors import MissingExtra
    from aigan.study import report as reports

    target = out or folder / "report"
    found, rows = reports.report_on(folder, seed=seed)
    paths = reports.write_report(found, rows, target)
    for method in found.methods:
        low, high = method.simultaneous
        typer.echo(f"{method.name:20} {method.votes:5}  {method.share:6.1%}  ({low:.1%} – {high:.1%})")
    for path in paths:
        typer.echo(path)
    try:
        reports.draw_report(found, target / reports.PLOT)
    except MissingExtra as missing:
        typer.echo(f"aigan: {missing}", err=True)
        raise typer.Exit(1) from None
    typer.echo(target / reports.PLOT)

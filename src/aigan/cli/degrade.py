"""`aigan degrade`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from aigan.cli.values import no_nan

if TYPE_CHECKING:
    from aigan.degrade import Result


Kind = Literal["noise", "rain-light", "rain-heavy", "haze"]


def degrade(
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT...", help="Clean pictures, folders, patterns.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="A file for one picture, else a folder.")],
    kind: Annotated[Kind, typer.Option(help="What degrades the pictures.")] = "noise",
    sigma_255: Annotated[
        float,
        typer.Option("--sigma-255", min=0, max=255, callback=no_nan, help="Strength of noise, in gray levels of 255."),
    ] = 25,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same pictures.")] = 0,
    save: Annotated[str, typer.Option(help="Parts to write: degraded, interference, or both by a comma.")] = "degraded",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")] = False,
) -> None:
    """Add rain, haze or noise to clean pictures: test data that anyone can make again.

    Noise is clipped and rounded where the file holds integers; a float TIFF keeps it as it is.
    """
    from rich.console import Console
    from rich.progress import Progress

    from aigan.degrade import degrade_files

    parts = save.split(",")
    if not set(parts) <= {"degraded", "interference"}:
        raise typer.BadParameter("take degraded, interference, or degraded,interference", param_hint="--save")
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(kind, total=None)

        def show(result: Result, count: int) -> None:
            bar.update(task, advance=1, total=count)
            for path in result.outputs:
                typer.echo(path)
            if result.error:
                typer.echo(f"aigan: {result.error}", err=True)

        results = degrade_files(
            inputs,
            out,
            kind=kind,
            sigma_255=sigma_255,
            seed=seed,
            save=parts,  # type: ignore[arg-type]  # checked above
            overwrite=overwrite,
            on_result=show,
        )
    if any(result.error for result in results):
        raise typer.Exit(1)

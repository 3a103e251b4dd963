"""`aigan train`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from aigan.cli.values import no_nan

if TYPE_CHECKING:
    from aigan.training.engine import Run

MINUTES = 60 * 24 * 366  # at most


def train(
    what: Annotated[
        list[str],
        typer.Argument(metavar="CONFIG... [key=value...]", help="YAML configurations, and changes to all of them."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the runs; each takes a folder of its own name in it.")],
    init: Annotated[
        Optional[list[Path]],
        typer.Option(
            help="Weights (.safetensors) to start from; again for each of several configurations, `none` for nothing."
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the newest checkpoint, if there is one.")
    ] = False,
    max_minutes: Annotated[
        Optional[float],
        typer.Option(
            min=0.01, max=MINUTES, callback=no_nan, help="Fit the number of steps of a fresh run into this time."
        ),
    ] = None,
) -> None:
    """Train networks on your own data or on published sets; several configurations train side by side."""
    from aigan.cli.needs import needs

    needs("train", "torch", "lightning_fabric", "safetensors", "tensorboard")
    from rich.progress import Progress, TextColumn

    from aigan.cli.bars import counted
    from aigan.training.config import read_config
    from aigan.training.engine import train as run_training

    overrides = tuple(word for word in what if "=" in word)
    configs = [read_config(Path(word), overrides) for word in what if "=" not in word]
    if not configs:
        raise typer.BadParameter("name at least one configuration; examples lie in configs/")

    first = os.environ.get("RANK", "0") == "0"  # of the processes of torchrun, one talks
    with Progress(*counted(), TextColumn("{task.fields[error]}"), refresh_per_second=1, disable=not first) as bar:
        tasks = {config.name: bar.add_task(config.name, total=config.steps, error="") for config in configs}

        def show(run: Run) -> None:
            task = tasks[run.config.name]
            bar.update(task, completed=run.step, total=run.config.steps)
            if run.step % run.config.log_every == 0:
                bar.update(task, error=shown_error(run))

        starts = [None if str(start) == "none" else start for start in init or ()]
        paths = run_training(configs, out, init=starts, resume=resume, max_minutes=max_minutes, on_step=show)
    for path in paths:
        typer.echo(path)


def shown_error(run: Run) -> str:
    """The term that says most about the result: the error of the last estimate of O."""
    name = "step2_O" if "step2_O" in run.terms else "step1_O"
    return f"{name} {run.terms[name].item():.3f}"

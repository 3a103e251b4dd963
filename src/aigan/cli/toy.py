"""`aigan toy`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def toy(
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the panels (PNG) and the numbers (toy.json).")],
    seeds: Annotated[int, typer.Option(min=2, max=1000, help="How many networks train side by side.")] = 10,
    steps: Annotated[int, typer.Option(min=1, help="Steps of training, for each model and reading.")] = 1000,
    sigma: Annotated[float, typer.Option(min=1e-3, max=1e3, help="Deviation σ of A and B; their means are ∓2σ.")] = 1.0,
) -> None:
    """Train S-GAN and AI-GAN on two Gaussians and their fusion: the paper's figure 3, in about a minute."""
    from aigan.cli.needs import needs

    needs("train", "torch")
    needs("eval", "matplotlib")
    from rich.console import Console
    from rich.progress import Progress

    from aigan.toy.experiment import MODELS, run_toy
    from aigan.toy.signals import READINGS

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("toy", total=len(READINGS) * len(MODELS) * steps)
        report = run_toy(out, seeds=seeds, steps=steps, sigma=sigma, on_step=lambda: bar.advance(task))
    for reading, of_reading in report.readings.items():
        for model, figures in of_reading.models.items():
            distance = figures.distance
            typer.echo(f"{reading:8} {model:7} distance of restored B to B {distance.mean:.3f} ± {distance.std:.3f} σ")
    for name in (*(f"{reading}.png" for reading in READINGS), "toy.json"):
        typer.echo(out / name)

"""`aigan inspect`: what is wrong with a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def inspect(picture: Annotated[Path, typer.Argument(help="A picture.")]) -> None:
    """Measure noise, rain streaks and haze in a picture, and say what `aigan restore --task auto` would do."""
    from aigan.restore import registry
    from aigan.restore.inspect import choose
    from aigan.restore.inspect import inspect as measure

    measured = measure(picture)
    choice = choose(measured, shipped=registry.shipped())
    typer.echo(
        f"noise    {measured.noise_sigma_255:.1f} gray levels, correlation {measured.noise_correlation:.2f}"
        f" (white: -0.5); of colours {measured.colour_noise_255:.1f}"
    )
    typer.echo(f"streaks  {measured.streaks:.2f}; bright lines {measured.bright_lines:.2f}")
    typer.echo(f"veil     {measured.veil:.2f}")
    typer.echo(f"auto     {choice.model or 'leaves it as it is'}: {choice.reason}")

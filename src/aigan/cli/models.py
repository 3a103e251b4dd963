"""`aigan models`: what there is, and the card of each."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="The models that are shipped: tasks, sizes, licences, training data, figures.")


@app.callback(invoke_without_command=True)
def models(context: typer.Context) -> None:
    """List the models that are shipped."""
    if context.invoked_subcommand:
        return
    from rich.console import Console
    from rich.table import Table

    from aigan.restore import registry
    from aigan.restore.backends.onnx import read_spec

    table = Table("name", "task", "channels", "kMAC/px", "parameters", "licence", "training data", "figures")
    for name in registry.shipped():
        spec = read_spec(registry.find(name))
        table.add_row(spec.name, spec.task)
    Console().print(table)


@app.command()
def show(name: Annotated[str, typer.Argument(help="A name of `aigan models`, or an ONNX file.")]) -> None:
    """Print the card of a model."""

"""`aigan models`: what is shipped, and the card of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from aigan.decomposition import Figure, ModelSpec

app = typer.Typer(invoke_without_command=True)


@app.callback()
def models(context: typer.Context) -> None:
    """List the models; `aigan models show NAME` prints the card of one."""
    if context.invoked_subcommand:
        return
    from rich.console import Console
    from rich.table import Table

    from aigan.restore import registry
    from aigan.restore.backends.onnx import read_spec

    table = Table.grid(padding=(0, 2, 1, 0))
    for name in registry.shipped():
        spec = read_spec(registry.find(name))
        facts = (
            f"{spec.task}, {_kind(spec)} pictures, {spec.kmac_per_px:.0f} kMAC a pixel, {spec.licence}",
            "PSNR in dB: " + (", ".join(_words(figure) for figure in spec.figures) or "not measured"),
            "trained on " + "; ".join(spec.training_data),
        )
        table.add_row(name, "\n".join(facts))
    Console(markup=False, highlight=False).print(table)


@app.command()
def show(model: Annotated[str, typer.Argument(help="A name, or a file: ONNX or weights.")]) -> None:
    """Print the card of a model: size, cost, licence, training data and its terms, figures, limits."""
    from rich.console import Console
    from rich.table import Table

    from aigan.restore import registry
    from aigan.restore.loading import read_spec

    path = registry.find(model)
    spec = read_spec(path)
    size = f"{spec.parameters:,} parameters, {spec.kmac_per_px:.0f} kMAC a pixel, {path.stat().st_size / 1e6:.1f} MB"
    facts = {
        "name": spec.name,
        "task": f"{spec.task}, {_kind(spec)} pictures",
        "size": size,
        "licence": f"{spec.licence} (the weights)",
        "trained on": "\n".join(spec.training_data),
        "terms of that data": spec.data_terms,
        "training": spec.training,
        "figures": "\n".join(_words(figure) for figure in spec.figures),
        "may not be measured on": ", ".join(spec.saw_test_scenes_of),
        "limits": spec.limits,
        "tiles": f"multiples of {spec.multiple_of} px, halo {spec.halo_px} px, exact {spec.receptive_radius_px} px",
        "file": str(path),
    }
    table = Table.grid(padding=(0, 2))
    for name, text in facts.items():
        if text:
            table.add_row(name, text)
    Console(markup=False, highlight=False).print(table)


def _kind(spec: ModelSpec) -> str:
    return "gray" if spec.channels == 1 else "colour"


def _words(figure: Figure) -> str:
    values = [
        f"{value:.2f}{scale}" for value, scale in ((figure.psnr, ""), (figure.psnr_y, " (Y)")) if value is not None
    ]
    return " ".join(filter(None, [figure.benchmark, figure.degradation, *values]))

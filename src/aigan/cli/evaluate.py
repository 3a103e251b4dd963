"""`aigan evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Optional

import typer

from aigan.cli.values import no_nan

if TYPE_CHECKING:
    from aigan.evaluate.measure import Evaluation

Name = Literal[
    "bsd68",
    "cbsd68",
    "ybsd68",
    "set12",
    "rain100l",
    "rain100h",
    "reside-outdoor",
    "reside-indoor",
    "polyu",
    "folder",
]


def evaluate(
    model: Annotated[
        str,
        typer.Argument(
            help="A model of `aigan models`, a file of weights, another system (bm3d, prenet ...), or input."
        ),
    ],
    benchmark: Annotated[Name, typer.Option(help="What is measured; folder for pictures of your own.")],
    data: Annotated[
        Optional[Path], typer.Option(envvar="AIGAN_DATA", help="The folder that holds the published sets.")
    ] = None,
    sigma_255: Annotated[
        float,
        typer.Option(
            "--sigma-255", min=0, max=255, callback=no_nan, help="Noise added to clean pictures, in gray levels of 255."
        ),
    ] = 25,
    seed: Annotated[int, typer.Option(min=0, help="Of the noise.")] = 0,
    clean: Annotated[Optional[Path], typer.Option(help="For folder: clean pictures.")] = None,
    degraded: Annotated[
        Optional[Path], typer.Option(help="For folder: the same pictures degraded; without it noise is added.")
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Only every so many-th picture by name, for what is slow.")] = 1,
    limit: Annotated[Optional[int], typer.Option(min=1, help="Only so many pictures, the first by name.")] = None,
    weights: Annotated[
        Optional[Path], typer.Option(help="A file of the model's weights, in place of what is shipped.")
    ] = None,
    json: Annotated[
        Optional[Path], typer.Option(help="Write protocol, means and a row a picture to this file.")
    ] = None,
) -> None:
    """Measure a model on a benchmark: PSNR and SSIM, on RGB or gray and on Y, with their protocol."""
    from rich.console import Console
    from rich.progress import Progress

    from aigan.evaluate.measure import evaluate
    from aigan.files import make_folder

    if json:
        make_folder(json.parent)  # before the time is spent
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(benchmark, total=None)
        evaluation = evaluate(
            model,
            benchmark,
            data=data,
            clean=clean,
            degraded=degraded,
            weights=weights,
            sigma_255=sigma_255,
            seed=seed,
            every=every,
            limit=limit,
            on_progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    _show(evaluation)
    if json:
        _write_json(json, evaluation)


def _show(evaluation: Evaluation) -> None:
    from rich.console import Console
    from rich.table import Table

    mean = evaluation.mean
    on = "gray" if mean.psnr_y is None else "RGB"
    table = Table(
        title=f"{evaluation.benchmark}, {evaluation.n} pictures",
        caption=evaluation.protocol.caption,
        caption_justify="left",
    )
    table.add_column("model", no_wrap=True)
    for heading in (f"PSNR {on}", f"SSIM {on}", "PSNR Y", "SSIM Y", "s a picture", "CPU s"):
        table.add_column(heading, justify="right")
    table.add_row(
        evaluation.model,
        f"{mean.psnr:.2f}",
        f"{mean.ssim:.4f}",
        "–" if mean.psnr_y is None else f"{mean.psnr_y:.2f}",
        "–" if mean.ssim_y is None else f"{mean.ssim_y:.4f}",
        f"{mean.seconds:.3f}",
        f"{mean.cpu_seconds:.3f}",
    )
    Console().print(table)


def _write_json(path: Path, evaluation: Evaluation) -> None:
    import msgspec

    from aigan.files import write_whole

    write_whole(path, msgspec.json.format(msgspec.json.encode(evaluation), indent=2) + b"\n")

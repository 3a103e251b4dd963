"""`aigan export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer


def export(
    weights: Annotated[Path, typer.Argument(help="Weights that `aigan train` wrote (.safetensors).")],
    out: Annotated[
        Optional[Path],
        typer.Option("--out", "-o", help="The ONNX file; NAME.onnx or NAME-int8.onnx beside the weights by default."),
    ] = None,
    halo_pictures: Annotated[
        Optional[Path],
        typer.Option(help="Folder of degraded pictures: measure the halo that tiles need on them, and store it."),
    ] = None,
    int8: Annotated[
        Optional[Path],
        typer.Option(
            "--int8",
            metavar="PHOTOGRAPHS",
            help="Make the int8 variant instead, calibrated on this folder of clean photographs for training.",
        ),
    ] = None,
) -> None:
    """Make the ONNX file that `aigan restore` runs without torch, and check it against the weights."""
    import logging
    import warnings

    from aigan.cli.needs import needs
    from aigan.restore.registry import INT8

    target = out or (weights.with_suffix(".onnx") if int8 is None else weights.with_name(f"{weights.stem}{INT8}.onnx"))
    if target.suffix != ".onnx":
        raise typer.BadParameter(f"{target}: give a name that ends in .onnx", param_hint="--out")
    needs("train", "torch", "onnx", "onnxscript", "safetensors")
    from aigan.network.export import export as write_onnx
    from aigan.training.halo import store_halo
    from aigan.training.int8 import export_int8

    # torch's exporter says that torchvision is not there, and what of its own is out of date
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    warnings.simplefilter("ignore", FutureWarning)
    if halo_pictures is not None:
        typer.echo(f"halo: {store_halo(weights, halo_pictures)} px")
    if int8 is not None:
        typer.echo(
            f"loss: {export_int8(weights, target, int8):.3f} dB of PSNR on photographs that did not calibrate it"
        )
    else:
        write_onnx(weights, target)
    typer.echo(target)

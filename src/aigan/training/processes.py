"""Device, precision and processes: a thin wrapper over Lightning Fabric."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import Tensor

from aigan.errors import AiganError


def make_fabric(precisions: Collection[str]) -> Fabric:
    """Fabric on this machine's accelerator; under `torchrun`, one of its processes.

    `auto` is bf16 where the hardware multiplies it faster than fp32: CUDA, and CPUs with AVX512-BF16 or AMX.
    """
    torch.backends.cudnn.benchmark = True  # a run has few shapes, and each is used thousands of times
    torch.set_flush_denormal(True)  # else the momentum of dead channels slows CPU steps six times after 2,000 of them
    if len(precisions) != 1:
        raise AiganError("configurations that train side by side must have the same precision")
    (precision,) = precisions
    if precision == "auto":
        precision = "bf16" if torch.cuda.is_available() or cpu_multiplies_bf16() else "fp32"
    processes = int(os.environ.get("WORLD_SIZE", 1))
    here = int(os.environ.get("LOCAL_WORLD_SIZE", processes))
    fabric = Fabric(
        accelerator="cuda" if torch.cuda.is_available() else "cpu",
        devices=here,
        num_nodes=processes // here,
        strategy="ddp" if processes > 1 else "auto",
        precision="bf16-mixed" if precision == "bf16" else "32-true",
    )
    fabric.launch()
    return fabric


def require_equal(step: int, fabric: Fabric, out: Path) -> None:
    """AiganError where the processes of a run would go on from different steps."""
    if fabric.world_size == 1:
        return
    found = fabric.all_gather(torch.tensor(step))
    assert isinstance(found, Tensor)
    if len(steps := sorted({*found.tolist()})) > 1:
        shown = " and ".join(map(str, steps))
        raise AiganError(f"the machines find steps {shown} in {out}: give --out a folder that all of them see")


def cpu_multiplies_bf16() -> bool:
    """Whether this CPU multiplies bf16 numbers in hardware."""
    return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()


def average_over_processes_(gradients: list[Tensor], fabric: Fabric) -> None:
    """Replace each gradient by its mean over the processes, in one message."""
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    mean = fabric.all_reduce(flat, reduce_op="mean")
    assert isinstance(mean, Tensor)
    parts = torch.split(mean, [gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))

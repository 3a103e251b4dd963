"""Optimisers: AdamW (torch's own) and Muon, with rates in tensors so that a step can be captured as one CUDA graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
import torch
from torch import Tensor, nn


class OptimiserConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How weights move. Muon takes the kernels whose sides are both ≥ 16; AdamW takes all else, or everything."""

    kind: Literal["muon", "adamw"] = "muon"
    muon_rate: Annotated[float, msgspec.Meta(gt=0, le=1)] = 2e-3
    adamw_rate: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1e-3
    clip_norm: Annotated[float, msgspec.Meta(gt=0, le=1e6)] = 1.0
    warmup_steps: Annotated[int, msgspec.Meta(ge=0)] = 300


class Muon(torch.optim.Optimizer):
    """Momentum orthogonalised by Newton–Schulz steps (K. Jordan et al., 2024), kernels seen as (out, in·k·k) matrices.

    Nesterov momentum 0.95; the update has the rate times 0.2·√max(out, in·k·k), AdamW's typical size (Liu et al.,
    arXiv 2502.16982); no decay. Kernels of one shape are orthogonalised together.
    """

    def __init__(self, kernels: Iterable[nn.Parameter], rate: Tensor, *, momentum: float = 0.95) -> None:
        super().__init__(kernels, {"lr": rate, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update from the parameters' gradients."""
        for group in self.param_groups:
            by_shape: dict[tuple[int, int], list[Tensor]] = defaultdict(list)
            for kernel in group["params"]:
                if kernel.grad is not None:
                    by_shape[kernel.shape[0], kernel[0].numel()].append(kernel)
            for (rows, columns), kernels in by_shape.items():
                gradients = [kernel.grad for kernel in kernels if kernel.grad is not None]
                for kernel in kernels:
                    if "momentum" not in self.state[kernel]:
                        self.state[kernel]["momentum"] = torch.zeros_like(kernel)
                buffers = [self.state[kernel]["momentum"] for kernel in kernels]
                torch._foreach_lerp_(buffers, gradients, 1 - group["momentum"])
                nesterov = torch._foreach_lerp(gradients, buffers, group["momentum"])
                updates = orthogonalised(torch.stack([u.reshape(rows, columns) for u in nesterov]))
                updates = updates * (group["lr"] * 0.2 * max(rows, columns) ** 0.5)
                torch._foreach_sub_(kernels, [u.view_as(k) for k, u in zip(kernels, updates, strict=True)])


def orthogonalised(matrices: Tensor, steps: int = 5) -> Tensor:
    """The nearest semi-orthogonal matrices, roughly: (n, rows, columns) by five quintic Newton–Schulz steps.

    A step is x ← (a + b·g + c·g²)·x with g = x·xᵀ. The factors of all steps are multiplied first, for they and g are
    small squares that commute: less than half the work of five steps on x. That squares x's range, so all is in fp32.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrices if matrices.shape[1] <= matrices.shape[2] else matrices.mT
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    with torch.autocast(x.device.type, enabled=False):
        gram = x @ x.mT
        one = product = torch.eye(gram.shape[1], device=x.device)
        for _ in range(steps):
            factor = a * one + b * gram + c * gram @ gram
            product = factor @ product
            gram = factor @ gram @ factor
        result: Tensor = product @ x
    return result if matrices.shape[1] <= matrices.shape[2] else result.mT


def make_optimisers(
    parameters: Iterable[nn.Parameter], config: OptimiserConfig, device: torch.device
) -> list[torch.optim.Optimizer]:
    """Muon and AdamW for these parameters, or AdamW alone; their rates are set by `set_rates` before each step."""
    kernels: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for parameter in parameters:
        wide = parameter.ndim == 4 and min(parameter.shape[0], parameter[0].numel()) >= 16
        (kernels if wide and config.kind == "muon" else others).append(parameter)
    optimisers: list[torch.optim.Optimizer] = []
    if kernels:
        optimisers.append(Muon(kernels, torch.tensor(0.0, device=device)))
    if others:
        rate = torch.tensor(0.0, device=device)
        on_cuda = device.type == "cuda"
        optimisers.append(
            torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.99), weight_decay=0.0, fused=True, capturable=on_cuda)
        )
    return optimisers


def set_rates(optimisers: Iterable[torch.optim.Optimizer], config: OptimiserConfig, factor: float) -> None:
    """Set each optimiser's rate to its own full rate times `factor`."""
    for optimiser in optimisers:
        full = config.muon_rate if isinstance(optimiser, Muon) else config.adamw_rate
        for group in optimiser.param_groups:
            group["lr"].fill_(full * factor)

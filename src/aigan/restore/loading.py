"""From a model's name to what restores pictures of so many channels, by the backend that fits."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Literal, Protocol

from aigan.baselines.registry import BASELINES, open_baseline
from aigan.decomposition import ModelSpec, Restorer
from aigan.errors import UsageError
from aigan.restore import registry
from aigan.restore.backends.contract import PARTS, Device, Part, Precision
from aigan.restore.channels import adapted
from aigan.restore.ensemble import SelfEnsemble
from aigan.restore.fastest import backend_for
from aigan.restore.precision import FullPrecisionFallback
from aigan.restore.untouched import NAME, Untouched

Backend = Literal["auto", "onnx", "openvino", "torch"]


def open_restorer(
    model: str,
    *,
    channels: int,
    parts: Collection[Part] = PARTS,
    tta: bool = False,
    sigma_255: float | None = None,
    weights: Path | None = None,
    backend: Backend = "auto",
    device: Device = "auto",
    precision: Precision = "auto",
) -> Restorer:
    """Open a model for pictures of 1 or 3 channels, to compute `parts` beside the original.

    `model`: see `registry.find`, or a baseline's name; "none" leaves pictures as they are. `tta`: with the
    self-ensemble. `sigma_255`: of the noise, for the baselines that must be told it. `weights`: a file in place of the
    model's own. `backend`: what runs a network; "auto" is ONNX Runtime, or what was measured to be the fastest here
    (fastest.py), or torch for weights (.safetensors) and where a graphics processor or less than fp32 is asked for.
    `device`, `precision`: "auto" is the best that the backend finds, and fp32; tiles that bf16 or fp16 turn into values
    that are no numbers are redone in fp32.
    AiganError where there is no such model or its file is damaged; UsageError where backend, device and precision do
    not go together on this machine; MissingExtra where the backend is not installed.
    """
    if weights is not None and model not in BASELINES:
        model = str(weights)
    if model == NAME:
        return Untouched(ModelSpec(name=NAME, task="all", channels=1 if channels == 1 else 3))
    if model in BASELINES:
        restorer = open_baseline(model, channels=1 if channels == 1 else 3, sigma_255=sigma_255, weights=weights)
    else:
        restorer = _open_network(registry.find(model, gray=channels == 1), parts, backend, device, precision)
    restorer = adapted(restorer, channels)
    return SelfEnsemble(restorer) if tta else restorer


def check(model: str | None, *, backend: Backend, device: Device, precision: Precision) -> None:
    """Raise what `open_restorer` would, but for damaged files, before anything is begun; None is any model shipped."""
    if model in BASELINES:
        if {backend, device, precision} != {"auto"}:
            raise UsageError(
                f"{model} is no network of ours and runs on the CPU: leave out --backend, --device and --precision"
            )
        return
    file = None if model in (None, NAME) else registry.find(model)
    _chosen(file, backend, device, precision).check(device, precision)


def read_spec(file: Path) -> ModelSpec:
    """What an exported network, or weights, say of themselves. AiganError where the file is damaged."""
    if file.suffix == registry.WEIGHTS:
        from aigan.restore.backends import torch

        return torch.read_spec(file)
    from aigan.restore.backends import onnx

    return onnx.read_spec(file)


class _Backend(Protocol):
    """A module of `backends`."""

    def check(self, device: Device, precision: Precision) -> None: ...

    def load(self, path: Path, *, parts: Collection[Part], device: Device, precision: Precision) -> Restorer: ...


def _open_network(
    file: Path, parts: Collection[Part], backend: Backend, device: Device, precision: Precision
) -> Restorer:
    chosen = _chosen(file, backend, device, precision)
    restorer = chosen.load(file, parts=parts, device=device, precision=precision)
    if precision in ("auto", "fp32"):
        return restorer
    return FullPrecisionFallback(restorer, lambda: chosen.load(file, parts=parts, device=device, precision="fp32"))


def _chosen(file: Path | None, backend: Backend, device: Device, precision: Precision) -> _Backend:
    """The backend for a network; each imports its library, so only when it is chosen."""
    if file and file.suffix == registry.WEIGHTS:
        if backend not in ("auto", "torch"):
            raise UsageError(
                f"{file} holds weights, which torch runs: leave out --backend, or run `aigan export` first"
            )
        backend = "torch"
    if backend == "auto":
        reduced = device in ("cuda", "mps") or precision in ("bf16", "fp16")
        backend = "torch" if reduced else backend_for(file.stem) if file else "onnx"
    if backend == "openvino":
        from aigan.restore.backends import openvino

        return openvino
    if backend == "torch":
        from aigan.restore.backends import torch

        return torch
    from aigan.restore.backends import onnx

    return onnx

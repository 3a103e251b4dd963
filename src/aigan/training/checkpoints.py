"""Checkpoints: all that the same loss sequence after a kill needs, in one safetensors file.

The last three are kept. A file is written to a temporary name, fsynced and renamed: it is there in full or not at all.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from aigan.decomposition import ModelSpec
from aigan.errors import AiganError
from aigan.network.weights import write_safetensors
from aigan.training.config import TrainingConfig

KEEP = 3


class Progress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a checkpoint holds beside its tensors. The samples need no state: they are functions of the step."""

    step: int
    pixels: int
    seconds: float  # spent in training, over all starts
    cpu_seconds: float = 0.0  # of processor time in these
    start: str  # the weights that the run started from, "" for none
    begun: ModelSpec | None = None  # what they said of themselves
    config: TrainingConfig  # as it runs: its number of steps is the one that --max-minutes fixed
    asked_steps: int | None = None  # the number before that


def write(folder: Path, progress: Progress, tensors: dict[str, Tensor]) -> Path:
    """Write `step-NNNNNNNN.safetensors` and delete all but the last three."""
    path = folder / f"step-{progress.step:08d}.safetensors"
    write_safetensors(path, tensors, {"progress": msgspec.json.encode(progress).decode()})
    for old in sorted(folder.glob("step-*.safetensors"))[:-KEEP]:
        old.unlink()
    return path


def read_newest(folder: Path) -> tuple[Progress, dict[str, Tensor]] | None:
    """The newest checkpoint, or None where there is none. AiganError where it is damaged."""
    paths = sorted(folder.glob("step-*.safetensors"))
    if not paths:
        return None
    try:
        with safe_open(paths[-1], framework="pt") as file:
            progress = msgspec.json.decode((file.metadata() or {})["progress"], type=Progress)
        return progress, safetensors.torch.load_file(paths[-1])
    except (SafetensorError, OSError, KeyError, msgspec.MsgspecError) as error:
        raise AiganError(
            f"{paths[-1]}: the checkpoint is damaged ({error}); delete it to go on from the one before"
        ) from None


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimiser's state, by the parameter's place and the state's name."""
    return {
        f"{place}.{name}": value
        for place, parameter in enumerate(_parameters(optimiser))
        for name, value in optimiser.state[parameter].items()
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put the state back that `optimiser_tensors` gave."""
    parameters = _parameters(optimiser)
    for key, value in tensors.items():
        place, name = key.split(".", 1)
        parameter = parameters[int(place)]
        like = parameter if value.shape == parameter.shape else value  # fused kernels need the parameter's strides
        optimiser.state[parameter][name] = torch.empty_like(like, device=parameter.device).copy_(value)


def _parameters(optimiser: torch.optim.Optimizer) -> list[nn.Parameter]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]

"""From a learned system and a file of its weights to a restorer.

A file is safetensors with plain keys, those of the network's `state_dict` after `layers.folded`: no batch normalisation
behind convolutions. Published weights have this form, and `save` writes it, with what the training saw in its header.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from aigan.baselines.learned.layers import folded
from aigan.decomposition import Array, Context, Decomposition, ModelSpec, Task
from aigan.errors import AiganError
from aigan.network.presets import macs_of, parameters_of
from aigan.network.weights import write_safetensors

Channels = Literal[1, 3]

USUAL_SIZE = 320, 480  # H, W of the pictures that the cost a pixel is counted on
TRAINED = ("licence", "training", "training_data", "data_terms", "saw_test_scenes_of")  # what a header tells of it


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What lies beside the numbers in a file that our engine wrote, as JSON under the key `aigan`."""

    spec: ModelSpec


@dataclass(frozen=True, kw_only=True)
class System:
    """A learned system, which its module defines.

    `network` builds it for pictures of so many channels, with fresh weights and as it is trained: (B, C, H, W) in
    [0, 1], any H, W ≥ 1, to an estimate of the original, of the same shape. `channels`: those that it is made for, the
    authors' choice first. `receptive_radius_px`: `decomposition.EVERYWHERE` where the whole picture counts.
    """

    network: Callable[[Channels], nn.Module]
    channels: tuple[Channels, ...] = (3,)
    receptive_radius_px: int
    multiple_of: int = 1
    limits: str


@dataclass(frozen=True, eq=False)
class LearnedRestorer:
    """A `Restorer` over a network that estimates the original, on the processor; made by `open_system`."""

    network: nn.Module
    spec: ModelSpec

    @torch.inference_mode()
    def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
        """Decompose a picture, (H, W, C) float32."""
        I = torch.tensor(np.ascontiguousarray(degraded)).permute(2, 0, 1)[None]
        original = np.ascontiguousarray(self.network(I)[0].permute(1, 2, 0).numpy())
        return Decomposition(degraded, original, degraded - original)

    def context(self, whole: Array) -> Context | None:
        """Nothing: what is global, a network finds by itself in the whole picture."""
        return None


def open_system(
    name: str, task: Task, system: System, *, channels: Channels, weights: Path, sigma_255: float | None = None
) -> LearnedRestorer:
    """A system with weights, for pictures of so many channels if these weights are; errors as `load`.

    `sigma_255`: of the noise, for a network that is told it.
    """
    network, own = load(name, system, weights, channels)
    if sigma_255 is not None:
        network.sigma_255 = sigma_255  # type: ignore[assignment]
    spec = describe(name, task, system, network, own)
    trained = read_spec(weights)
    told = {field: getattr(trained, field) for field in TRAINED} if trained else {"licence": "that of its weights"}
    return LearnedRestorer(network, msgspec.structs.replace(spec, **told))


def open_fresh(name: str, task: Task, system: System, *, sigma_255: float) -> LearnedRestorer:
    """A system with random weights, for the channels of the authors' choice: to measure what it costs."""
    channels = system.channels[0]
    network = folded(system.network(channels))
    network.sigma_255 = sigma_255  # type: ignore[assignment]
    return LearnedRestorer(network, describe(name, task, system, network, channels))


def describe(name: str, task: Task, system: System, network: nn.Module, channels: Channels) -> ModelSpec:
    """What is known of a system's folded network, whoever trained it."""
    return ModelSpec(
        name=name,
        task=task,
        channels=channels,
        multiple_of=system.multiple_of,
        receptive_radius_px=system.receptive_radius_px,
        halo_px=system.receptive_radius_px,
        parameters=parameters_of(network),
        kmac_per_px=_kmac_per_px(network, channels),
        limits=system.limits,
    )


def load(name: str, system: System, file: Path, channels: Channels) -> tuple[nn.Module, Channels]:
    """A system's network, folded, with weights in it, and its channels: those asked for where the weights have them.

    AiganError where the file is no safetensors file, or of another network.
    """
    tensors = _read(file)
    for own in sorted(system.channels, key=lambda own: own != channels):
        network = folded(system.network(own))
        wanted = {key: tuple(value.shape) for key, value in _state(network).items()}
        found = {key: tuple(value.shape) for key, value in tensors.items()}
        if found == wanted:
            network.load_state_dict(tensors, strict=False)
            return network, own
    key = min(key for key in wanted | found if wanted.get(key) != found.get(key))
    raise AiganError(
        f"{file}: these are not the weights of {name} ({key} is {found.get(key, 'missing')}, not "
        f"{wanted.get(key, 'part of it')}): name a file of that network"
    )


def save(network: nn.Module, file: Path, spec: ModelSpec | None = None) -> None:
    """Write a network that was trained, as a file that `load` reads, in 16 bit; the network stays as it is.

    `spec`: for the header; what its training saw is found there again by `open_system`.
    """
    tensors = _state(folded(copy.deepcopy(network)))
    metadata = {"aigan": msgspec.json.encode(Header(spec=spec)).decode()} if spec else {}
    write_safetensors(file, {key: value.to(torch.float16).contiguous() for key, value in tensors.items()}, metadata)


def read_spec(file: Path) -> ModelSpec | None:
    """The spec in a file's header, None where published weights have none. AiganError where it is damaged."""
    try:
        with safe_open(file, framework="pt") as opened:
            header = (opened.metadata() or {}).get("aigan")
        return msgspec.json.decode(header, type=Header).spec if header else None
    except (SafetensorError, OSError, msgspec.MsgspecError) as error:
        raise AiganError(f"{file}: its header is damaged ({error}); get the file anew, or train it again") from None


def _read(file: Path) -> dict[str, Tensor]:
    try:
        tensors = safetensors.torch.load_file(file)
    except (SafetensorError, OSError) as error:
        raise AiganError(f"{file}: this is no safetensors file ({error}); no other kind is read") from None
    return {key: _without_denormals(value.float()) for key, value in tensors.items()}


def _without_denormals(values: Tensor) -> Tensor:
    """Numbers below the least normal one become zero: processors take many times as long for them."""
    return values.where(values.abs() >= torch.finfo(values.dtype).tiny, 0)


def _state(network: nn.Module) -> dict[str, Tensor]:
    """What a file holds of a network."""
    return {key: value for key, value in network.state_dict().items() if not key.endswith("num_batches_tracked")}


def _kmac_per_px(network: nn.Module, channels: int) -> float:
    """Counted without computing anything."""
    meta, picture = copy.deepcopy(network).to("meta"), torch.empty(1, channels, *USUAL_SIZE, device="meta")
    return macs_of(meta, lambda: meta(picture)) / (1000 * USUAL_SIZE[0] * USUAL_SIZE[1])

"""Weights on disk: one safetensors file, 16 bit, whose header holds the model's spec and network configuration."""

from __future__ import annotations

from pathlib import Path

import msgspec
import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from aigan.decomposition import ModelSpec
from aigan.errors import AiganError
from aigan.files import write_whole
from aigan.network.presets import NetworkConfig, PictureAIGAN, build

RETIRED = ("edge", "zeros"), ("overview", False)  # what older headers say besides; other values are read no more


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What lies in the file beside the numbers, as JSON under the key `aigan`."""

    spec: ModelSpec
    network: NetworkConfig


def save(path: Path, network: PictureAIGAN, spec: ModelSpec) -> None:
    """Write the weights in 16 bit, to a temporary neighbour that is renamed."""
    tensors = {name: tensor.to(torch.float16).contiguous() for name, tensor in network.state_dict().items()}
    header = msgspec.json.encode(Header(spec=spec, network=network.config)).decode()
    write_safetensors(path, tensors, {"aigan": header})


def write_safetensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write a safetensors file that is there in full or not at all."""
    write_whole(path, safetensors.torch.save(tensors, metadata))


def read_header(path: Path) -> Header:
    """The header of a weights file. AiganError where it is no such file."""
    try:
        with safe_open(path, framework="pt") as file:
            stored = msgspec.json.decode((file.metadata() or {})["aigan"], type=dict[str, dict[str, object]])
        stored["network"] = {name: value for name, value in stored["network"].items() if (name, value) not in RETIRED}
        return msgspec.convert(stored, Header)
    except FileNotFoundError:
        raise AiganError(
            f"{path}: there is no such weights file; `aigan models` lists those that are shipped"
        ) from None
    except (SafetensorError, OSError, KeyError, msgspec.MsgspecError) as error:
        raise AiganError(
            f"{path}: these are not AI-GAN weights ({error}); take a file that `aigan train` wrote"
        ) from None


def load(path: Path) -> tuple[PictureAIGAN, ModelSpec]:
    """The network, in float32 and evaluation mode, and its spec. AiganError where the file is not what it should be."""
    header = read_header(path)
    network = build(header.network)
    try:
        network.load_state_dict(safetensors.torch.load_file(path))
    except RuntimeError as error:
        reason = str(error).splitlines()[0].rstrip(":")
        raise AiganError(
            f"{path}: the numbers do not fit the network in the header ({reason}); get the file anew"
        ) from None
    return network.float().eval(), header.spec

"""A gray network to start from, folded from a colour one.

    python tools/gray_from_colour.py COLOUR.safetensors GRAY.safetensors

Kernels that read a picture are summed over its channels, those that write one are averaged: the colour network on a
picture with three equal channels, but for the channels' differences inside it.
"""

import re
import sys
from pathlib import Path

import msgspec
import torch
from torch import Tensor

from aigan.network import weights
from aigan.network.presets import build

READS = r"(e\.descent\.stem|G_[OT]\.conv1)\.weight"
WRITES_SHUFFLED = r"d_[OT]\.head\.(weight|bias)"
WRITES = r"G_[OT]\.conv2\.(weight|bias)"


def folded(name: str, tensor: Tensor) -> Tensor:
    """One tensor of the gray network."""
    if re.fullmatch(READS, name):
        return tensor.sum(1, keepdim=True)
    if re.fullmatch(WRITES_SHUFFLED, name):
        return tensor.unflatten(0, (3, 4)).mean(0)
    if re.fullmatch(WRITES, name):
        return tensor.mean(0, keepdim=True)
    return tensor


def main(source: Path, target: Path) -> None:
    """Fold a network of preset plus-s."""
    colour, spec = weights.load(source)
    gray = build(msgspec.structs.replace(colour.config, channels=1))
    with torch.no_grad():
        gray.load_state_dict({name: folded(name, tensor) for name, tensor in colour.state_dict().items()})
    weights.save(target, gray, msgspec.structs.replace(spec, name=target.stem, channels=1, figures=()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

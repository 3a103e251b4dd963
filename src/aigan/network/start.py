"""Reads the project's starting weights, which were written with plain keys before this package existed."""

from __future__ import annotations

import re
from pathlib import Path

import safetensors.torch

from aigan.network.presets import PRESETS, NetworkConfig, PictureAIGAN, build

_L = NetworkConfig(
    widths=(64, 128, 128),
    encode_blocks=(4, 4, 4),
    decode_blocks=(4, 4),
    generator_width=64,
    generator_features=True,
    fusion="learned",
)

_RENAME = (
    (r"^encoder\.(stem|encode|down)", r"e.descent.\1"),
    (r"^encoder\.(up|decode)", r"e.ascent.\1"),
    (r"^(d_[OT])\.", r"\1.head."),
    (r"^features_([OT])\.", r"G_\1.features."),
    (r"^(G_[OT])\.blocks\.0\.", r"\1.block."),
    (r"^fusion\.", "fusion.conv."),
)


def load_start(path: Path) -> PictureAIGAN:
    """The network of a starting weights file (`*_s`: preset plus-s; `*_l`: wider, G sees features, learned fusion)."""
    tensors = {}
    for key, tensor in safetensors.torch.load_file(path).items():
        for pattern, replacement in _RENAME:
            key = re.sub(pattern, replacement, key)
        tensors[key] = tensor
    network = build(_L if "fusion.conv.weight" in tensors else PRESETS["plus-s"])
    network.load_state_dict(tensors)
    return network.float().eval()

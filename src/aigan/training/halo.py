"""The halo that tiles need, measured: much less than the receptive radius, for far pixels hardly matter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import torch
from torch import Tensor

from aigan.data.folders import list_pictures, read_rgb
from aigan.errors import AiganError
from aigan.network import weights
from aigan.network.presets import PictureAIGAN
from aigan.training.validation import middle

TILE = 128
LEAST = 2 * TILE  # px a side of pictures that are measured: a tile that holds them whole needs no halo
LARGEST = 512  # px a side, of the middle
MOST = 16  # pictures, evenly spread by name
TOLERANCE = 0.25 / 255
SAFETY = 2.0  # other pictures may need more than those that were measured


@torch.inference_mode()
def measure_halo(network: PictureAIGAN, pictures: Sequence[Tensor]) -> int:
    """The smallest halo in px, a multiple of the network's stride, at which tiles differ from the whole by < 0.25/255.

    `pictures`: degraded ones, (1, C, H, W) in [0, 1]. Half the tolerance is left for other pictures. At most the
    receptive radius, rounded up, where tiles are exact.
    """
    stride = network.multiple_of
    halo: int = -(-network.receptive_radius_px // stride) * stride
    wholes = [network.fuse(I, network(I)) for I in pictures]
    while halo >= stride:
        smaller = halo - stride
        for I, (O, T) in zip(pictures, wholes, strict=True):
            assert T is not None
            if _largest_difference(network, I, O, T, smaller) * SAFETY >= TOLERANCE:
                return halo
        halo = smaller
    return halo


def _largest_difference(network: PictureAIGAN, I: Tensor, O: Tensor, T: Tensor, halo: int) -> float:
    height, width = I.shape[-2:]
    largest = 0.0
    for y in range(0, height, TILE):
        for x in range(0, width, TILE):
            top, left = max(0, y - halo), max(0, x - halo)
            part = I[..., top : y + TILE + halo, left : x + TILE + halo]
            tile_O, tile_T = network.fuse(part, network(part))
            assert tile_T is not None
            inner = (..., slice(y - top, y - top + TILE), slice(x - left, x - left + TILE))
            outer = (..., slice(y, y + TILE), slice(x, x + TILE))
            for tile, whole in ((tile_O, O), (tile_T, T)):
                largest = max(largest, (tile[inner] - whole[outer]).abs().max().item())
    return largest


def store_halo(path: Path, folder: Path) -> int:
    """Measure the halo on the middles of some pictures of a folder, and write it into the weights' header.

    AiganError where the folder holds none that is large enough.
    """
    network, spec = weights.load(path)
    paths = list_pictures(folder)
    every = -(-len(paths) // MOST) or 1
    read = (middle(read_rgb(picture), LARGEST, network.config.channels) for picture in paths[::every])
    pictures = [picture for picture in read if min(picture.shape[-2:]) >= LEAST]
    if not pictures:
        raise AiganError(f"{folder} holds no pictures of {LEAST} px a side or more: name a folder of larger ones")
    halo = measure_halo(network, pictures)
    weights.save(path, network, msgspec.structs.replace(spec, halo_px=halo))
    return halo

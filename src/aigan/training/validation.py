"""Held-out pictures: PSNR of the averaged weights on each set, and a sheet of pictures to look at."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from aigan.data.folders import read_rgb
from aigan.data.sources import Validation, clean_paths, kept_pairs
from aigan.data.store import Bytes, picture_tensor
from aigan.errors import AiganError
from aigan.files import make_folder, writable
from aigan.interference.draws import KeyedDraws, sample_keys
from aigan.network.topology import AIGAN
from aigan.training.config import TrainingConfig
from aigan.training.peers import tell_noise

Figure = Callable[[Tensor, Tensor], float]  # of an estimate and its target, (1, C, H, W) in [0, 1]
SHOWN = 3  # pictures of each set on a sheet


class Validator:
    """The middles of the held-out pictures, (1, C, H, W), degraded once and for all."""

    def __init__(self, config: TrainingConfig, data: Path, device: torch.device) -> None:
        channels = config.channels
        self._sets = {
            one.name: [(I.to(device), y_O.to(device)) for I, y_O in _pictures(one, data, channels)]
            for one in config.validation
        }
        if empty := [name for name, pictures in self._sets.items() if not pictures]:
            raise AiganError(f"no pictures are held out for the validation set {empty[0]}: add some, or leave it out")

    def measure(self, network: AIGAN) -> dict[str, float]:
        """PSNR in dB (peak 255, clipped and rounded, mean of the pictures) of the fused original, on each set."""
        return {name: figures["psnr"] for name, figures in self.judge(network, {"psnr": psnr}).items()}

    @torch.inference_mode()
    def judge(self, network: AIGAN, figures: Mapping[str, Figure]) -> dict[str, dict[str, float]]:
        """Each figure of the fused original, on each set: the mean of the pictures."""
        found: dict[str, dict[str, float]] = {}
        for name, pictures in self._sets.items():
            results = [(restored(network, I, y_O)[0], y_O) for I, y_O in pictures]
            found[name] = {
                what: sum(figure(O, y_O) for O, y_O in results) / len(results) for what, figure in figures.items()
            }
        return found

    @torch.inference_mode()
    def write_pictures(self, network: AIGAN, path: Path) -> None:
        """A sheet: a row a picture, with I, O, T (gray is zero) and y_O."""
        rows = []
        for pictures in self._sets.values():
            for I, y_O in pictures[:SHOWN]:
                O, T = restored(network, I, y_O)
                rows.append(torch.cat([I, O, T / 2 + 0.5, y_O], dim=3))
        if not rows:
            return
        side = max(row.shape[2] for row in rows), max(row.shape[3] for row in rows)
        sheet = torch.ones(3, side[0] * len(rows), side[1])
        for place, row in enumerate(rows):
            sheet[:, place * side[0] : place * side[0] + row.shape[2], : row.shape[3]] = row[0].cpu()
        make_folder(path.parent)
        pixels = (sheet.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
        with writable(path):
            Image.fromarray(pixels).save(path)


def restored(network: AIGAN, I: Tensor, y_O: Tensor) -> tuple[Tensor, Tensor]:
    """(O, T) of one picture; y_O is for peers that are told how strong the noise is."""
    tell_noise(network, I - y_O)
    O, T = network.fuse(I, network(I))
    assert T is not None
    return O, T


def psnr(estimate: Tensor, target: Tensor) -> float:
    """In dB, of pictures in [0, 1], the estimate clipped and rounded to 8 bit."""
    error = (estimate.clamp(0, 1) * 255).round() - target * 255
    return 10 * math.log10(255**2 / max(error.double().square().mean().item(), 1e-10))


def _pictures(one: Validation, data: Path, channels: int) -> list[tuple[Tensor, Tensor]]:
    own = 1 if one.gray else channels
    if one.degrade is None:
        pairs = (pair.read() for pair in kept_pairs(one.folders, data, held_out=True))
        pictures = [(middle(I, one.crop, own), middle(y_O, one.crop, own)) for I, y_O in pairs]
    else:
        pictures = []
        for number, path in enumerate(clean_paths(one.folders, data, held_out=True)):
            y_O = middle(read_rgb(path), one.crop, own)
            keys = sample_keys(one.seed, torch.tensor(0), torch.tensor([number]))
            pictures.append((one.degrade(y_O, KeyedDraws(keys)), y_O))
    return [(I.expand(-1, channels, -1, -1), y_O.expand(-1, channels, -1, -1)) for I, y_O in pictures]


def middle(picture: Bytes, crop: int, channels: int) -> Tensor:
    """The middle of a picture of bytes (H, W, 3), at most `crop` px a side, as (1, C, h, w) in [0, 1]."""
    height, width = picture.shape[:2]
    top, left = max(0, (height - crop) // 2), max(0, (width - crop) // 2)
    return picture_tensor(picture[top : top + crop, left : left + crop], channels)

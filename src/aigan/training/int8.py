"""The int8 variant of weights: calibrated on clean photographs, degraded as the model's task is; and its loss."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnxruntime
import torch
from torch import Tensor

from aigan.data.folders import list_pictures, read_rgb
from aigan.decomposition import ModelSpec
from aigan.errors import AiganError
from aigan.interference import HEAVY, LIGHT, Camera, Haze, Interference, Noise
from aigan.interference.draws import KeyedDraws, sample_keys
from aigan.network import weights
from aigan.network.quantize import quantize
from aigan.training.validation import middle, psnr, restored

HELD_OUT_EVERY = 10  # by name order, those at 0, n, 2n ... measure the loss, the others calibrate
MOST = 48  # photographs of each kind that are used, evenly spread
SIDE = 256  # px, the middle of each
SEED = 8
KINDS: dict[str, tuple[Interference, ...]] = {
    "denoise": (Noise(),),
    "derain": (LIGHT, HEAVY),
    "dehaze": (Haze(),),
    "all": (Noise(), LIGHT, HEAVY, Haze()),
}


def export_int8(source: Path, target: Path, photographs: Path) -> float:
    """Write the int8 variant of the weights `source` (`quantize`), and give its loss: dB of PSNR on the original.

    `photographs`: a folder of clean ones that the model may be trained on. Every tenth by name measures the loss (it is
    below zero where int8 is by chance the better), the others calibrate. The same folder gives the same file.
    AiganError where it holds fewer than two pictures.
    """
    network, spec = weights.load(source)
    paths = list_pictures(photographs)
    if len(paths) < 2:
        raise AiganError(f"{photographs} holds {len(paths)} pictures: name a folder with two clean photographs or more")
    held_out = paths[::HELD_OUT_EVERY]
    calibrating = [path for place, path in enumerate(paths) if place % HELD_OUT_EVERY]
    quantize(source, target, [I[0].permute(1, 2, 0).numpy() for I, _ in _pairs(calibrating, spec)])
    session = onnxruntime.InferenceSession(target, providers=["CPUExecutionProvider"])
    losses = []
    with torch.inference_mode():
        for I, y_O in _pairs(held_out, spec):
            (O,) = session.run(["original"], {"degraded": I.numpy()})
            losses.append(psnr(restored(network, I, y_O)[0], y_O) - psnr(torch.from_numpy(O), y_O))
    return sum(losses) / len(losses)


def _pairs(paths: Sequence[Path], spec: ModelSpec) -> list[tuple[Tensor, Tensor]]:
    """(I, y_O), each (1, C, H, W), of the middles of some of the photographs."""
    kinds = (Camera(),) if "-photo" in spec.name else KINDS[spec.task]
    pairs = []
    for place, path in enumerate(paths[:: -(-len(paths) // MOST)]):
        y_O = middle(read_rgb(path), SIDE, spec.channels)
        draws = KeyedDraws(sample_keys(SEED, torch.tensor(0), torch.tensor([place])))
        pairs.append((kinds[place % len(kinds)](y_O, draws), y_O))
    return pairs

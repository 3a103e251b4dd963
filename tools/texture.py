"""What weights make of fine texture on a configuration's held-out pictures: python tools/texture.py CONFIG WEIGHTS...

Prints for each file and validation set PSNR in dB, SSIM, and two figures of the Laplacian, which is where fine texture
is: how much of it there is (its root mean square, in parts of the clean picture's; least squares leave too little) and
how much of it is right (its correlation with the clean picture's). An adversarial loss is to bring the first to 1.
"""

import sys
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from aigan.evaluate.metrics import ssim
from aigan.network import weights
from aigan.training.config import read_config
from aigan.training.validation import Validator, psnr

LAPLACE = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])


def similarity(estimate: Tensor, target: Tensor) -> float:
    """SSIM of 8-bit pictures."""
    picture, reference = ((side * 255).clamp(0, 255).round()[0].permute(1, 2, 0).numpy() for side in (estimate, target))
    return ssim(picture, reference)


def amount(estimate: Tensor, target: Tensor) -> float:
    """The estimate's fine texture in parts of the target's."""
    return (fine(estimate).norm() / fine(target).norm()).item()


def truth(estimate: Tensor, target: Tensor) -> float:
    """The correlation of the fine textures, from -1 to 1."""
    return torch.corrcoef(torch.stack([fine(estimate).flatten(), fine(target).flatten()]))[0, 1].item()


def fine(picture: Tensor) -> Tensor:
    """The Laplacian of each channel."""
    return conv2d(picture.transpose(0, 1), LAPLACE[None, None])


FIGURES = {"dB": psnr, "SSIM": similarity, "texture": amount, "right": truth}


def main(configuration: Path, *files: Path) -> None:
    """Measure each file."""
    config = read_config(configuration)
    validator = Validator(config, Path(config.data), torch.device("cpu"))
    for file in files:
        network = weights.load(file)[0].eval()
        for name, figures in validator.judge(network, FIGURES).items():
            print(file, name, *(f"{what} {value:.4g}" for what, value in figures.items()), sep=" | ", flush=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

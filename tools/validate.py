"""What weights reach on the held-out pictures of a configuration: python tools/validate.py CONFIG WEIGHTS...

Prints PSNR in dB on each validation set, a line for each file, as training does (aigan/training/validation.py). It
decides between weights; test pictures do not.
"""

import sys
from pathlib import Path

import torch

from aigan.network import weights
from aigan.training.config import read_config
from aigan.training.validation import Validator


def main(configuration: Path, *files: Path) -> None:
    """Measure each file."""
    config = read_config(configuration)
    validator = Validator(config, Path(config.data), torch.device("cpu"))
    for file in files:
        network, _ = weights.load(file)
        figures = validator.measure(network.eval())
        print(file, *(f"{name} {value:.3f}" for name, value in figures.items()), sep=" | ", flush=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

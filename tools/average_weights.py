"""An average of two networks with weights of one shape, one trained on from the other: it can be better than both.

    python tools/average_weights.py FIRST.safetensors SECOND.safetensors SHARE OUT.safetensors

SHARE, between 0 and 1, is that of SECOND, which was trained on from FIRST on the same data, and whose settings the
average has. The header is FIRST's, without its figures. (Wortsman et al., "Robust fine-tuning of zero-shot models",
CVPR 2022.)
"""

import sys
from pathlib import Path

import msgspec
import torch

from aigan.network import weights
from aigan.network.presets import build, parameters_of


def main(first: Path, second: Path, share: float, out: Path) -> None:
    """Average the weights of `first` and `second`."""
    (one, spec), (other, _) = weights.load(first), weights.load(second)
    start, end = one.state_dict(), other.state_dict()
    if {name: tensor.shape for name, tensor in start.items()} != {name: tensor.shape for name, tensor in end.items()}:
        sys.exit(f"{first} and {second} hold networks of different shapes: average two of one training")
    average = build(other.config)
    with torch.no_grad():
        average.load_state_dict({name: tensor.lerp(end[name], share) for name, tensor in start.items()})
    described = msgspec.structs.replace(
        spec,
        figures=(),
        parameters=parameters_of(average),
        receptive_radius_px=average.receptive_radius_px,
    )
    weights.save(out, average, described)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))

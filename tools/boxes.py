"""Whether a model's coarse cells show as boxes in its results: python tools/boxes.py MODELS PICTURES...

MODELS are names or files, with commas between. For each model and picture: how much larger the steps of what was taken
out are between cells (of `multiple_of` px) than two pixels beside; 1 where no cell shows. A step is the mean along a
cell's side, in which texture cancels.
"""

import sys

import numpy as np
import numpy.typing as npt

import aigan


def boxiness(taken: npt.NDArray[np.float32], cell: int) -> float:
    """The mean step between cells of `cell` px, in parts of the steps beside them; `taken`: (H, W, C)."""
    across = beside = 0.0
    for turned in (taken, taken.swapaxes(0, 1)):
        sides = turned[:, : turned.shape[1] // cell * cell].mean(2).reshape(len(turned), -1, cell).mean(2)
        steps = np.abs(np.diff(sides, axis=0)).sum(1)
        lines = np.arange(cell - 1, len(steps) - 2, cell)
        across += steps[lines].sum()
        beside += (steps[lines - 2] + steps[lines + 2]).sum() / 2
    return across / beside


def main(models: str, *pictures: str) -> None:
    """Print a line for each model and picture, and a mean for each model."""
    for name in models.split(","):
        model = aigan.load(name)
        found = []
        for picture in pictures:
            found.append(boxiness(model.restore(picture).interference, model.spec.multiple_of))
            print(f"{name} | {picture} | {found[-1]:.2f}", flush=True)
        print(f"{name} | mean | {np.mean(found):.2f}")


if __name__ == "__main__":
    main(sys.argv[1], *sys.argv[2:])

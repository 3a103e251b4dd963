"""What degrades a picture: noise, rain and haze as physical models, for training and for `aigan degrade`.

All are written once against the array API (numpy and torch, on the array's own device) and share one shape: a frozen
struct of ranges that is called as `kind(clean, draws)`. Pictures are (B, C, H, W) float32 in [0, 1], parameters of a
picture are (B,), and the number of draws does not depend on what is drawn, so that a step that contains them can be
captured as a CUDA graph. They reckon in float32: call them outside autocast.
"""

from typing import Protocol

from aigan.interference.draws import Array, Draws
from aigan.interference.haze import Haze
from aigan.interference.noise import Camera, Noise
from aigan.interference.rain import HEAVY, LIGHT, Rain, Recombination


class Interference(Protocol):
    """What all kinds share."""

    def __call__(self, clean: Array, draws: Draws) -> Array:
        """The degraded batch, of the shape of the clean one, (B, C, H, W) in [0, 1]."""


__all__ = ["HEAVY", "LIGHT", "Camera", "Draws", "Haze", "Interference", "Noise", "Rain", "Recombination"]

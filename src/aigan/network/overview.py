"""What a network makes of the whole picture: how thick the veil over it is, and of what colour.

A network sees some 100 px around, and from there thick haze before dark things and thin haze before bright ones look
alike. The overview is told how bright and how colourful the whole picture is (aigan/overview.py), and corrects every
estimate of the original by a few numbers, the same at each pixel:

    y ← (1 + c)·y + a·(y − I) + b

c, a: scalars, b: a colour. All zero, as a fresh overview gives them, leaves the estimates as they are; c = 0, a = −1,
b = 0 takes all back, which is right where nothing is wrong with the picture. (After the global branch of Gharbi et al.,
"Deep Bilateral Learning for Real-Time Image Enhancement", SIGGRAPH 2017, without its grid.)
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from aigan.network.topology import Estimates
from aigan.overview import SHARES, SIDE


def look_at(whole: Tensor) -> Tensor:
    """(B, C, H, W) in [0, 1] -> (B, (C + 2)·7): what `aigan.overview.look_at` gives for each picture."""
    small = functional.adaptive_avg_pool2d(whole, SIDE)
    darkest, brightest = small.amin(1, keepdim=True), small.amax(1, keepdim=True)
    planes = torch.cat([small, darkest, brightest - darkest], dim=1).flatten(2).float()
    return torch.quantile(planes, planes.new_tensor(SHARES), dim=2).permute(1, 2, 0).flatten(1)


class Overview(nn.Module):
    """What `look_at` gives, (B, (C + 2)·7) -> the numbers c, a and b of each picture, (B, 2 + C)."""

    def __init__(self, channels: int, width: int = 256) -> None:
        super().__init__()
        self.judge = nn.Linear((channels + 2) * len(SHARES), width)
        self.say = nn.Linear(width, 2 + channels)
        nn.init.zeros_(self.say.weight)
        nn.init.zeros_(self.say.bias)

    def forward(self, seen: Tensor) -> Tensor:
        """The numbers."""
        said: Tensor = self.say(functional.relu(self.judge(seen)))
        return said


def corrected(estimates: Estimates, I: Tensor, numbers: Tensor) -> Estimates:
    """The estimates of O, and with them those of T, which is what is left: (B, C, H, W); numbers (B, 2 + C)."""
    c, a, b = (part[:, :, None, None] for part in numbers.tensor_split((1, 2), dim=1))

    def original(y: Tensor) -> Tensor:
        return y + c * y + a * (y - I) + b

    yhat_O, yhat_T, ytilde_O, ytilde_T = estimates
    return Estimates(
        original(yhat_O),
        None if yhat_T is None else I - original(I - yhat_T),
        None if ytilde_O is None else original(ytilde_O),
        None if ytilde_T is None else I - original(I - ytilde_T),
    )

"""DehazeNet: the first network for haze estimates the transmission; the air light is read where that is least.

B. Cai, X. Xu, K. Jia, C. Qing, D. Tao, "DehazeNet: An End-to-End System for Single Image Haze Removal", IEEE TIP 2016.
Features by maxout, at three scales, the greatest of each neighbourhood, and a bilateral ReLU. 8,305 parameters. With
I = J·t + A(1 − t) the result is J = (I − A)/t + A, t smoothed by the guided filter.

Deviations: t is not below 0.01, so that it divides (the published weights do not come near it). Trained by us, the loss
is that of J, not of t on patches of one t each; t begins at 0.5, and the bilateral ReLU lets gradients through where it
is at its ends, else all of them are lost as soon as every t is 1, which is the picture as it was.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from aigan.baselines.learned.guided_filter import guided_filter
from aigan.baselines.learned.layers import luminance, mirrored
from aigan.baselines.learned.restorer import System
from aigan.decomposition import EVERYWHERE

MAXOUT = 4  # channels of which the greatest is taken
SCALES = (3, 5, 7)
NEIGHBOURHOOD = 7  # px
HAZIEST = 0.01  # share of the pixels from which the air light is taken
RADIUS, EPS = 50, 1e-3  # of the guided filter
LEAST_TRANSMISSION = 0.01


class DehazeNet(nn.Module):
    """From a hazy picture to the clear one; `transmission` is the network proper."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 5)
        for side in SCALES:
            self.add_module(f"conv2_{side}x{side}", nn.Conv2d(MAXOUT, 16, side))
        self.conv4 = nn.Conv2d(48, 1, 6)
        nn.init.constant_(self.conv4.bias, 0.5)  # type: ignore[arg-type]

    def forward(self, hazy: Tensor) -> Tensor:
        """(B, 3, H, W) -> the same."""
        t, gray = self.transmission(hazy), luminance(hazy)
        A = air_light(hazy, t, gray)
        t = guided_filter(gray, t, radius=RADIUS, eps=EPS).clamp(min=LEAST_TRANSMISSION)
        return (hazy - A) / t + A

    def transmission(self, hazy: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 1, H, W) in [0, 1], not smoothed."""
        features = self.conv1(mirrored(hazy - 0.5, 2, 2, edge_twice=True))
        features = features.unflatten(1, (-1, MAXOUT)).amax(dim=2)
        scales = [conv(mirrored(features, *2 * [conv.kernel_size[0] // 2], edge_twice=True)) for conv in self._scales()]
        greatest = functional.max_pool2d(torch.cat(scales, dim=1), NEIGHBOURHOOD, 1, NEIGHBOURHOOD // 2)
        t = self.conv4(mirrored(greatest, 2, 3, edge_twice=True))
        return t + (t.clamp(0, 1) - t).detach()  # type: ignore[no-any-return]

    def _scales(self) -> list[nn.Conv2d]:
        return [module for name, module in self.named_children() if name.startswith("conv2")]  # type: ignore[misc]


def air_light(hazy: Tensor, t: Tensor, gray: Tensor) -> Tensor:
    """A, (B, 3, 1, 1): the mean colour of the brightest among the pixels of least transmission."""
    rank = max(round(HAZIEST * t[0].numel()), 1)
    threshold = t.flatten(1).kthvalue(rank).values[:, None, None, None]
    brightness = torch.where(t <= threshold, gray, -torch.inf)
    brightest = (brightness == brightness.amax(dim=(2, 3), keepdim=True)).to(hazy.dtype)
    return (hazy * brightest).sum((2, 3), keepdim=True) / brightest.sum((2, 3), keepdim=True)


DEHAZENET = System(
    network=lambda _: DehazeNet(),
    receptive_radius_px=EVERYWHERE,
    limits="takes what is bright and gray for haze; the whole picture at once, for its air light",
)

"""Discriminators: spectrally normalised, on patches, giving logits."""

from __future__ import annotations

from itertools import pairwise

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm


class PatchDiscriminator(nn.Sequential):
    """Judges overlapping patches (38 px) of pictures (B, C, H, W): logits (B, 1, H/8, W/8), > 0 for what seems real.

    Patches: Isola et al. 2017. Spectral normalisation: Miyato et al. 2018.
    """

    def __init__(self, channels: int, width: int = 32) -> None:
        widths = (channels, width, 2 * width, 4 * width)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layers += [spectral_norm(nn.Conv2d(inputs, outputs, 4, stride=2, padding=1)), nn.LeakyReLU(0.2)]
        super().__init__(*layers, spectral_norm(nn.Conv2d(widths[-1], 1, 3, padding=1)))

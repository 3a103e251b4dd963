"""DCP: haze is what lightens the darkest colour of each neighbourhood, which is nearly black where the air is clear.

K. He, J. Sun, X. Tang, "Single Image Haze Removal Using Dark Channel Prior", CVPR 2009 and IEEE PAMI 2011 (whose
equations these are). A hazy picture is I = J·t + A(1 − t) (eq. 1). The dark channel of J, the least value of all
channels in a patch, is nearly zero (eq. 5, 6), so that

    t̃ = 1 − ω · dark channel of I/A                    (eq. 12)
    J = (I − A) / max(t, t₀) + A                        (eq. 22)

where t is t̃ smoothed along the edges of the picture, and A is read where the dark channel is brightest (section 4.3).

Deviations: t̃ is smoothed by the guided filter, as the same authors came to do it (guided_filter.py), not by soft
matting; its guide is the gray picture, its radius and ε are those in common use. A is the mean of the pixels whose dark
channel is among the brightest 0.1 %, as in common use, not the brightest of them, which is worse on our training scenes
(RESIDE, none of the test), outdoors and indoors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.ndimage

from aigan.baselines.classical.guided_filter import guided_filter
from aigan.baselines.classical.luminance import luminance
from aigan.decomposition import Array, Context, Decomposition, ModelSpec

PATCH = 15  # px, side of the dark channel's window
OMEGA = 0.95  # share of the haze that is removed: a little keeps the sense of depth
LEAST_TRANSMISSION = 0.1  # t₀
HAZIEST = 0.001  # share of the pixels from which the air light is taken
RADIUS, EPS = 60, 1e-3  # of the guided filter


@dataclass(frozen=True)
class DCP:
    """Dark channel prior for hazy pictures, gray or colour."""

    channels: Literal[1, 3]

    @property
    def spec(self) -> ModelSpec:
        """Under one air light, nothing farther away than window and filter reach changes a result."""
        reach = PATCH // 2 + 2 * RADIUS
        return ModelSpec(
            name="dcp",
            task="dehaze",
            needs_context=True,
            channels=self.channels,
            receptive_radius_px=reach,
            halo_px=reach,
            limits="takes what is bright and gray (sky, snow, white walls) for haze, and makes it dark and colourful",
        )

    def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
        """Decompose a hazy picture, (H, W, C) float32 in [0, 1]; `context` is its air light, if it is known."""
        a = context.values if context else air_light(degraded)
        t = np.maximum(transmission(degraded, a), LEAST_TRANSMISSION)
        original: Array = np.divide(degraded - a, t[..., None]) + a
        return Decomposition(degraded, original, degraded - original)

    def context(self, whole: Array) -> Context:
        """The air light, one value a channel."""
        return Context(air_light(whole))


def dark_channel(picture: Array) -> Array:
    """(H, W, C) -> (H, W): the least value in each patch (eq. 5)."""
    return np.asarray(scipy.ndimage.minimum_filter(picture.min(axis=2), PATCH, mode="nearest"))


def air_light(hazy: Array) -> Array:
    """A of a picture (H, W, C): (C,), the mean colour where the dark channel is brightest."""
    dark = dark_channel(hazy)
    count = max(round(HAZIEST * dark.size), 1)
    haziest = hazy[dark >= np.partition(dark, -count, axis=None)[-count]]
    a = haziest.mean(axis=0, dtype=np.float64)  # they are half a picture where it has a flat sky
    return np.asarray(np.maximum(a, 1 / 255), np.float32)  # it divides, in black pictures too


def transmission(hazy: Array, air_light: Array) -> Array:
    """t of a picture (H, W, C) under an air light (C,): (H, W), smoothed; it may leave [0, 1] a little."""
    rough = 1 - OMEGA * dark_channel(hazy / air_light)
    return guided_filter(luminance(hazy), rough, radius=RADIUS, eps=EPS)

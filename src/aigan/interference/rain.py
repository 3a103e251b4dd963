"""Rain: drops that fall while the shutter is open, drawn as bright streaks in several layers of depth.

    rainy = min(1, clean + streaks + veil)

A layer is a sparse field of drops under oriented motion blur: each drop becomes a line of its own brightness. Far
layers have shorter, thinner, fainter streaks; rain too far away to be seen as streaks is a veil. The layer is gray,
as in the published sets (Yang et al., "Deep Joint Rain Detection and Removal from a Single Image", CVPR 2017).
"""

from __future__ import annotations

import math
from typing import Annotated, Any

import array_api_compat
import msgspec

from aigan.interference.draws import Draws, between
from aigan.interference.fields import grid, spline

Array = Any  # numpy.ndarray or torch.Tensor
Pixels = Annotated[float, msgspec.Meta(gt=0, le=1000)]
Degrees = Annotated[float, msgspec.Meta(ge=-180, le=180)]
Scale = Annotated[float, msgspec.Meta(gt=0, le=10)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


def add_rain(clean: Array, layer: Array) -> Array:
    """min(1, clean + layer): clean (B, C, H, W) in [0, 1], layer (B, 1, H, W) ≥ 0."""
    return array_api_compat.array_namespace(clean).clip(clean + layer, None, 1)


def streaks(drops: Array, *, length_px: Array, width_px: Array, angle_deg: Array) -> Array:
    """Motion blur: every drop becomes a line of its own value, soft at its ends.

    drops: (..., H, W) ≥ 0, mostly 0; the field is periodic, what leaves it on one side enters on the other.
    length_px: length of the lines; width_px: standard deviation of their cross-section; angle_deg: direction of the
    fall, 0 straight down, positive to the right; all three (...,). Returns (..., H, W) ≥ 0.
    """
    xp = array_api_compat.array_namespace(drops)
    device = array_api_compat.device(drops)
    height, width = drops.shape[-2:]
    down = xp.astype(xp.fft.fftfreq(height, device=device), xp.float32)[:, None]
    right = xp.astype(xp.fft.rfftfreq(width, device=device), xp.float32)[None, :]
    angle = (angle_deg * (math.pi / 180))[..., None, None]
    along = (down * xp.cos(angle) + right * xp.sin(angle)) * length_px[..., None, None]
    across = (right * xp.cos(angle) - down * xp.sin(angle)) * width_px[..., None, None]
    area = (math.sqrt(2 * math.pi) * length_px * width_px)[..., None, None]
    # the Fourier transform of a line of height 1: a box of length_px along the fall, softened, a Gaussian across
    kernel = area * _sinc(along) * xp.exp(-2 * math.pi**2 * (across**2 + (_SOFT * along) ** 2))
    blurred = xp.fft.irfftn(xp.fft.rfftn(drops, axes=(-2, -1)) * kernel, s=(height, width), axes=(-2, -1))
    return xp.clip(blurred, 0, None)


_SOFT = 0.1  # standard deviation of a streak's soft ends, of its length


def _sinc(x: Array) -> Array:
    xp = array_api_compat.array_namespace(x)
    phase = xp.where(x == 0, 1e-6, math.pi * x)
    return xp.sin(phase) / phase


class Rain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ranges from which the rain of each picture is drawn, uniformly. The defaults are like Rain100L's layers."""

    length_px: tuple[Pixels, Pixels] = (15, 60)  # of the nearest streaks
    width_px: tuple[Pixels, Pixels] = (0.7, 1.3)  # standard deviation of their cross-section
    angle_deg: tuple[Degrees, Degrees] = (-35, 35)  # mean direction: 0 straight down, positive to the right
    spread_deg: tuple[Degrees, Degrees] = (0, 5)  # standard deviation of the layers' directions about it
    coverage: tuple[Share, Share] = (0.025, 0.085)  # share of the picture that each layer covers
    brightness: tuple[Share, Share] = (0.15, 0.7)  # of the brightest streaks
    veil: tuple[Share, Share] = (0, 0)  # brightness of far rain, the same over the picture
    layers: Annotated[int, msgspec.Meta(ge=1, le=16)] = 3  # the farthest at twice the distance of the nearest

    def layer(self, draws: Draws, size: tuple[int, int]) -> Array:
        """A rain layer for each picture: (B, 1, H, W) ≥ 0 in units of [0, 1]."""
        # the field holds the longest streak, so that none meets itself
        height, width = (max(side, math.ceil(self.length_px[1])) for side in size)
        length, sigma, angle, spread, coverage, brightness, veil = (
            between(draws, bounds, 1)
            for bounds in (
                self.length_px,
                self.width_px,
                self.angle_deg,
                self.spread_deg,
                self.coverage,
                self.brightness,
                self.veil,
            )
        )
        xp = array_api_compat.array_namespace(length)
        steps = xp.arange(self.layers, dtype=xp.float32, device=array_api_compat.device(length))
        near = 1 / (1 + steps / max(self.layers - 1, 1))  # 1 / distance, (L,)
        length, sigma, brightness = length * near, sigma * near, brightness * near
        knots = draws.uniform(self.layers, _KNOTS, _KNOTS)
        gusts = spline(knots, grid(knots, height), grid(knots, width)) * 2
        density = (coverage / (length * sigma * _VISIBLE))[..., None, None] * gusts
        chance = draws.uniform(self.layers, height, width) / density  # below 1 for a share `density` of the pixels
        drops = xp.where(chance < 1, brightness[..., None, None] * (0.2 + 0.8 * chance**2), 0.0)
        layers = streaks(drops, length_px=length, width_px=sigma, angle_deg=angle + spread * draws.normal(self.layers))
        return (xp.sum(layers, axis=1, keepdims=True) + veil[..., None, None])[..., : size[0], : size[1]]

    def __call__(self, clean: Array, draws: Draws) -> Array:
        """Rain on a batch (B, C, H, W) of clean pictures in [0, 1]."""
        return add_rain(clean, self.layer(draws, clean.shape[-2:]))


LIGHT = Rain()
HEAVY = Rain(  # like Rain100H's layers
    length_px=(40, 120),
    width_px=(0.8, 1.4),
    angle_deg=(-20, 20),
    spread_deg=(0, 15),
    coverage=(0.22, 0.5),
    brightness=(0.2, 0.75),
    veil=(0, 0.03),
    layers=4,
)

_KNOTS = 8  # of the field of gusts, which make streaks come in clusters
_VISIBLE = 2.355  # full width at half maximum of a streak, in standard deviations of its cross-section


class Recombination(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ranges by which given streak layers become new ones: each is turned, scaled, mirrored, weighted; then summed."""

    scale: tuple[Scale, Scale] = (0.7, 1.4)  # above 1: streaks grow
    turn_deg: tuple[Degrees, Degrees] = (-15, 15)
    gain: tuple[Scale, Scale] = (0.5, 1.3)
    extra: Share = 0.3  # chance that each layer after the first is used

    def layer(self, streaks: Array, draws: Draws, size: tuple[int, int]) -> Array:
        """A rain layer (B, 1, *size) ≥ 0 from K real ones a picture, (B, K, h, w) ≥ 0, read periodically."""
        xp = array_api_compat.array_namespace(streaks)
        device = array_api_compat.device(streaks)
        count, height, width = streaks.shape[-3:]
        scale, angle = between(draws, self.scale, count), between(draws, self.turn_deg, count) * (math.pi / 180)
        mirror = 1 - 2 * xp.astype(draws.uniform(count) < 0.5, xp.float32)
        used = (draws.uniform(count) < self.extra) | (xp.arange(count, device=device) == 0)
        gain = between(draws, self.gain, count) * xp.astype(used, xp.float32)
        left, top = draws.uniform(count) * width, draws.uniform(count) * height

        y = xp.arange(size[0], dtype=xp.float32, device=device)[:, None] - size[0] / 2
        x = xp.arange(size[1], dtype=xp.float32, device=device)[None, :] - size[1] / 2
        cos, sin = (xp.cos(angle) / scale)[..., None, None], (xp.sin(angle) / scale)[..., None, None]
        mirrored = mirror[..., None, None] * x
        layers = _sample(
            streaks, top[..., None, None] + cos * y - sin * mirrored, left[..., None, None] + sin * y + cos * mirrored
        )
        return xp.sum(gain[..., None, None] * layers, axis=1, keepdims=True)


def _sample(field: Array, y: Array, x: Array) -> Array:
    """Bilinear interpolation of a periodic field (B, K, h, w) at (y, x), each (B, K, H, W), in pixels."""
    xp = array_api_compat.array_namespace(field)
    batch, count, height, width = field.shape
    flat = xp.reshape(field, (batch, count, height * width))
    row, column = xp.floor(y), xp.floor(x)
    below, right = y - row, x - column
    row, column = xp.astype(row, xp.int64), xp.astype(column, xp.int64)

    def at(down: int, along: int) -> Array:
        index = ((row + down) % height) * width + (column + along) % width
        values = xp.take_along_axis(flat, xp.reshape(index, (batch, count, -1)), axis=-1)
        return xp.reshape(values, y.shape)

    upper = at(0, 0) * (1 - right) + at(0, 1) * right
    lower = at(1, 0) * (1 - right) + at(1, 1) * right
    return upper * (1 - below) + lower * below

"""Noise: Gaussian, as the benchmarks add it, and that of a camera, as photographs have it.

    noisy = clean + σ·n,  n standard normal: neither clipped nor rounded

    photograph = jpeg(gamma(light + smooth(demosaic(√(a·raw + b)·n))))

The camera model follows Foi et al., "Practical Poissonian-Gaussian noise modeling and fitting for single-image
raw-data" (IEEE TIP 2008) and Brooks et al., "Unprocessing Images for Learned Raw Denoising" (CVPR 2019): noise that
depends on the signal, in linear light, correlated by demosaicking and by the noise reduction that cameras do
themselves, unequal in the colours by the white balance, and then quantised with the blocks of JPEG (ITU-T T.81).
"""

from __future__ import annotations

import math
from typing import Annotated, Any

import array_api_compat
import msgspec

from aigan.interference.draws import Draws, between
from aigan.interference.fields import extended
from aigan.interference.jpeg import jpeg

Array = Any  # numpy.ndarray or torch.Tensor
Sigma = Annotated[float, msgspec.Meta(ge=0, le=255)]
Quality = Annotated[float, msgspec.Meta(ge=1, le=100)]
Gain = Annotated[float, msgspec.Meta(ge=1, le=8)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Pixels = Annotated[float, msgspec.Meta(ge=0, le=2)]
Shot = Annotated[float, msgspec.Meta(gt=0, le=1)]

TAPS = 3  # px to each side that the smoothing reaches


def add_gaussian(clean: Array, sigma_255: Array, draws: Draws) -> Array:
    """clean (B, C, H, W) + Gaussian noise of standard deviation sigma_255 (B,), in gray levels of 255."""
    return clean + sigma_255[:, None, None, None] / 255 * draws.normal(*clean.shape[1:])


class Noise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Gaussian noise whose strength is drawn for each picture, uniformly: blind by default, fixed as [25, 25]."""

    sigma_255: tuple[Sigma, Sigma] = (0, 55)

    def __call__(self, clean: Array, draws: Draws) -> Array:
        """Noise on a batch (B, C, H, W), gray or colour; neither clipped nor rounded."""
        return add_gaussian(clean, between(draws, self.sigma_255), draws)


def expose(
    clean: Array, draws: Draws, *, shot: Array, read: Array, red_gain: Array, blue_gain: Array, smoothing_px: Array
) -> Array:
    """A camera's picture before JPEG: (B, C, H, W) in [0, 1], sRGB, from a clean one.

    shot: a, and read: b (B,), of the variance a·x + b of the raw value x in [0, 1]. red_gain, blue_gain: (B,), the
    white balance, by which the noise of these colours is multiplied. smoothing_px: (B,), standard deviation of the
    Gaussian that stands for the camera's own noise reduction. Only the noise is mosaicked, interpolated and smoothed:
    the detail of the picture is what a good camera leaves. A gray picture comes from a sensor without mosaic.
    """
    xp = array_api_compat.array_namespace(clean)
    shot, read = shot[:, None, None, None], read[:, None, None, None]
    light = _linear(clean)
    if clean.shape[1] == 1:
        raw = extended(light, (TAPS, TAPS), (TAPS, TAPS))
        noise = xp.sqrt(shot * raw + read) * draws.normal(*raw.shape[1:])
        return _gamma(xp.clip(light + _smoothed(noise, smoothing_px), 0, 1))
    gains = xp.stack([red_gain, xp.ones_like(red_gain), blue_gain], axis=1)[:, :, None, None]
    raw = extended(light / gains, (TAPS + 1, TAPS + 1), (TAPS + 1, TAPS + 1))
    noise = xp.sqrt(shot * raw + read) * draws.normal(1, *raw.shape[2:]) * _bayer(raw, draws)
    return _gamma(xp.clip(light + gains * _smoothed(_demosaic(noise), smoothing_px), 0, 1))


def _bayer(raw: Array, draws: Draws) -> Array:
    """(B, 3, H, W): 1 where the sensor measures the colour. The phase of the pattern is drawn for each picture."""
    xp = array_api_compat.array_namespace(raw)
    device = array_api_compat.device(raw)
    phase = xp.astype(draws.uniform(2) < 0.5, xp.int64)
    odd_row = (phase[:, :1] + xp.arange(raw.shape[2], device=device)) % 2 == 1
    odd_column = (phase[:, 1:] + xp.arange(raw.shape[3], device=device)) % 2 == 1
    rows, columns = odd_row[:, :, None], odd_column[:, None, :]
    red, blue = ~rows & ~columns, rows & columns
    return xp.astype(xp.stack([red, ~(red | blue), blue], axis=1), raw.dtype)


def _demosaic(mosaic: Array) -> Array:
    """Bilinear interpolation: (B, 3, H + 2, W + 2) with 0 where a colour was not measured → (B, 3, H, W)."""
    xp = array_api_compat.array_namespace(mosaic)
    own = mosaic[..., 1:-1, 1:-1]
    sides = mosaic[..., 1:-1, :-2] + mosaic[..., 1:-1, 2:] + mosaic[..., :-2, 1:-1] + mosaic[..., 2:, 1:-1]
    corners = mosaic[..., :-2, :-2] + mosaic[..., :-2, 2:] + mosaic[..., 2:, :-2] + mosaic[..., 2:, 2:]
    red_blue = own + sides / 2 + corners / 4  # only one of the three is not 0: a colour has 1, 2 or 4 neighbours
    return xp.concat([red_blue[:, :1], (own + sides / 4)[:, 1:2], red_blue[:, 2:]], axis=1)


def _smoothed(noise: Array, sigma_px: Array) -> Array:
    """Gaussian smoothing of (B, C, H + 2·TAPS, W + 2·TAPS), by sigma_px (B,) → (B, C, H, W)."""
    xp = array_api_compat.array_namespace(noise)
    at = xp.arange(-TAPS, TAPS + 1, dtype=xp.float32, device=array_api_compat.device(noise))
    kernel = xp.exp(-0.5 * (at / xp.clip(sigma_px, 1e-3, None)[:, None]) ** 2)
    kernel = (kernel / xp.sum(kernel, axis=1, keepdims=True))[:, :, None, None, None]
    height, width = (side - 2 * TAPS for side in noise.shape[2:])
    rows = sum(kernel[:, k] * noise[:, :, k : k + height] for k in range(2 * TAPS + 1))
    return sum(kernel[:, k] * rows[..., k : k + width] for k in range(2 * TAPS + 1))


def _linear(x: Array) -> Array:
    """Display values to light (IEC 61966-2-1)."""
    xp = array_api_compat.array_namespace(x)
    return xp.where(x <= 0.04045, x / 12.92, ((xp.clip(x, 0, 1) + 0.055) / 1.055) ** 2.4)


def _gamma(x: Array) -> Array:
    """Light to display values (IEC 61966-2-1)."""
    xp = array_api_compat.array_namespace(x)
    return xp.where(x <= 0.0031308, x * 12.92, 1.055 * xp.clip(x, 1e-6, None) ** (1 / 2.4) - 0.055)


class Camera(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ranges from which the noise of a camera's JPEG is drawn for each picture."""

    shot: tuple[Shot, Shot] = (1e-4, 1.2e-2)  # a, log-uniform; b follows it, as in Brooks et al.
    red_gain: tuple[Gain, Gain] = (1.9, 2.4)
    blue_gain: tuple[Gain, Gain] = (1.5, 1.9)
    smoothing_px: tuple[Pixels, Pixels] = (0, 1)
    quality: tuple[Quality, Quality] = (70, 98)
    halved: Share = 0.5  # share of the pictures with chroma at half the resolution

    def __call__(self, clean: Array, draws: Draws) -> Array:
        """A camera's JPEG of a batch (B, C, H, W) of clean pictures in [0, 1]: in [0, 1], rounded to 8 bit."""
        xp = array_api_compat.array_namespace(clean)
        low, high = self.shot
        log_shot = between(draws, (math.log(low), math.log(high)))
        log_read = 2.18 * log_shot + 1.2 + 0.26 * draws.normal()
        exposed = expose(
            clean,
            draws,
            shot=xp.exp(log_shot),
            read=xp.exp(log_read),
            red_gain=between(draws, self.red_gain),
            blue_gain=between(draws, self.blue_gain),
            smoothing_px=between(draws, self.smoothing_px),
        )
        return jpeg(exposed, quality=between(draws, self.quality), halved=draws.uniform() < self.halved)

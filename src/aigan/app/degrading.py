"""The second tab: rain, haze and noise with sliders, and the picture before and after."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aigan.app.restoring import write_shown
from aigan.degrade import degrade as degrade_pixels
from aigan.interference import Haze, Interference, Noise, Rain
from aigan.pictures import read, write
from aigan.restore.naming import plan

Kind = Literal["rain", "haze", "noise"]


@dataclass(frozen=True)
class Degraded:
    """A degraded picture: the file, and two pictures for the page."""

    file: Path
    clean_shown: Path
    degraded_shown: Path


def rain(*, amount: float, length_px: float, angle_deg: float, brightness: float) -> Rain:
    """Rain of that look: `amount` and `brightness` in [0, 1], angle 0 straight down, positive to the right."""
    return Rain(
        coverage=(0.5 * amount, 0.5 * amount),
        length_px=(length_px, length_px),
        angle_deg=(angle_deg, angle_deg),
        brightness=(brightness, brightness),
        veil=(0.03 * amount, 0.03 * amount),
        layers=4,
    )


def haze(*, thickness: float, air_light: float) -> Haze:
    """Haze over open ground or a slope: `thickness` is the optical one at the farthest point, `air_light` in [0, 1]."""
    return Haze(beta=(thickness, thickness), air_light=(air_light, air_light), tint=0, scenes=("plane", "ground"))


def noise(*, sigma_255: float) -> Noise:
    """White noise of that standard deviation, in gray levels of 255."""
    return Noise(sigma_255=(sigma_255, sigma_255))


def degrade(source: Path, folder: Path, interference: Interference, *, seed: int, max_pixels: int) -> Degraded:
    """Degrade a clean picture, into a file of its kind and depth, with its metadata. AiganError where it is none."""
    clean = read(source, max_pixels=max_pixels)
    degraded = degrade_pixels(clean.pixels, kind=interference, seed=seed)
    file = plan([source], folder, suffix=".degraded")[0].target
    write(degraded, file, form=clean.form, alpha=clean.alpha, overwrite=True)
    result = Degraded(file, folder / "clean-shown.png", folder / "degraded-shown.png")
    write_shown(clean.pixels, result.clean_shown, icc=clean.form.icc)
    write_shown(degraded, result.degraded_shown, icc=clean.form.icc)
    return result

"""Haze: light from the scene is attenuated with distance, and air light scattered in.

    hazy = clean·t + A·(1 − t),   t = exp(−β·d)

(Koschmieder 1924; Narasimhan and Nayar, "Vision and the Atmosphere", IJCV 2002.) The depth d is that of the scene
where it is known, else of a procedural one: a plane, open ground under a sky, a smooth field, layered silhouettes.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, NamedTuple

import array_api_compat
import msgspec

from aigan.interference.draws import Draws, between
from aigan.interference.fields import grid, spline

Array = Any  # numpy.ndarray or torch.Tensor
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Scene = Literal["plane", "ground", "smooth", "silhouettes"]
Thickness = Annotated[float, msgspec.Meta(ge=0, le=20)]


def transmission(depth: Array, beta: Array) -> Array:
    """t = exp(−β·d): depth (B, 1, H, W), beta (B,) in the inverse unit of depth."""
    return array_api_compat.array_namespace(depth).exp(-beta[:, None, None, None] * depth)


def add_haze(clean: Array, transmission: Array, air_light: Array) -> Array:
    """J·t + A·(1 − t): clean J (B, C, H, W), transmission t (B, 1, H, W), air_light A (B, C), all in [0, 1]."""
    return clean * transmission + air_light[:, :, None, None] * (1 - transmission)


class Hazy(NamedTuple):
    """A hazy batch and what made it."""

    degraded: Array  # (B, C, H, W)
    transmission: Array  # (B, 1, H, W)
    air_light: Array  # (B, C)


class Haze(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ranges from which the haze of each picture is drawn, uniformly.

    Depth is relative: 1 at the farthest point of the scene; so β is the optical thickness there.
    """

    beta: tuple[Thickness, Thickness] = (0.3, 2.0)
    air_light: tuple[Share, Share] = (0.7, 1.0)
    tint: Share = 0.04  # how much warmer (more red, less blue) or colder than gray A is at the most
    near: tuple[Share, Share] = (0.1, 0.5)  # depth of the nearest point of procedural scenes
    view: tuple[Share, Share] = (1, 1)  # share of a procedural scene, in height and in width, that the picture shows
    scenes: Annotated[tuple[Scene, ...], msgspec.Meta(min_length=1)] = ("plane", "ground", "smooth", "silhouettes")

    def draw(self, clean: Array, draws: Draws, *, depth: Array | None = None) -> Hazy:
        """Haze on a batch (B, C, H, W) of clean pictures in [0, 1]; depth: (B, 1, H, W) in [0, 1], if it is known."""
        xp = array_api_compat.array_namespace(clean)
        t = transmission(self.scene(draws, clean.shape[-2:]) if depth is None else depth, between(draws, self.beta))
        warm = xp.linspace(1, -1, clean.shape[1], dtype=xp.float32, device=array_api_compat.device(clean))
        air_light = between(draws, self.air_light, 1) + between(draws, (-self.tint, self.tint), 1) * warm
        air_light = xp.clip(air_light, 0, 1)
        return Hazy(add_haze(clean, t, air_light), t, air_light)

    def __call__(self, clean: Array, draws: Draws) -> Array:
        """Haze of procedural scenes on a batch (B, C, H, W) of clean pictures in [0, 1]."""
        return self.draw(clean, draws).degraded

    def scene(self, draws: Draws, size: tuple[int, int]) -> Array:
        """Procedural depth (B, 1, H, W) in [0, 1], of a kind that is drawn for each picture."""
        view = between(draws, self.view, 1)
        xp = array_api_compat.array_namespace(view)
        y = draws.uniform(1) * (1 - view) + view * grid(view, size[0])  # (B, H), 0 at the top of the scene
        x = draws.uniform(1) * (1 - view) + view * grid(view, size[1])
        uneven = 0.85 + 0.3 * spline(draws.uniform(8, 8), y, x)
        near = between(draws, self.near, 1, 1)
        choice = xp.floor(draws.uniform(1, 1) * len(self.scenes))
        depth = xp.zeros_like(y[:, :, None] * x[:, None, :])
        for number, name in enumerate(self.scenes):
            depth = xp.where(choice == number, _SCENES[name](draws, y, x), depth)
        return xp.clip(near + (1 - near) * depth * uneven, 0, 1)[:, None]


def _plane(draws: Draws, y: Array, x: Array) -> Array:
    """A slanted plane, farther towards the top, which may lean by 60° to either side."""
    xp = array_api_compat.array_namespace(y)
    lean = between(draws, (-math.pi / 3, math.pi / 3), 1)
    return _range(((1 - y) * xp.cos(lean))[:, :, None] + ((x - 0.5) * xp.sin(lean) + 0.5)[:, None, :], 0.5, 1.5)


def _ground(draws: Draws, y: Array, x: Array) -> Array:
    """Open ground up to a horizon, and the sky above it: distance is inverse to the height below the horizon."""
    xp = array_api_compat.array_namespace(y)
    horizon, eye = between(draws, (0.1, 0.6), 1), between(draws, (0.05, 0.3), 1)
    distance = eye / (xp.clip(y - horizon, 0, None) + eye)
    return xp.broadcast_to(distance[:, :, None], (*y.shape, x.shape[1]))


def _smooth(draws: Draws, y: Array, x: Array) -> Array:
    """A smooth random field."""
    return _range(spline(draws.uniform(6, 6), y, x), 0.2, 0.8)


def _silhouettes(draws: Draws, y: Array, x: Array) -> Array:
    """Ridges one behind the other, the farther ones higher in the picture, under a sky."""
    xp = array_api_compat.array_namespace(y)
    ridges = 5
    top = between(draws, (0.1, 0.4), 1)
    depth = xp.ones_like(y[:, :, None] * x[:, None, :])
    for ridge in range(ridges):
        skyline = spline(draws.uniform(12, 12), 0 * y[:, :1], x)[:, 0] - 0.5  # (B, W), one line of a random field
        crest = top + (1 - top) * ridge / ridges + between(draws, (0.1, 0.6), 1) * skyline
        distance = (1 - (ridge + draws.uniform(1, 1)) / ridges) * 0.9
        depth = xp.where(y[:, :, None] > crest[:, None, :], distance, depth)
    return depth


_SCENES = {"plane": _plane, "ground": _ground, "smooth": _smooth, "silhouettes": _silhouettes}


def _range(values: Array, low: float, high: float) -> Array:
    """`values` from [low, high] to [0, 1], clipped."""
    return array_api_compat.array_namespace(values).clip((values - low) / (high - low), 0, 1)

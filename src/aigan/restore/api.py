"""In Python: `model = aigan.load("derain")`, `result = model.restore(picture)`, `result.original`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from aigan.decomposition import Array, Decomposition, ModelSpec, Restorer
from aigan.restore import border, tiles
from aigan.restore.backends.contract import Device, Precision
from aigan.restore.images import Given, given
from aigan.restore.loading import Backend, check, open_restorer


@dataclass(frozen=True, eq=False)
class Restored:
    """A restored picture; see `Model.restore`."""

    _given: Given
    _result: Decomposition

    @property
    def original(self) -> Any:
        """The restored picture, of the type that was given; for a path a PIL image."""
        return self.at_strength(1.0)

    def at_strength(self, strength: float) -> Any:
        """The picture restored in part: 0 gives it as it was, 1 `original`. No new inference."""
        pixels = border.restored(self._given.pixels, self._given.alpha, self._result, strength)
        return self._given.back(pixels)

    @property
    def interference(self) -> Array:
        """What was found to remove: signed float32 (H, W, C), C = 1 or 3, in units of [0, 1]."""
        return self._result.interference

    @property
    def expected_error(self) -> Array | None:
        """How far `original` may be off: float32 (H, W) in gray levels of 255; None where the model cannot say."""
        return self._result.expected_error


@dataclass(frozen=True, eq=False)
class Model:
    """A model that restores pictures; made by `load`. Its file is opened when it is first needed."""

    name: str
    tta: bool = False
    backend: Backend = "auto"
    device: Device = "auto"
    precision: Precision = "auto"

    def restore(self, image: Any, *, tile: tiles.TileSize = "auto", tile_exact: bool = False) -> Restored:
        """Restore a picture: a path, a PIL image, a numpy array or a torch tensor; see `images.given`.

        `tile`, `tile_exact`: see `tiles.decompose_bands`. AiganError for what is no picture.
        """
        picture = given(image)
        restorer = self._colour if picture.pixels.shape[2] == 3 else self._gray
        seen = border.seen(picture.pixels, picture.alpha)
        return Restored(picture, tiles.decompose(restorer, seen, tile=tile, exact=tile_exact))

    @property
    def spec(self) -> ModelSpec:
        """What is known of the model for colour pictures."""
        return self._colour.spec

    @cached_property
    def _colour(self) -> Restorer:
        return self._open(3)

    @cached_property
    def _gray(self) -> Restorer:
        return self._open(1)

    def _open(self, channels: int) -> Restorer:
        return open_restorer(
            self.name,
            channels=channels,
            tta=self.tta,
            backend=self.backend,
            device=self.device,
            precision=self.precision,
        )


def load(
    model: str | Path,
    *,
    tta: bool = False,
    backend: Backend = "auto",
    device: Device = "auto",
    precision: Precision = "auto",
) -> Model:
    """A model by name ("derain", "denoise-s", those of `aigan models`) or from a file, ONNX or weights.

    `tta`: the mean over eight flips and turns of each picture, eight times as slow. `backend`, `device`, `precision`:
    see `loading.open_restorer`, and the errors there.
    """
    check(str(model), backend=backend, device=device, precision=precision)
    return Model(str(model), tta, backend, device, precision)

"""The vocabulary that all parts share: what a restorer is, what it returns, and what is known of a model.

A degraded picture is I; a restorer decomposes it into the original O and the interference T with O + T = I
(paper, section 3). Everything here speaks numpy; nothing here imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Task = Literal["derain", "dehaze", "denoise", "all"]


@dataclass(frozen=True, eq=False)
class Decomposition:
    """A degraded picture and what it was decomposed into; float32, (H, W, C), C = 1 or 3, in units of [0, 1].

    `original` and `interference` are not clamped: that happens once, where a file is written.
    `expected_error` is (H, W) in gray levels of 255, high where the model is unsure, or None where it has no estimate.
    """

    degraded: Array
    original: Array
    interference: Array
    expected_error: Array | None = None

    def at_strength(self, strength: float) -> Array:
        """I − s·(I − O): s = 0 gives the degraded picture, s = 1 the restored one. No new inference."""
        return self.degraded - np.float32(strength) * (self.degraded - self.original)


@dataclass(frozen=True, eq=False)
class Context:
    """What is global in a picture (air light, noise level): (K,) float32, computed once and handed to every tile."""

    values: Array


class Figure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A measured figure: `aigan evaluate` reproduces it."""

    benchmark: str
    degradation: str = ""  # what the protocol leaves open, e.g. "sigma_255=25"
    psnr: float | None = None  # dB, on RGB or gray
    psnr_y: float | None = None  # dB, on Y (16–235)


class Confidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The expected error of a block is exp(bias + spread · log S + contrast · log C + removed · log R + middle · log M
    + dark · log D).

    S, C, R: spread of the estimates of O, contrast of the result, size of what was removed, in gray levels of 255;
    M: how far the result is from black and white, b·(1 − b) of its brightness; D: dark channel of the degraded picture
    (restore/confidence.py, which fits the coefficients). The defaults are those of rain, haze and noise together, by
    the first three alone.
    """

    bias: float = 0.545
    spread: float = 0.131
    contrast: float = 0.254
    removed: float = 0.46
    middle: float = 0.0
    dark: float = 0.0

    @property
    def weights(self) -> tuple[float, ...]:
        """All of them in order."""
        return self.bias, self.spread, self.contrast, self.removed, self.middle, self.dark


Positive = Annotated[int, msgspec.Meta(ge=1, le=2**31)]
EVERYWHERE = 1 << 16  # px, the receptive radius of what sees the whole picture at once: it is not cut into tiles


class ModelSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a model. Tiling, the registry, tables and cards read it; nobody keeps a second copy."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=64)]
    task: Task
    channels: Literal[1, 3]
    multiple_of: Positive = 1  # tiles start at multiples of it (the network's stride)
    receptive_radius_px: Annotated[int, msgspec.Meta(ge=0, le=EVERYWHERE)] = 0  # no pixel farther away changes a result
    halo_px: Annotated[int, msgspec.Meta(ge=0, le=EVERYWHERE)] = 0  # with it tiles differ from the whole by < 0.25/255
    needs_context: bool = False  # `Restorer.context` gives something, which tiles of one picture must share
    confidence: Confidence = Confidence()
    parameters: Annotated[int, msgspec.Meta(ge=0)] = 0
    kmac_per_px: Annotated[float, msgspec.Meta(ge=0)] = 0.0  # of the whole inference path, ỹ_T left out
    licence: str = "Apache-2.0"
    training: str = ""  # configuration, pixels, start
    training_data: tuple[str, ...] = ()
    data_terms: str = ""  # the terms of that data, as stated by their owners
    saw_test_scenes_of: tuple[str, ...] = ()  # benchmarks on which it may not be measured
    limits: str = ""  # where it fails
    figures: tuple[Figure, ...] = ()


class Restorer(Protocol):
    """Every model and every baseline, classical or learned."""

    @property
    def spec(self) -> ModelSpec:
        """What is known of it."""

    def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
        """Decompose a picture, (H, W, C) float32 in [0, 1]."""

    def context(self, whole: Array) -> Context | None:
        """What is global, from the whole picture or a thumbnail of it; None where the model needs nothing."""

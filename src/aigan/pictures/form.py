"""What a picture is in memory, and what must be known of its file to write one of the same kind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aigan.pictures.kinds import Depth, format_named

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Form:
    """What is needed to write a file of the same kind as the one that was read.

    `format`: the kind of file to write, a name of `FORMATS`: the one that was read, but for camera raw files (TIFF) and
    GIF, whose 256 colours do not hold a restored picture (PNG). `exif`: the TIFF structure without the "Exif" prefix,
    orientation upright. `xmp`, `iptc`, `icc`: as they lie in the file. `resolution`: pixels per mm, x and y. `notes`:
    what a user should know of how the file was read, such as "first frame of 12".
    """

    format: str
    depth: Depth = "uint8"
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    icc: bytes | None = None
    resolution: tuple[float, float] = (72 / 25.4, 72 / 25.4)
    notes: tuple[str, ...] = ()

    @property
    def extension(self) -> str:
        """The usual extension of this kind of file, such as ".jpg"."""
        return format_named(self.format).extensions[0]


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture, upright: `pixels` float32 (H, W, C) in [0, 1], C = 1 or 3; `alpha` float32 (H, W) in [0, 1] or None.

    Pixels of float files are as they are in the file and may leave [0, 1].
    """

    pixels: Array
    alpha: Array | None
    form: Form

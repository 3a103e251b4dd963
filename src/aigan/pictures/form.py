"""What a picture is in memory, and what must be known of its file to write one of the same kind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from aigan.errors import AiganError

Array = npt.NDArray[np.float32]
Depth = Literal["uint8", "uint16", "float32"]


@dataclass(frozen=True, kw_only=True)
class Format:
    """A kind of file: its extensions (the usual one first), how it starts, and what it can hold."""

    name: str
    extensions: tuple[str, ...]
    depths: tuple[Depth, ...] = ("uint8",)  # of what is written, lowest first
    gray: bool = True  # False: gray is written as RGB
    alpha: bool = True
    longest_side: int = 2**31 - 1  # px


FORMATS = (
    Format(name="JPEG", extensions=(".jpg", ".jpeg", ".jpe", ".jfif"), alpha=False, longest_side=65_535),
    Format(name="PNG", extensions=(".png",), depths=("uint8", "uint16")),
    Format(name="WebP", extensions=(".webp",), gray=False, longest_side=16_383),
    Format(name="TIFF", extensions=(".tif", ".tiff"), depths=("uint8", "uint16", "float32")),
    Format(name="AVIF", extensions=(".avif",), depths=("uint8", "uint16"), gray=False, longest_side=16_384),
    Format(
        name="HEIC", extensions=(".heic", ".heif", ".hif"), depths=("uint8", "uint16"), gray=False, longest_side=16_384
    ),
    Format(name="BMP", extensions=(".bmp", ".dib"), alpha=False, longest_side=65_535),
    Format(name="GIF", extensions=(".gif",), gray=False, longest_side=65_535),
    Format(name="PPM", extensions=(".ppm", ".pgm", ".pbm", ".pnm"), depths=("uint8", "uint16"), alpha=False),
)
RAW_EXTENSIONS = (
    *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".iiq", ".kdc", ".mef", ".mos", ".mrw"),
    *(".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"),
)


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


def format_named(name: str) -> Format:
    """The format of that name."""
    return next(format for format in FORMATS if format.name == name)


def format_of(path: Path) -> Format:
    """The format that the extension says; AiganError where none can be written."""
    extension = path.suffix.lower()
    for format in FORMATS:
        if extension in format.extensions:
            return format
    known = " ".join(format.extensions[0] for format in FORMATS)
    raise AiganError(f"{path} has no extension of a picture that can be written: use one of {known}")


def extensions() -> frozenset[str]:
    """All extensions that count as pictures, in lower case, camera raw files among them."""
    return frozenset(extension for format in FORMATS for extension in format.extensions) | frozenset(RAW_EXTENSIONS)


def is_picture(path: str | Path) -> bool:
    """Whether the name's extension is a picture's; the file is not looked at."""
    return Path(path).suffix.lower() in extensions()

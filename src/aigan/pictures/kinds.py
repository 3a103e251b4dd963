"""Kinds of files: what they are called, how they start, and what they can hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aigan.errors import AiganError

Depth = Literal["uint8", "uint16", "float32"]


@dataclass(frozen=True, kw_only=True)
class Format:
    """A kind of file: its extensions (the usual one first) and what is written to it at most."""

    name: str
    extensions: tuple[str, ...]
    depths: tuple[Depth, ...] = ("uint8",)  # the lowest first
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
# How files start; WebP, AVIF and HEIC have their sign farther in.
HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
STARTS = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    *((start, "TIFF") for start in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    *((start, "PPM") for start in (b"P5", b"P6")),
    *((start, "plain PPM") for start in (b"P1", b"P2", b"P3", b"P4")),
)


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


def kind_of(head: bytes) -> str | None:
    """What the first bytes of a file say: a name of `FORMATS`, "plain PPM" for PBM and text, None for anything else."""
    for start, kind in STARTS:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    brands = head[8 : int.from_bytes(head[:4], "big")] if head[4:8] == b"ftyp" else b""
    if b"avif" in brands or b"avis" in brands:
        return "AVIF"
    return "HEIC" if any(brand in brands for brand in HEIC_BRANDS) else None

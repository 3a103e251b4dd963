"""Binary PGM and PPM files of 8 and 16 bit, which libvips' wheel lacks and of which Pillow keeps 8 bit."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pyvips

GAP = rb"(?:\s|#[^\n]*\n)+"
HEADER = re.compile(rb"P([56])" + GAP + rb"(\d{1,9})" + GAP + rb"(\d{1,9})" + GAP + rb"(\d{1,5})\s")


def load(source: Path | bytes, head: bytes, check: Callable[[int, int], None]) -> pyvips.Image:
    """A libvips image whose rows are read as they are asked for."""
    match = HEADER.match(head)
    if not match:
        raise ValueError("its header is not a PPM's")
    kind, width, height, white = (int(group) for group in match.groups())
    check(width, height)
    if not (width and height and 0 < white < 65_536):
        raise ValueError("its header is not a PPM's")
    bands, wide = 3 if kind == 6 else 1, white > 255
    format, size = ("ushort", 2) if wide else ("uchar", 1)
    start, length = match.end(), width * height * bands * size
    if (len(source) if isinstance(source, bytes) else source.stat().st_size) < start + length:
        raise ValueError("pixels are missing at its end")
    if isinstance(source, bytes):
        image = pyvips.Image.new_from_memory(source[start : start + length], width, height, bands, format)
    else:
        image = pyvips.Image.rawload(os.fsencode(source), width, height, bands, offset=start, format=format)
    if wide:
        image = image.byteswap()  # the file has the high byte first
    full = 65_535 if wide else 255
    if white != full:
        image = (image * (full / white)).rint().cast(format)
    return image.copy(interpretation=("rgb16" if wide else "srgb") if bands == 3 else ("grey16" if wide else "b-w"))


def save(image: pyvips.Image, path: Path) -> None:
    """Write a gray or RGB image of uchar or ushort, a hundred rows at a time."""
    white = 65_535 if image.format == "ushort" else 255
    header = f"P{6 if image.bands == 3 else 5}\n{image.width} {image.height}\n{white}\n"
    if image.format == "ushort":
        image = image.byteswap()
    region = pyvips.Region.new(image)
    with path.open("wb") as file:
        file.write(header.encode())
        for top in range(0, image.height, 100):
            file.write(region.fetch(0, top, image.width, min(100, image.height - top)))

"""From rows on disk to a file: one call a format, metadata put back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyvips

from aigan.errors import AiganError
from aigan.files import writable
from aigan.pictures import exif, foreign, netpbm
from aigan.pictures.decoding import said_by
from aigan.pictures.form import Form
from aigan.pictures.kinds import Format

EXIF, XMP, IPTC, ICC = 1, 2, 4, 8  # libvips' flags of what a saver keeps
CLASSIC_TIFF = 4_000_000_000  # bytes, with a margin: its offsets have 32 bits


def save(rows: Path, path: Path, *, format: Format, form: Form, quality: int) -> None:
    """Encode a finished spool, whose depth the format holds, to `path`, with the form's metadata."""
    image = pyvips.Image.tiffload_source(pyvips.Source.new_from_file(os.fsencode(rows)), access="sequential")
    if image.bands < 3 and not format.gray:
        image = image[0].bandjoin([image[0], image[0], *image.bandsplit()[1:]])
    image = _with_metadata(image, form)
    blocks = ((EXIF, form.exif), (XMP, form.xmp), (IPTC, form.iptc), (ICC, form.icc))
    keep = sum(flag for flag, block in blocks if block)
    target = pyvips.Target.new_to_file(os.fsencode(path))
    match format.name:
        case "JPEG":
            image.jpegsave_target(target, Q=quality, subsample_mode="off", keep=keep)
        case "PNG":
            image.pngsave_target(target, filter="sub", keep=keep)
        case "WebP":
            image.webpsave_target(target, Q=quality, keep=keep)
        case "TIFF":
            predictor = "float" if form.depth == "float32" else "horizontal"
            big = rows.stat().st_size > CLASSIC_TIFF
            image.tiffsave_target(target, compression="deflate", predictor=predictor, bigtiff=big, keep=keep)
            if form.exif:
                exif.into_tiff(path, form.exif)
        case "AVIF":
            bits = 12 if form.depth == "uint16" else 8
            image.heifsave_target(target, compression="av1", Q=quality, bitdepth=bits, subsample_mode="off", keep=keep)
        case "HEIC":
            foreign.save_heic(image, path, form=form, quality=quality)
        case "BMP":
            foreign.save_bmp(image, path)
        case "GIF":
            image.gifsave_target(target, keep=keep)
        case "PPM":
            netpbm.save(image, path)


def check(path: Path, width: int, height: int, format: Format) -> None:
    """AiganError where files of this kind hold no picture of that size, or need an extra that is not installed."""
    if max(width, height) > format.longest_side:
        raise AiganError(
            f"{path} cannot be written, since {format.name} holds at most {format.longest_side:,} pixels a side and the"
            f" picture has {width:,} × {height:,}: choose TIFF or PNG"
        )
    if format.name == "HEIC":
        foreign.pillow_heif()


@contextmanager
def encodable(path: Path) -> Iterator[None]:
    """Errors of encoders and of the disk, in one sentence about `path`."""
    pyvips.vips_lib.vips_error_clear()  # as where pictures are read
    try:
        with writable(path):
            yield
    except pyvips.Error as error:
        raise AiganError(f"{path} cannot be written ({said_by(error)}): check the free space or choose PNG") from error


def _with_metadata(image: pyvips.Image, form: Form) -> pyvips.Image:
    xres, yres = form.resolution
    gray, color = ("grey16", "rgb16") if form.depth == "uint16" else ("b-w", "srgb")
    image = image.copy(interpretation=gray if image.bands < 3 else color, xres=xres, yres=yres)
    for field, block in (("exif-data", form.exif), ("xmp-data", form.xmp), ("iptc-data", form.iptc)):
        if block:
            image.set_type(pyvips.GValue.blob_type, field, block)
    if form.icc and _describes(form.icc, image.bands):
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", form.icc)
    return image


def _describes(icc: bytes, bands: int) -> bool:
    """Whether the profile is of gray or of RGB as the picture is (ICC.1:2022, 7.2.8): programs reject others."""
    return icc[16:20] == (b"GRAY" if bands < 3 else b"RGB ")

"""From a libvips image to a file: one call a format, metadata put back, depth as far as the format holds it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyvips

from aigan.errors import AiganError
from aigan.pictures import exif, foreign, netpbm
from aigan.pictures.form import Form, Format

EXIF, XMP, IPTC, ICC = 1, 2, 4, 8  # libvips' flags of what a saver keeps
CLASSIC_TIFF = 4_000_000_000  # bytes: its offsets have 32 bits


def save(image: pyvips.Image, path: Path, *, format: Format, form: Form, quality: int) -> None:
    """Write an image of 1 to 4 bands, in a depth that the format holds, with the form's metadata."""
    if max(image.width, image.height) > format.longest_side:
        raise AiganError(
            f"{format.name} files hold at most {format.longest_side:,} pixels a side and this picture has"
            f" {image.width} × {image.height}: choose TIFF or PNG"
        )
    keep = sum(
        flag for flag, block in ((EXIF, form.exif), (XMP, form.xmp), (IPTC, form.iptc), (ICC, form.icc)) if block
    )
    target = pyvips.Target.new_to_file(os.fsencode(path))
    match format.name:
        case "JPEG":
            image.jpegsave_target(target, Q=quality, subsample_mode="off", optimize_coding=True, keep=keep)
        case "PNG":
            image.pngsave_target(target, filter="sub", keep=keep)
        case "WebP":
            image.webpsave_target(target, Q=quality, keep=keep)
        case "TIFF":
            predictor = "float" if image.format == "float" else "horizontal"
            size = image.width * image.height * image.bands * {"uchar": 1, "ushort": 2, "float": 4}[image.format]
            big = size > CLASSIC_TIFF
            image.tiffsave_target(target, compression="deflate", predictor=predictor, bigtiff=big, keep=keep)
            if form.exif:
                exif.into_tiff(path, form.exif)
        case "AVIF":
            bits = 12 if image.format == "ushort" else 8
            image.heifsave_target(target, compression="av1", Q=quality, bitdepth=bits, keep=keep)
        case "GIF":
            image.gifsave_target(target)
        case "BMP":
            foreign.save_bmp(image, path)
        case "PPM":
            netpbm.save(image, path)
        case "HEIC":
            foreign.save_heic(image, path, quality=quality, exif=form.exif, xmp=form.xmp, icc=form.icc)


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """Errors of disks and encoders in one sentence."""
    try:
        yield
    except OSError as error:
        raise AiganError(f"{path} cannot be written ({error.strerror}): check its folder and the free space") from error
    except pyvips.Error as error:
        detail = " ".join(str(error).split("\n", 1)[-1].split())
        raise AiganError(f"{path} cannot be written ({detail}): check the free space or choose PNG") from error


def from_raw(raw: Path, *, width: int, height: int, bands: int, form: Form) -> pyvips.Image:
    """The picture in a file that holds nothing but values of the form's depth, with the form's metadata."""
    format = {"uint8": "uchar", "uint16": "ushort", "float32": "float"}[form.depth]
    gray, color = {"uint8": ("b-w", "srgb"), "uint16": ("grey16", "rgb16"), "float32": ("b-w", "srgb")}[form.depth]
    image = pyvips.Image.rawload(os.fsencode(raw), width, height, bands, format=format)
    xres, yres = form.resolution
    image = image.copy(interpretation=gray if bands < 3 else color, xres=xres, yres=yres)
    blocks = {"exif-data": form.exif, "xmp-data": form.xmp, "iptc-data": form.iptc, "icc-profile-data": form.icc}
    for field, block in blocks.items():
        if block:
            image.set_type(pyvips.GValue.blob_type, field, block)
    return image

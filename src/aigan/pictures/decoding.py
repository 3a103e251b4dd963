"""From a file's bytes to a libvips image in a form that the rest knows: gray or RGB, with or without alpha."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal

import pyvips

from aigan.errors import AiganError, MissingExtra
from aigan.pictures import exif, foreign, netpbm
from aigan.pictures.form import Form
from aigan.pictures.kinds import FORMATS, RAW_EXTENSIONS, Depth, kind_of
from aigan.pictures.reading import MAX_PIXELS_IN_MEMORY

Access = Literal["sequential", "random"]
Source = Path | bytes

pyvips.cache_set_max(0)  # else libvips answers for a file that was overwritten meanwhile with what it held before

LOADERS = {
    "JPEG": "jpegload_source",
    "PNG": "pngload_source",
    "WebP": "webpload_source",
    "TIFF": "tiffload_source",
    "AVIF": "heifload_source",
    "GIF": "gifload_source",
}
# As are interlaced PNG and progressive JPEG, and all that is not read by libvips.
DECODED_WHOLE = ("WebP", "AVIF", "GIF")
DEPTHS: dict[str, Depth] = {"uchar": "uint8", "ushort": "uint16", "float": "float32"}
WRITTEN_AS = {"raw": "TIFF", "GIF": "PNG", "plain PPM": "PPM"}
GRAY_OR_RGB = ("b-w", "grey16", "rgb", "srgb", "rgb16", "scrgb", "multiband")


def open_image(source: Source, *, access: Access, max_pixels: int) -> tuple[pyvips.Image, Form]:
    """Read the header. Pixels are decoded when they are asked for, with their errors: do so under `readable`.

    The image has 1 (gray), 2 (and alpha), 3 (RGB) or 4 bands of uchar, ushort or float; it is not yet turned upright.
    """
    name = name_of(source)
    check = partial(_check_size, name, max_pixels)
    check_whole = partial(_check_size, name, min(max_pixels, MAX_PIXELS_IN_MEMORY))
    with readable(name), _opened(source) as file:
        head = file.read(4096)
        kind = _kind(head, source)
        if kind in LOADERS:
            image = getattr(pyvips.Image, LOADERS[kind])(_vips_source(source), access=access, fail_on="error")
            whole = kind in DECODED_WHOLE or image.get_typeof("interlaced")
            (check_whole if whole else check)(image.width, image.height)
        elif kind == "PPM":
            image = netpbm.load(source, head, check)
        else:
            file.seek(0)
            image = foreign.LOADERS[kind](file, check_whole)
        if kind in ("AVIF", "HEIC"):
            image = _scaled_to_white(image)
        image, notes = _gray_or_rgb(image, name)
        notes = (*_frames(image, kind, head), *notes)
        if kind == "raw":
            notes = ("developed from a camera raw file",)
        block = exif.from_tiff(file) if kind in ("TIFF", "raw") else exif.upright(_blob(image, "exif-data") or b"")
    form = Form(
        format=WRITTEN_AS.get(kind, kind),
        depth=DEPTHS[image.format],
        exif=block,
        xmp=_blob(image, "xmp-data"),
        iptc=_blob(image, "iptc-data"),
        icc=_blob(image, "icc-profile-data"),
        resolution=_resolution(image, block),
        notes=notes,
    )
    return image, form


def orientation(image: pyvips.Image) -> int:
    """How the picture lies in its file, 1 to 8 as EXIF counts it: 1 is upright."""
    return int(image.get("orientation")) if image.get_typeof("orientation") else 1


def name_of(source: Source) -> str:
    """What an error calls the picture."""
    return "the picture given as bytes" if isinstance(source, bytes) else str(source)


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Decoders' errors in one sentence."""
    pyvips.vips_lib.vips_error_clear()  # it keeps what was said of files that could be read after all
    try:
        yield
    except MissingExtra as error:
        raise MissingExtra(f"{name} cannot be read: {error}") from error
    except (AiganError, MemoryError):
        raise
    except FileNotFoundError as error:
        raise AiganError(f"{name} does not exist: check the name") from error
    except (IsADirectoryError, PermissionError) as error:
        raise AiganError(f"{name} cannot be opened ({error.strerror}): give a picture that may be read") from error
    except Exception as error:  # of any kind, as decoders raise them on damaged files
        what = f"is damaged, cut short or of a rare kind ({said_by(error)})"
        raise AiganError(f"{name} {what}: get another copy of it") from error


def said_by(error: Exception) -> str:
    """The heart of a decoder's or encoder's message: of libvips' the first line after the operation's name."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[1] if isinstance(error, pyvips.Error) and len(lines) > 1 else " ".join(lines)) or type(error).__name__


def _check_size(name: str, max_pixels: int, width: int, height: int) -> None:
    if width * height > max_pixels:
        raise AiganError(
            f"{name} has {width} × {height} pixels, more than the limit of {max_pixels:,}: cut or scale it"
        )


def _opened(source: Source) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def _vips_source(source: Source) -> pyvips.Source:
    if isinstance(source, bytes):
        return pyvips.Source.new_from_memory(source)
    return pyvips.Source.new_from_file(os.fsencode(source))  # bytes: names that are not UTF-8 pass, too


def _kind(head: bytes, source: Source) -> str:
    """By the first bytes; the extension decides only for camera raw files, most of which look like TIFF."""
    if isinstance(source, Path) and source.suffix.lower() in RAW_EXTENSIONS:
        return "raw"
    if not head:
        raise AiganError(f"{name_of(source)} is empty: get another copy of it")
    kind = kind_of(head)
    if kind is None:
        known = ", ".join(format.name for format in FORMATS)
        raise AiganError(
            f"{name_of(source)} is not a picture of a kind that is known: give a {known} or camera raw file"
        )
    return kind


def _frames(image: pyvips.Image, kind: str, head: bytes) -> tuple[str, ...]:
    """What to say of a file with several frames or pages; libvips counts those of neither PNG nor AVIF."""
    if kind == "AVIF" and head[8:12] == b"avis":
        return ("first frame of several",)
    pages = int(image.get("n-pages")) if image.get_typeof("n-pages") else 1
    animated = image.get_typeof("delay") or kind == "PNG"
    if kind == "PNG" and b"acTL" in (before := head.partition(b"IDAT")[0]):  # its chunk of animation control
        pages = int.from_bytes(before.partition(b"acTL")[2][:4], "big")
    return (f"first {'frame' if animated else 'page'} of {pages}",) if pages > 1 else ()


def _gray_or_rgb(image: pyvips.Image, name: str) -> tuple[pyvips.Image, tuple[str, ...]]:
    """Convert what is neither (CMYK, Lab, double), and say what was converted or left out."""
    notes = []
    if image.interpretation == "cmyk":
        depth = 16 if image.format == "ushort" else 8
        image = image.icc_transform("srgb", embedded=True, input_profile="cmyk", depth=depth)
        notes.append("converted from CMYK to sRGB")
    elif image.interpretation not in GRAY_OR_RGB:
        notes.append(f"converted from {image.interpretation} to sRGB")
        image = image.colourspace("rgb16")
    if image.format == "double":
        image = image.cast("float")
    if image.format not in DEPTHS or image.bands > 4:
        raise AiganError(
            f"{name} has pixels of {image.bands} × {image.format}, which is not supported:"
            " convert it to gray or RGB of 8 or 16 bits or floating point"
        )
    return image, tuple(notes)


def _scaled_to_white(image: pyvips.Image) -> pyvips.Image:
    """Decoders move 10 and 12 bits up to 16, which leaves white a little under 65,535."""
    bits = int(image.get("bits-per-sample")) if image.get_typeof("bits-per-sample") else 8
    if image.format != "ushort" or bits == 16:
        return image
    white = (2**bits - 1) << (16 - bits)
    return (image * (65_535 / white)).rint().cast("ushort")


def _resolution(image: pyvips.Image, block: bytes | None) -> tuple[float, float]:
    """Pixels per mm, x and y: the file's own, else that of its EXIF, else that of screens (72 an inch)."""
    if (image.xres, image.yres) != (1.0, 1.0):  # libvips' way to say that the file does not tell
        return image.xres, image.yres
    return (exif.resolution(block) if block else None) or Form.resolution


def _blob(image: pyvips.Image, field: str) -> bytes | None:
    return bytes(image.get(field)) if image.get_typeof(field) else None


def turned_through(image: pyvips.Image, tiles: Path) -> pyvips.Image:
    """The image upright, decoded to a file of tiles from which it is read in any order."""
    image.tiffsave(os.fsencode(tiles), tile=True, tile_width=256, tile_height=256, bigtiff=True, compression="none")
    decoded = pyvips.Image.tiffload(os.fsencode(tiles), access="random")
    return decoded.autorot()

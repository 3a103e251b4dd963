"""Read a picture whole, or a thumbnail of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aigan.pictures.form import Form, Picture

if TYPE_CHECKING:
    import pyvips

MAX_PIXELS = 2**31  # of a picture that is read in strips
MAX_PIXELS_IN_MEMORY = 2**28  # of one that is read whole: 3 GB as float32


def read(source: str | Path | bytes, *, max_pixels: int = MAX_PIXELS_IN_MEMORY) -> Picture:
    """Read a picture from a file or from its bytes: upright, gray or RGB, float32 in [0, 1].

    8 and 16 bits are divided by 255 and 65,535, floating point is as it is, what is no number becomes 0. CMYK and Lab
    are converted to sRGB, every other colour stays in the file's own profile. Of several frames or pages the first is
    read, and noted in the form.
    AiganError where the file is missing, empty, damaged, cut short, no picture, or larger than `max_pixels`.
    """
    from aigan.pictures import decoding

    given = source if isinstance(source, bytes) else Path(source)
    image, form = decoding.open_image(given, access="sequential", max_pixels=max_pixels)
    if decoding.orientation(image) > 1:
        image, form = decoding.open_image(given, access="random", max_pixels=max_pixels)
        image = image.autorot()
    return picture_of(image, form, name=decoding.name_of(given))


def thumbnail(source: str | Path | bytes, *, longest_side: int, max_pixels: int = MAX_PIXELS) -> Picture:
    """Read a picture scaled down to `longest_side` pixels (never up), in little memory; else as `read`."""
    from aigan.pictures import decoding

    given = source if isinstance(source, bytes) else Path(source)
    image, form = decoding.open_image(given, access="sequential", max_pixels=max_pixels)
    scale = min(1, longest_side / max(image.width, image.height))
    with decoding.readable(decoding.name_of(given)):
        image = image.resize(scale, kernel="linear").copy_memory().autorot()
    return picture_of(image, form, name=decoding.name_of(given))


def picture_of(image: pyvips.Image, form: Form, *, name: str) -> Picture:
    """Decode an upright libvips image."""
    from aigan.pictures import decoding

    with decoding.readable(name):
        values = image.numpy().reshape(image.height, image.width, image.bands)
    return split(values, form)


def split(values: npt.NDArray[Any], form: Form) -> Picture:
    """Bands as they are in a file, (H, W, 1 to 4) of the form's depth, as a picture."""
    channels = 1 if values.shape[2] < 3 else 3
    scaled = values.astype(np.float32)
    if form.depth == "float32":  # one value that is no number would spoil all that a network sees around it
        np.nan_to_num(scaled, copy=False, nan=0, posinf=1, neginf=0)
    else:
        scaled /= np.iinfo(form.depth).max
    alpha = np.ascontiguousarray(scaled[..., channels]) if values.shape[2] > channels else None
    return Picture(np.ascontiguousarray(scaled[..., :channels]), alpha, form)

"""Write a picture: clamped to [0, 1] and rounded here, and nowhere else."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from aigan.pictures.files import replacing, temporary_neighbour
from aigan.pictures.form import Array, Form, Format, format_named, format_of

logger = logging.getLogger(__name__)


def write(
    pixels: Array,
    path: str | Path,
    *,
    form: Form | None = None,
    alpha: Array | None = None,
    quality: int = 95,
    strip_metadata: bool = False,
    overwrite: bool = False,
) -> None:
    """Write a picture, (H, W, C) float32, C = 1 or 3, as the kind of file that the extension of `path` says.

    `form`: that of the picture it was made from; its depth is kept as far as the kind of file holds it (a warning is
    logged where it does not), and EXIF, XMP, IPTC, ICC profile and resolution are written again. Without it: 8 bits.
    `alpha`: (H, W) float32 in [0, 1]. `quality`: 1 to 100, of JPEG (4:4:4), WebP, AVIF and HEIC. `strip_metadata`
    leaves out all but the ICC profile, without which colours would change.
    AiganError where `path` exists and `overwrite` is not given, where its extension is not a picture's, where its kind
    of file holds no picture of that size, or where it cannot be written.
    """
    height, width = pixels.shape[:2]
    with write_strips(
        path,
        width=width,
        height=height,
        form=form,
        quality=quality,
        strip_metadata=strip_metadata,
        overwrite=overwrite,
    ) as strips:
        strips.write(pixels, alpha)


def encode(
    pixels: Array,
    *,
    form: Form,
    alpha: Array | None = None,
    quality: int = 95,
    strip_metadata: bool = False,
) -> bytes:
    """The bytes of a file of the form's kind, as `write` writes it."""
    with tempfile.TemporaryDirectory(prefix="aigan-") as folder:
        path = Path(folder) / f"picture{form.extension}"
        write(pixels, path, form=form, alpha=alpha, quality=quality, strip_metadata=strip_metadata)
        return path.read_bytes()


class StripWriter:
    """Takes the rows of a picture from top to bottom; made by `write_strips`."""

    def __init__(self, raw: BinaryIO, *, form: Form, format: Format) -> None:
        self.rows = 0
        self.bands = 0
        self._raw, self._form, self._format = raw, form, format

    def write(self, pixels: Array, alpha: Array | None = None) -> None:
        """Add the next rows: (H', W, C) float32, C = 1 or 3, and their alpha (H', W), all in [0, 1] after clamping."""
        if alpha is not None:
            if self._format.alpha:
                pixels = np.dstack([pixels, alpha])
            else:  # on white, as most programs show it
                pixels = 1 - alpha[..., None] * (1 - np.clip(pixels, 0, 1))
        values = np.clip(pixels, 0, 1, dtype=np.float32)
        if self._form.depth != "float32":
            values *= np.iinfo(self._form.depth).max
            values = np.rint(values, out=values).astype(self._form.depth)
        self._raw.write(np.ascontiguousarray(values).data)
        self.rows += values.shape[0]
        self.bands = values.shape[2]


@contextmanager
def write_strips(
    path: str | Path,
    *,
    width: int,
    height: int,
    form: Form | None = None,
    quality: int = 95,
    strip_metadata: bool = False,
    overwrite: bool = False,
) -> Iterator[StripWriter]:
    """Write a picture of `width` × `height` pixels by rows; options and errors as `write`.

    The rows wait in a raw file beside `path`, so that memory holds only the strip at hand; when the block ends, that
    file is encoded. After an exception nothing is left.
    """
    from aigan.pictures import encoding

    path = Path(path)
    format = format_of(path)
    form = _fitting(form or Form(format=format.name), format, path, strip_metadata=strip_metadata)
    with replacing(path, overwrite=overwrite) as temporary, temporary_neighbour(path) as raw:
        with encoding.writable(path), raw.open("wb") as file:
            strips = StripWriter(file, form=form, format=format)
            yield strips
        if strips.rows != height:
            raise ValueError(f"{strips.rows} rows of {height} were written")
        with encoding.writable(path):
            image = encoding.from_raw(raw, width=width, height=height, bands=strips.bands, form=form)
            encoding.save(image, temporary, format=format, form=form, quality=quality)


def _fitting(form: Form, format: Format, path: Path, *, strip_metadata: bool) -> Form:
    """The form as the format can hold it."""
    if form.depth not in format.depths:
        depth = format.depths[-1]
        logger.warning(
            "%s is rounded from %s to the %s that %s holds at most: choose %s to keep the depth",
            *(path, form.depth, depth, format.name, "TIFF" if form.depth == "float32" else "PNG or TIFF"),
        )
        form = replace(form, depth=depth)
    if strip_metadata:
        form = replace(form, exif=None, xmp=None, iptc=None)
    return form

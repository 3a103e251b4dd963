"""Write a picture: rounded, and clamped to what the file holds, here and nowhere else."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aigan.files import replacing, temporary_neighbour, writable
from aigan.pictures.form import Array, Form
from aigan.pictures.kinds import Format, format_of
from aigan.pictures.spool import Spool

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
    `alpha`: (H, W) float32 in [0, 1]; what cannot hold it gets the picture on white. `quality`: 1 to 100, of JPEG
    (always 4:4:4), WebP, AVIF and HEIC. `strip_metadata` leaves out all but the ICC profile, without which colours
    would change.
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

    def __init__(self, spool: Spool, *, form: Form, format: Format, path: Path) -> None:
        self._spool, self._form, self._format, self._path = spool, form, format, path

    def write(self, pixels: Array, alpha: Array | None = None) -> None:
        """Add the next rows: (H', W, C) float32, C = 1 or 3, and their alpha (H', W)."""
        self.write_values(self.values(pixels, alpha))

    def values(self, pixels: Array, alpha: Array | None = None) -> npt.NDArray[Any]:
        """A part of the picture, (h, w, C) and its alpha (h, w), as the file holds it: (h, w, 1 to 4) of its depth.

        Rounded, and clamped to [0, 1], but for colours in floating point.
        """
        floats = self._form.depth == "float32"
        values = pixels.astype(np.float32) if floats else np.clip(pixels, 0, 1, dtype=np.float32)
        if alpha is not None and self._format.alpha:
            values = np.dstack([values, np.clip(alpha, 0, 1)])
        elif alpha is not None:
            values = 1 - np.clip(alpha, 0, 1)[..., None] * (1 - values)
        if not floats:
            values *= np.iinfo(self._form.depth).max
            values = np.rint(values, out=values).astype(self._form.depth)
        return values

    def write_values(self, values: npt.NDArray[Any]) -> None:
        """Add the next rows as `values` gives them."""
        with writable(self._path):
            self._spool.write(values)


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

    The rows wait in a file beside `path`, so that memory holds only the strip at hand, and are encoded when the block
    ends (WebP, AVIF, HEIC, GIF and BMP in memory). After an exception nothing is left.
    """
    from aigan.pictures import encoding

    path = Path(path)
    format = format_of(path)
    form = _fitting(form or Form(format=format.name), format, path)
    if strip_metadata:
        form = replace(form, exif=None, xmp=None, iptc=None)
    if form.format != format.name:
        form = replace(form, iptc=None)  # JPEG and TIFF wrap it differently; its XMP, if any, says the same
    encoding.check(path, width, height, format)
    with replacing(path, overwrite=overwrite) as result, temporary_neighbour(path) as rows:
        with rows.open("wb") as file:
            spool = Spool(file)
            yield StripWriter(spool, form=form, format=format, path=path)
            if spool.height != height:
                raise ValueError(f"{spool.height} rows of {height} were written to {path}")
            with writable(path):
                spool.finish()
        with encoding.encodable(path):
            encoding.save(rows, result, format=format, form=form, quality=quality)


def _fitting(form: Form, format: Format, path: Path) -> Form:
    """The form in the depth that the format holds."""
    if format.name == "GIF":
        logger.warning("%s is reduced to the 256 colours of GIF: choose PNG to keep them", path)
    if form.depth in format.depths:
        return form
    depth, better = format.depths[-1], "TIFF" if form.depth == "float32" else "PNG or TIFF"
    logger.warning(
        "%s is rounded from %s to %s, the most that %s holds: choose %s to keep the depth",
        *(path, form.depth, depth, format.name, better),
    )
    return replace(form, depth=depth)

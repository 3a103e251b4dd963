"""Read a picture by rows, from top to bottom, so that a gigapixel fits in little memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aigan.pictures.form import Form, Picture
from aigan.pictures.reading import MAX_PIXELS, split

if TYPE_CHECKING:
    import pyvips


class StripReader:
    """Gives the rows of a picture; made by `open_strips`. `channels` is 1 or 3, sizes are in pixels, upright."""

    def __init__(self, image: pyvips.Image, form: Form, name: str) -> None:
        import pyvips

        self.width: int = image.width
        self.height: int = image.height
        self.channels = 1 if image.bands < 3 else 3
        self.has_alpha = image.bands in (2, 4)
        self.form = form
        self._region, self._bands, self._name = pyvips.Region.new(image), image.bands, name
        self._image = image  # holds the memory that a region of an array reads from
        self._kept = np.empty((0, image.width, image.bands), form.depth)  # rows that were decoded already
        self._top = 0  # the first row that is kept

    def read(self, top: int, bottom: int) -> Picture:
        """Rows [top, bottom), 0 ≤ top < bottom ≤ height. `top` never goes back; strips may overlap or leave gaps.

        AiganError where the file is damaged or cut short in these rows.
        """
        from aigan.pictures import decoding

        if not self._top <= top < bottom <= self.height:
            raise ValueError(f"rows {top} to {bottom} do not follow row {self._top} in a picture of {self.height}")
        self._kept, self._top = self._kept[top - self._top :], top
        start = top + len(self._kept)
        if bottom > start:
            with decoding.readable(self._name):
                values = self._region.fetch(0, start, self.width, bottom - start)
            rows = np.frombuffer(values, self._kept.dtype).reshape(bottom - start, self.width, self._bands)
            self._kept = np.concatenate([self._kept, rows])
            if bottom == self.height:
                self._region = self._image = (
                    None  # frees the decoder, which for a progressive JPEG holds the whole picture
                )
        return split(self._kept[: bottom - top], self.form)


@contextmanager
def open_strips(path: str | Path, *, max_pixels: int = MAX_PIXELS) -> Iterator[StripReader]:
    """Open a picture to be read by rows: size and form are known at once, pixels are decoded as they are asked for.

    What is turned by EXIF is decoded to a temporary file first. WebP, AVIF, HEIC, GIF, BMP, camera raw files,
    interlaced PNG and progressive JPEG are decoded whole, so that `reading.MAX_PIXELS_IN_MEMORY` is their limit. Values
    and errors as `read`.
    """
    from aigan.pictures import decoding

    path = Path(path)
    with tempfile.TemporaryDirectory(prefix="aigan-") as folder:
        image, form = decoding.open_image(path, access="sequential", max_pixels=max_pixels)
        if decoding.orientation(image) > 1:
            with decoding.readable(str(path)):
                image = decoding.turned_through(image, Path(folder) / "tiles.tif")
        reader = StripReader(image, form, str(path))
        del image  # the reader lets go of the decoder with the last row
        yield reader

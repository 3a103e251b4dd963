"""Rows waiting on disk to be encoded, in a plain TIFF file: libvips reads it strip by strip, and maps raw files whole.

BigTIFF, little-endian, uncompressed, one row a strip, its directory behind the pixels (the BigTIFF design, Aware
Systems, 2007; TIFF 6.0, Adobe, 1992).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

HEADER = struct.Struct("<2sHHHQ")
LONG8 = 16  # the type of all values here
SAMPLE_FORMATS = {"u": 1, "f": 3}  # by numpy's kind of type


class Spool:
    """Writes rows to `file`, which must be empty; `finish` makes it a TIFF file of `height` rows."""

    def __init__(self, file: BinaryIO) -> None:
        self.height = 0
        self._file = file
        self._width, self._bands = 0, 0
        self._dtype: np.dtype[np.generic] = np.dtype(np.uint8)

    def write(self, values: npt.NDArray[np.generic]) -> None:
        """Add rows, (H', W, 1 to 4) uint8, uint16 or float32; all calls of one width, depth and number of bands."""
        if not self.height:
            self._file.write(bytes(HEADER.size))  # filled in at the end
        rows, self._width, self._bands = values.shape
        self._dtype = values.dtype.newbyteorder("<")
        self._file.write(np.ascontiguousarray(values, self._dtype).data)
        self.height += rows

    def finish(self) -> None:
        """Write the directory and the header."""
        row = self._width * self._bands * self._dtype.itemsize
        end = HEADER.size + row * self.height
        tags: dict[int, Sequence[int] | npt.NDArray[np.int64]] = {
            256: [self._width],
            257: [self.height],
            258: [8 * self._dtype.itemsize] * self._bands,
            259: [1],  # uncompressed
            262: [2 if self._bands > 2 else 1],  # RGB or gray
            273: HEADER.size + row * np.arange(self.height),
            277: [self._bands],
            278: [1],  # one row a strip
            279: np.full(self.height, row),
            338: [2] * (self._bands % 2 == 0),  # alpha, colours not multiplied with it
            339: [SAMPLE_FORMATS[self._dtype.kind]] * self._bands,
        }
        tags = {tag: values for tag, values in tags.items() if len(values)}
        entries, behind = b"", b""
        start = end + 8 + 20 * len(tags) + 8  # where values that do not fit an entry lie
        for tag, values in tags.items():
            data = np.asarray(values, "<u8").tobytes()
            entries += struct.pack("<HHQ", tag, LONG8, len(values))
            entries += data if len(values) == 1 else struct.pack("<Q", start + len(behind))
            behind += data if len(values) > 1 else b""
        self._file.write(struct.pack("<Q", len(tags)) + entries + struct.pack("<Q", 0) + behind)
        self._file.seek(0)
        self._file.write(HEADER.pack(b"II", 43, 8, 0, end))

"""EXIF where libvips leaves it: orientation and resolution inside the block, and the directories of TIFF files.

A block is a little TIFF file of its own (CIPA DC-008, "Exif 2.32"; TIFF 6.0, Adobe, 1992). Entries are copied as bytes,
turned where byte orders differ, so that text in any encoding and makers' notes pass.
"""

from __future__ import annotations

import io
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

PREFIX = b"Exif\0\0"
ORIENTATION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 0x0112, 0x011A, 0x011B, 0x0128
PARTS = (EXIF_DIRECTORY, GPS_DIRECTORY) = (0x8769, 0x8825)
# What the main directory says of the picture, not of the layout of its pixels: description, make, model, software,
# date, artist, computer, copyright.
DESCRIPTIVE = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298)
INTEROPERABILITY = 0xA005  # a directory inside another that says nothing of the picture
# Bytes a value of each type, and bytes of its parts that the byte order turns.
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
TURNED = {**SIZES, 5: 4, 10: 4}
SHORT, LONG, IFD8 = 3, 4, 18


@dataclass(frozen=True)
class Layout:
    """How a TIFF file counts: `order` "<" or ">", as struct writes it; `big` where offsets have 64 bits (BigTIFF)."""

    order: str
    big: bool

    @property
    def offset(self) -> struct.Struct:
        """Of places in the file."""
        return struct.Struct(self.order + ("Q" if self.big else "L"))

    @property
    def count(self) -> struct.Struct:
        """Of the number of entries."""
        return struct.Struct(self.order + ("Q" if self.big else "H"))

    @property
    def entry(self) -> struct.Struct:
        """Of tag, type, number of values, and the values or where they lie."""
        return struct.Struct(self.order + ("HHQ8s" if self.big else "HHL4s"))


class Values(NamedTuple):
    """An entry's values, little-endian."""

    type: int
    data: bytes

    def first(self) -> int:
        """The first of whole numbers."""
        return int.from_bytes(self.data[: SIZES[self.type]], "little")


Directory = dict[int, Values]


def upright(block: bytes) -> bytes | None:
    """The block without its "Exif" prefix and with its orientation set to upright; None where it is damaged."""
    block = block.removeprefix(PREFIX)
    try:
        layout, _ = _main(io.BytesIO(block))
    except (ValueError, struct.error):
        return None
    if layout.big:
        return None
    (start,) = layout.offset.unpack_from(block, 4)
    (count,) = layout.count.unpack_from(block, start)
    for at in range(start + 2, start + 2 + 12 * count, 12):
        if struct.unpack_from(layout.order + "H", block, at)[0] == ORIENTATION:
            return block[: at + 2] + struct.pack(layout.order + "HLHH", SHORT, 1, 1, 0) + block[at + 12 :]
    return block


def resolution(block: bytes) -> tuple[float, float] | None:
    """Pixels per mm, x and y; None where the block does not say."""
    try:
        main = _main(io.BytesIO(block))[1]
        unit = (
            10.0 if RESOLUTION_UNIT in main and main[RESOLUTION_UNIT].first() == 3 else 25.4
        )  # mm in a cm, in an inch
        (x, x_part), (y, y_part) = (struct.unpack("<LL", main[tag].data) for tag in (X_RESOLUTION, Y_RESOLUTION))
        return (x / x_part / unit, y / y_part / unit) if x and y else None
    except (KeyError, ValueError, struct.error, ZeroDivisionError):
        return None


def from_tiff(file: BinaryIO) -> bytes | None:
    """Who took a TIFF file's picture, when, with which camera and where, as a block; None where it does not say."""
    file.seek(0)
    try:
        layout, main = _main(file)
    except (ValueError, struct.error):  # damaged, and the pixels may still be good
        return None
    parts = _parts(file, main, layout)
    main = {tag: main[tag] for tag in DESCRIPTIVE if tag in main}
    if not main and not parts:
        return None
    classic = Layout(layout.order, big=False)
    tail, start = _written(main, parts, 8, classic)
    return _header(start, classic) + tail


def into_tiff(path: Path, block: bytes) -> None:
    """Add a block to a TIFF or BigTIFF file that libvips wrote: a new main directory replaces the old."""
    given, said = _main(io.BytesIO(block))
    parts = _parts(io.BytesIO(block), said, given)
    with path.open("r+b") as file:
        layout, main = _main(file)
        main.update({tag: said[tag] for tag in DESCRIPTIVE if tag in said})
        end = file.seek(0, io.SEEK_END)
        end += end % 2  # directories and values start at even places
        tail, start = _written(main, parts, end, layout)
        file.seek(end)
        file.write(tail)
        file.seek(0)
        file.write(_header(start, layout))


def _main(file: BinaryIO) -> tuple[Layout, Directory]:
    """The layout and the main directory; ValueError or struct.error where it is no TIFF file or damaged."""
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if not order:
        raise ValueError("no TIFF file")
    layout = Layout(order, big=struct.unpack(order + "H", head[2:4])[0] == 43)
    return layout, _directory(file, layout.offset.unpack_from(head, 8 if layout.big else 4)[0], layout)


def _parts(file: BinaryIO, main: Directory, layout: Layout) -> dict[int, Directory]:
    """Those of the directories that the main one points to that are there and sound."""
    parts = {}
    for tag in PARTS:
        with suppress(KeyError, ValueError, struct.error):
            parts[tag] = _directory(file, main[tag].first(), layout)
    return parts


def _header(start: int, layout: Layout) -> bytes:
    sign = b"MM" if layout.order == ">" else b"II"
    version = struct.pack(layout.order + "HHH", 43, 8, 0) if layout.big else struct.pack(layout.order + "H", 42)
    return sign + version + layout.offset.pack(start)


def _directory(file: BinaryIO, at: int, layout: Layout) -> Directory:
    left = size = file.seek(0, io.SEEK_END)  # the values of a sound file take no more than all its bytes
    if at + layout.count.size > size:
        raise ValueError("a directory lies behind the end")
    file.seek(at)
    (count,) = layout.count.unpack(file.read(layout.count.size))
    if at + count * layout.entry.size > size:
        raise ValueError("a directory is cut short")
    directory = {}
    for tag, type, number, value in layout.entry.iter_unpack(file.read(count * layout.entry.size)):
        length = number * SIZES.get(type, 0)
        if length > layout.offset.size:
            (place,) = layout.offset.unpack(value)
            left -= length
            if left < 0 or place + length > size:
                continue
            file.seek(place)
            value = file.read(length)
        if length and tag != INTEROPERABILITY:
            directory[tag] = Values(type, _turned(value[:length], type, layout.order))
    return directory


def _written(main: Directory, parts: dict[int, Directory], start: int, layout: Layout) -> tuple[bytes, int]:
    """What follows at `start` of a file: the parts, then the main directory; and where that lies."""
    tail = b""
    for tag, part in parts.items():
        pointer = (start + len(tail)).to_bytes(layout.offset.size, "little")
        main = {**main, tag: Values(IFD8 if layout.big else LONG, pointer)}
        tail += _packed(part, start + len(tail), layout)
    return tail + _packed(main, start + len(tail), layout), start + len(tail)


def _packed(directory: Directory, start: int, layout: Layout) -> bytes:
    entries, behind = b"", b""
    values_at = start + layout.count.size + len(directory) * layout.entry.size + layout.offset.size
    for tag, (type, little) in sorted(directory.items()):
        data = _turned(little, type, layout.order)
        fits = len(data) <= layout.offset.size
        value = data.ljust(layout.offset.size, b"\0") if fits else layout.offset.pack(values_at + len(behind))
        entries += layout.entry.pack(tag, type, len(data) // SIZES[type], value)
        behind += b"" if fits else data + b"\0" * (len(data) % 2)
    return layout.count.pack(len(directory)) + entries + layout.offset.pack(0) + behind


def _turned(data: bytes, type: int, order: str) -> bytes:
    """Values between little-endian and `order`; the same both ways."""
    turned: bytes = np.frombuffer(data, f"u{TURNED[type]}").byteswap().tobytes()
    return data if order == "<" else turned

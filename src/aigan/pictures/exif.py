"""EXIF where libvips leaves it: the orientation inside the block, and the directories of TIFF files.

The block is a little TIFF file of its own (JEITA CP-3451): a header, then directories of 12-byte entries.
"""

from __future__ import annotations

import struct
import warnings
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2 as Directory

ORIENTATION, EXIF_DIRECTORY, GPS_DIRECTORY, INTEROP_DIRECTORY = 0x0112, 0x8769, 0x8825, 0xA005
# What the main directory of a TIFF file says of the picture and not of the layout of its pixels.
DESCRIPTIVE = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298)
PREFIX = b"Exif\0\0"


def upright(block: bytes) -> bytes:
    """The block without its "Exif" prefix and with its orientation set to upright; the rest byte for byte."""
    block = block.removeprefix(PREFIX)
    endian = ">" if block[:2] == b"MM" else "<"
    try:
        (start,) = struct.unpack_from(endian + "L", block, 4)
        (count,) = struct.unpack_from(endian + "H", block, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            if struct.unpack_from(endian + "H", block, entry)[0] == ORIENTATION:
                return block[: entry + 8] + struct.pack(endian + "HH", 1, 0) + block[entry + 12 :]
    except struct.error:  # cut short: as it is, the savers leave out what they cannot parse
        pass
    return block


def from_tiff(file: BinaryIO) -> bytes | None:
    """Who, when and with which camera a TIFF file's picture was taken, as an EXIF block; None where it does not say."""
    try:
        with warnings.catch_warnings(action="ignore"):
            file.seek(0)
            head = _head(file)
            main = _directory(file, head, Directory(head).next)
            block = Image.Exif()
            for tag in DESCRIPTIVE:
                if tag in main:
                    block[tag] = main[tag]
            for tag in (EXIF_DIRECTORY, GPS_DIRECTORY):
                if tag in main:
                    part = dict(_directory(file, head, main[tag], group=tag))
                    part.pop(INTEROP_DIRECTORY, None)
                    block.get_ifd(tag).update(part)
                    block[tag] = block.get_ifd(tag)
            return block.tobytes().removeprefix(PREFIX) if len(block) else None
    except Exception:  # Pillow raises many kinds on damaged directories, and the pixels are still good
        return None


def into_tiff(path: Path, exif: bytes) -> None:
    """Add an EXIF block to a TIFF or BigTIFF file that libvips wrote: a new main directory at its end replaces the old."""
    with warnings.catch_warnings(action="ignore"):
        block = Image.Exif()
        block.load(PREFIX + exif)
        texts = {tag: _text(block[tag]) for tag in DESCRIPTIVE if tag in block}
        parts = {tag: block.get_ifd(tag) for tag in (EXIF_DIRECTORY, GPS_DIRECTORY) if tag in block}
    with path.open("r+b") as file:
        head = _head(file)
        order, big = "<" if head[:2] == b"II" else ">", len(head) == 16
        word, counter, size = ("Q", "Q", 20) if big else ("L", "H", 12)
        offset = Directory(head).next
        file.seek(offset)
        (count,) = struct.unpack(order + counter, file.read(struct.calcsize(order + counter)))
        raw = file.read(size * count)
        entries = {struct.unpack_from(order + "H", raw, at)[0]: raw[at : at + size] for at in range(0, len(raw), size)}
        (following,) = struct.unpack(order + word, file.read(struct.calcsize(order + word)))

        def append(data: bytes) -> int:
            at = file.seek(0, 2)
            file.write(data + b"\0" * (len(data) % 2))
            return at

        for tag, text in texts.items():
            inline = len(text) <= struct.calcsize(order + word)
            value = (
                text.ljust(struct.calcsize(order + word), b"\0") if inline else struct.pack(order + word, append(text))
            )
            entries[tag] = struct.pack(order + "HH" + word, tag, 2, len(text)) + value
        for tag, part in parts.items():
            directory = Directory(head, group=tag)
            for key, value in part.items():
                if key != INTEROP_DIRECTORY:
                    directory[key] = value
            at = append(directory.tobytes(file.seek(0, 2)))
            entries[tag] = struct.pack(order + "HH" + word + word, tag, 18 if big else 4, 1, at)
        main = b"".join(entries[tag] for tag in sorted(entries))
        at = append(struct.pack(order + counter, len(entries)) + main + struct.pack(order + word, following))
        file.seek(8 if big else 4)
        file.write(struct.pack(order + word, at))


def _head(file: BinaryIO) -> bytes:
    """The header: 8 bytes, or 16 where offsets have 64 bits (BigTIFF)."""
    head = file.read(8)
    return head + file.read(8) if 43 in head[2:4] else head


def _directory(file: BinaryIO, head: bytes, offset: int, group: int | None = None) -> Directory:
    directory = Directory(head, group=group)
    file.seek(offset)
    directory.load(file)
    return directory


def _text(value: Any) -> bytes:
    return str(value).rstrip("\0").encode("utf-8", "replace") + b"\0"

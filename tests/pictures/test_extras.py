"""HEIC and camera raw files, by extras; what is missing is named with the command that installs it."""

import importlib.util
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from aigan import pictures
from aigan.errors import AiganError, MissingExtra
from aigan.pictures import exif


@pytest.mark.parametrize(
    ("name", "data", "module", "extra"),
    [
        ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "pillow_heif", "heif"),
        ("a.nef", b"II*\0", "rawpy", "raw"),
    ],
)
def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch, name: str, data: bytes, module: str, extra: str):
    monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / name).write_bytes(data)
    for kind in (AiganError, ImportError):
        with pytest.raises(kind, match=rf"{name} cannot be read: .* pip install 'aigan\[{extra}\]'"):
            pictures.read(tmp_path / name)


def test_a_missing_extra_is_named_before_the_work(tmp_path: Path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with (
        pytest.raises(MissingExtra, match="HEIC pictures need pillow-heif"),
        pictures.write_strips(tmp_path / "a.heic", width=1, height=1),
    ):
        pytest.fail("the block was entered")


@pytest.mark.skipif(not importlib.util.find_spec("pillow_heif"), reason="needs the extra heif")
@pytest.mark.parametrize("depth", ["uint8", "uint16"])
@pytest.mark.parametrize("with_alpha", [False, True])
def test_heic(picture, tmp_path: Path, depth, with_alpha: bool):
    form = pictures.Form(format="HEIC", depth=depth, xmp=b"<x/>")
    path = tmp_path / "a.heic"
    pictures.write(picture, path, form=form, alpha=picture[..., 1] if with_alpha else None)
    result = pictures.read(path)
    assert result.form.depth == depth
    assert result.form.xmp == b"<x/>"
    assert result.pixels == pytest.approx(picture, abs=0.02)
    if with_alpha:
        assert result.alpha == pytest.approx(picture[..., 1], abs=0.01)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(AiganError, match=r"a.heic is damaged"):
        pictures.read(path)


@pytest.mark.skipif(not importlib.util.find_spec("rawpy"), reason="needs the extra raw")
def test_camera_raw(tmp_path: Path):
    path = tmp_path / "a.dng"
    path.write_bytes(_dng(width=64, height=48, orientation=6))
    result = pictures.read(path)
    assert result.pixels.shape == (64, 48, 3)
    assert (result.form.format, result.form.depth) == ("TIFF", "uint16")
    assert result.form.notes == ("developed from a camera raw file",)
    assert b"Maker" in result.form.exif
    rows = result.pixels.mean(axis=(1, 2))
    assert rows[-8] > rows[8] + 0.3  # brighter to the right in the sensor's frame, so downwards when turned
    path.write_bytes(b"II*\0" + bytes(100))
    with pytest.raises(AiganError, match=r"a.dng is damaged"):
        pictures.read(path)


def _dng(*, width: int, height: int, orientation: int) -> bytes:
    """The smallest file that LibRaw takes: one Bayer plane of 16 bits (DNG 1.4, Adobe, 2012)."""
    plane = np.broadcast_to(2000 + 500 * np.arange(width), (height, width)).astype("<u2").tobytes()
    matrix = (0.4124, 0.3576, 0.1805, 0.2126, 0.7152, 0.0722, 0.0193, 0.1192, 0.9505)
    short, long, layout = struct.Struct("<H"), struct.Struct("<L"), exif.Layout("<", big=False)
    tags = {
        254: (4, long.pack(0)),
        256: (4, long.pack(width)),
        257: (4, long.pack(height)),
        258: (3, short.pack(16)),
        259: (3, short.pack(1)),
        262: (3, short.pack(32_803)),  # a colour filter array
        271: (2, b"Maker\0"),
        272: (2, b"Model\0"),
        273: (4, long.pack(8)),
        274: (3, short.pack(orientation)),
        277: (3, short.pack(1)),
        278: (4, long.pack(height)),
        279: (4, long.pack(len(plane))),
        33_421: (3, struct.pack("<HH", 2, 2)),
        33_422: (1, bytes([0, 1, 1, 2])),  # red green, green blue
        50_706: (1, bytes([1, 4, 0, 0])),
        50_708: (2, b"Maker Model\0"),
        50_717: (4, long.pack(65_535)),
        50_721: (10, b"".join(struct.pack("<ll", round(value * 10_000), 10_000) for value in matrix)),
        50_728: (5, struct.pack("<6L", 1, 1, 1, 1, 1, 1)),
        50_778: (3, short.pack(21)),
    }
    start = 8 + len(plane)
    directory = {tag: exif.Values(*values) for tag, values in tags.items()}
    return exif._header(start, layout) + plane + exif._packed(directory, start, layout)

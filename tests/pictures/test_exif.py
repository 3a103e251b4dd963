"""EXIF blocks and the directories of TIFF files, in both byte orders and both sizes of offsets."""

from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image

from aigan.pictures import exif as subject


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_a_block_goes_into_a_tiff_file_and_out_again(bytes8, exif: Image.Exif, tmp_path: Path, order: str, big: bool):
    path = tmp_path / "a.tif"
    exif.endian = order
    exif[0x013B] = "Zoë".encode()
    pyvips.Image.new_from_array(bytes8).tiffsave(str(path), bigtiff=big)
    subject.into_tiff(path, exif.tobytes()[6:])
    assert np.array_equal(pyvips.Image.tiffload(str(path)).numpy(), bytes8)
    with path.open("rb") as file:
        block = subject.from_tiff(file)
    result = Image.Exif()
    result.load(b"Exif\0\0" + block)
    assert result[0x010F] == "Maker"
    assert result[0x013B].encode("latin-1").decode() == "Zoë"
    assert result.get_ifd(0x8769) == exif.get_ifd(0x8769)
    assert result.get_ifd(0x8825) == exif.get_ifd(0x8825)
    if not big:
        with Image.open(path) as seen:
            assert seen.getexif().get_ifd(0x8769) == exif.get_ifd(0x8769)


@pytest.mark.parametrize("order", ["<", ">"])
def test_upright_changes_nothing_but_the_orientation(exif: Image.Exif, order: str):
    exif.endian = order
    exif[0x0112] = 6
    turned = exif.tobytes()
    exif[0x0112] = 1
    assert subject.upright(turned) == exif.tobytes()[6:]


@pytest.mark.parametrize(("unit", "expected"), [(2, 300 / 25.4), (3, 30)])
def test_resolution_is_per_millimetre(unit: int, expected: float):
    block = Image.Exif()
    block[0x011A], block[0x011B], block[0x0128] = 300.0, 300.0, unit
    assert subject.resolution(block.tobytes()[6:]) == pytest.approx((expected, expected))


def test_what_says_nothing_gives_none(bytes8, exif: Image.Exif, tmp_path: Path):
    pyvips.Image.new_from_array(bytes8).tiffsave(str(tmp_path / "a.tif"))
    with (tmp_path / "a.tif").open("rb") as file:
        assert subject.from_tiff(file) is None
    assert subject.resolution(exif.tobytes()[6:]) is None

"""Small pictures that the tests of pictures share."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, TiffImagePlugin

from aigan.pictures.form import Array


@pytest.fixture
def picture() -> Array:
    """(40, 61, 3) in [0, 1]: smooth, different in each channel and along both sides."""
    rows, columns = np.mgrid[0:40, 0:61] / np.float32(61)
    return np.stack([rows, columns, (rows + columns) / 2], axis=2).astype(np.float32)


@pytest.fixture
def bytes8(picture: Array) -> npt.NDArray[np.uint8]:
    return np.rint(picture * 255).astype(np.uint8)


@pytest.fixture
def exif() -> Image.Exif:
    """With orientation (as it is turned is up to the test), maker, date, exposure, a maker's note, a place."""
    block = Image.Exif()
    block[0x010F] = "Maker"
    block[0x0132] = "2020:01:02 03:04:05"
    camera = block.get_ifd(0x8769)
    camera[0x9003] = "2019:01:02 03:04:05"
    camera[0x829A] = TiffImagePlugin.IFDRational(1, 250)
    camera[0x927C] = b"a maker's note"
    block.get_ifd(0x8825)[1] = "N"
    block.get_ifd(0x8825)[2] = (48.0, 12.0, 3.5)
    return block


@pytest.fixture
def save(tmp_path: Path):
    """Save a Pillow picture under a name in the test's folder; gives the path."""

    def saved(picture: Image.Image, name: str, **options: object) -> Path:
        picture.save(tmp_path / name, **options)
        return tmp_path / name

    return saved

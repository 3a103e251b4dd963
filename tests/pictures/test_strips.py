"""Reading and writing by rows gives what the whole gives, in the memory of a strip."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aigan import pictures
from aigan.pictures.kinds import FORMATS


@pytest.mark.parametrize("extension", [format.extensions[0] for format in FORMATS if format.name != "HEIC"])
@pytest.mark.parametrize("with_alpha", [False, True])
def test_strips_are_the_rows_of_the_whole(picture, tmp_path: Path, extension: str, with_alpha: bool):
    path = tmp_path / f"picture{extension}"
    pictures.write(picture, path, alpha=picture[..., 1] if with_alpha else None)
    whole = pictures.read(path)
    with pictures.open_strips(path) as strips:
        assert (strips.width, strips.height, strips.channels) == (61, 40, whole.pixels.shape[2])
        assert strips.has_alpha == (whole.alpha is not None)
        assert strips.form == whole.form
        for top, bottom in ((0, 12), (4, 17), (5, 6), (6, 6 + 12), (25, 40), (39, 40)):  # overlaps and a gap
            strip = strips.read(top, bottom)
            assert np.array_equal(strip.pixels, whole.pixels[top:bottom])
            if whole.alpha is not None:
                assert np.array_equal(strip.alpha, whole.alpha[top:bottom])


@pytest.mark.parametrize("orientation", range(2, 9))
def test_turned_pictures_come_in_upright_strips(bytes8, exif, save, orientation: int):
    exif[0x0112] = orientation
    path = save(Image.fromarray(bytes8), "turned.jpg", exif=exif)
    whole = pictures.read(path).pixels
    with pictures.open_strips(path) as strips:
        rows = [strips.read(top, min(top + 7, strips.height)).pixels for top in range(0, strips.height, 7)]
    assert np.array_equal(np.concatenate(rows), whole)


def test_rows_that_are_gone_are_refused(picture, tmp_path: Path):
    pictures.write(picture, tmp_path / "a.png")
    with pictures.open_strips(tmp_path / "a.png") as strips:
        strips.read(10, 20)
        for top, bottom in ((9, 20), (20, 20), (20, 41)):
            with pytest.raises(ValueError, match="do not follow row 10 in a picture of 40"):
                strips.read(top, bottom)


@pytest.mark.parametrize("extension", [".png", ".tif", ".jpg"])
@pytest.mark.parametrize("depth", ["uint8", "uint16", "float32"])
def test_writing_by_strips_gives_the_same_file(picture, tmp_path: Path, extension: str, depth):
    form = pictures.Form(format="TIFF", depth=depth)
    pictures.write(picture, tmp_path / f"whole{extension}", form=form, alpha=picture[..., 0])
    with pictures.write_strips(tmp_path / f"strips{extension}", width=61, height=40, form=form) as strips:
        for top in range(0, 40, 9):
            strips.write(picture[top : top + 9], picture[top : top + 9, :, 0])
    assert (tmp_path / f"strips{extension}").read_bytes() == (tmp_path / f"whole{extension}").read_bytes()


def test_a_picture_passes_onto_itself(picture, tmp_path: Path):
    path = tmp_path / "a.tif"
    pictures.write(picture, path, form=pictures.Form(format="TIFF", depth="float32"))
    with (
        pictures.open_strips(path) as source,
        pictures.write_strips(path, width=61, height=40, form=source.form, overwrite=True) as target,
    ):
        for top in range(0, 40, 8):
            target.write(1 - source.read(top, top + 8).pixels)
    assert np.array_equal(pictures.read(path).pixels, 1 - picture)


PASS = """
import pathlib, re, sys
import numpy as np
from aigan import pictures
source, target = sys.argv[1:]
width = height = 4000
row = np.linspace(0, 1, width * 3, dtype=np.float32).reshape(1, width, 3)
with pictures.write_strips(source, width=width, height=height) as strips:
    for _ in range(40):
        strips.write(row.repeat(100, axis=0))
with pictures.open_strips(source) as reader, pictures.write_strips(target, width=width, height=height) as strips:
    for top in range(0, height, 100):
        strips.write(reader.read(top, top + 100).pixels)
# Not getrusage: its figure starts from that of the process that started this one.
kilobytes = int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
assert kilobytes < 150_000, kilobytes  # the libraries take 50 MB, the picture 48 MB, or 192 MB as float32
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize(("source", "target"), [("big.jpg", "result.jpg"), ("big.tif", "result.png")])
def test_a_large_picture_passes_in_the_memory_of_a_strip(tmp_path: Path, source: str, target: str):
    command = [sys.executable, "-c", PASS, str(tmp_path / source), str(tmp_path / target)]
    assert subprocess.run(command).returncode == 0


def test_what_pillow_decoded_stays_in_memory_while_strips_are_read(tmp_path):
    source = tmp_path / "gray.bmp"
    pictures.write(np.full((24, 31, 1), 0.4, np.float32), source, form=pictures.Form(format="BMP", depth="uint8"))
    for _ in range(20):
        with pictures.open_strips(source) as strips:
            rubbish = [np.random.default_rng(n).random(24 * 31, np.float32) for n in range(50)]  # takes what is free
            assert np.ptp(strips.read(0, 24).pixels) == 0
        assert len(rubbish) == 50

"""Pictures as people have them: turned, with palettes, in ink's colours, of many frames, damaged, oddly named."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageOps

from aigan import pictures
from aigan.errors import AiganError


def test_importing_brings_neither_torch_nor_libvips():
    code = "import sys, aigan.pictures; sys.exit(bool({'torch', 'pyvips'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("extension", ["jpg", "tif", "png", "webp"])
def test_pictures_come_upright_and_say_so(bytes8, exif, save, orientation: int, extension: str):
    exif[0x0112] = orientation
    path = save(Image.fromarray(bytes8), f"turned.{extension}", exif=exif)
    with Image.open(path) as turned:
        expected = np.asarray(ImageOps.exif_transpose(turned), np.float32) / 255
    result = pictures.read(path)
    assert np.array_equal(result.pixels, expected)
    pictures.write(result.pixels, path, form=result.form, overwrite=True)
    with Image.open(path) as again:
        assert again.size == (expected.shape[1], expected.shape[0])
        assert again.getexif().get(0x0112, 1) == 1
    assert pictures.thumbnail(path, longest_side=20).pixels.shape[:2] == ((13, 20) if orientation < 5 else (20, 13))


@pytest.mark.parametrize("extension", ["png", "tif", "gif", "bmp"])
def test_palette_becomes_rgb(bytes8, save, extension: str):
    palette = Image.fromarray(bytes8).quantize(16)
    result = pictures.read(save(palette, f"palette.{extension}"))
    assert np.array_equal(result.pixels, np.asarray(palette.convert("RGB"), np.float32) / 255)


def test_palette_with_transparency_becomes_rgba(bytes8, save):
    palette = Image.fromarray(bytes8).quantize(16)
    result = pictures.read(save(palette, "palette.png", transparency=3))
    assert np.array_equal(result.alpha == 0, np.asarray(palette) == 3)


@pytest.mark.parametrize("extension", ["png", "tif", "bmp", "pbm"])
def test_one_bit_becomes_gray(bytes8, save, extension: str):
    bits = Image.fromarray(bytes8).convert("1")
    result = pictures.read(save(bits, f"bits.{extension}"))
    assert np.array_equal(result.pixels[..., 0], np.asarray(bits))


@pytest.mark.parametrize("extension", ["jpg", "tif"])
def test_cmyk_is_converted_through_a_profile(save, extension: str):
    ink = Image.new("CMYK", (8, 8), (0, 255, 255, 0))  # magenta and yellow in full
    result = pictures.read(save(ink, f"ink.{extension}"))
    red, green, blue = result.pixels[4, 4]
    assert red > 0.85
    assert max(green, blue) < 0.25  # a printed red, not the screen's (1, 0, 0)
    assert result.form.notes == ("converted from CMYK to sRGB",)
    assert result.form.icc == bytes(pyvips.Image.profile_load("srgb"))


def test_colours_stay_in_their_profile(bytes8, save):
    icc = bytes(pyvips.Image.profile_load("p3"))
    result = pictures.read(save(Image.fromarray(bytes8), "wide.png", icc_profile=icc))
    assert np.array_equal(result.pixels, bytes8.astype(np.float32) / 255)
    assert result.form.icc == icc


@pytest.mark.parametrize("bits", [10, 12])
def test_white_of_deep_avif_is_one(tmp_path: Path, bits: int):
    white = pyvips.Image.new_from_array(np.full((8, 8, 3), 65_535, np.uint16)).copy(interpretation="rgb16")
    white.heifsave(str(tmp_path / "white.avif"), compression="av1", bitdepth=bits, lossless=True)
    result = pictures.read(tmp_path / "white.avif")
    assert result.form.depth == "uint16"
    assert result.pixels.min() == 1


def test_alpha_that_colours_were_multiplied_with_is_taken_out(bytes8, tmp_path: Path):
    rgba = np.dstack([bytes8, np.full(bytes8.shape[:2], 128, np.uint8)])
    pyvips.Image.new_from_array(rgba).copy(interpretation="srgb").tiffsave(str(tmp_path / "a.tif"), premultiply=True)
    result = pictures.read(tmp_path / "a.tif")
    assert np.abs(result.pixels * 255 - bytes8).max() <= 2
    assert np.abs(result.alpha * 255 - 128).max() <= 1


@pytest.mark.parametrize(
    ("extension", "note"),
    [
        ("gif", "first frame of 3"),
        ("png", "first frame of 3"),
        ("webp", "first frame of 3"),
        ("avif", "first frame of several"),
        ("tif", "first page of 3"),
    ],
)
def test_the_first_of_many_is_read_and_noted(bytes8, save, extension: str, note: str):
    frames = [Image.fromarray(np.roll(bytes8, shift, axis=0)) for shift in (0, 9, 18)]
    path = save(frames[0], f"many.{extension}", save_all=True, append_images=frames[1:])
    result = pictures.read(path)
    assert result.form.notes == (note,)
    assert np.abs(result.pixels - bytes8 / np.float32(255)).mean() < 0.02


def test_a_gif_is_written_as_png(bytes8, save):
    assert pictures.read(save(Image.fromarray(bytes8), "a.gif")).form.extension == ".png"


@pytest.mark.parametrize(
    ("data", "values", "depth"),
    [
        (b"P3\n# remark\n2 1\n255\n255 0 0  0 0 51\n", [[1, 0, 0], [0, 0, 0.2]], "uint8"),
        (b"P2 2 1 65535 65535 13107", [[1], [0.2]], "uint16"),
        (
            b"P6 2 1 #\n1000\n" + np.array([1000, 0, 500, 0, 0, 200], ">u2").tobytes(),
            [[1, 0, 0.5], [0, 0, 0.2]],
            "uint16",
        ),
        (b"P5 2 1 100\n" + bytes([100, 20]), [[1], [0.2]], "uint8"),
    ],
)
def test_portable_maps(tmp_path: Path, data: bytes, values, depth: str):
    (tmp_path / "map.ppm").write_bytes(data)
    for source in (tmp_path / "map.ppm", data):
        result = pictures.read(source)
        assert result.form.depth == depth
        assert result.pixels[0] == pytest.approx(np.array(values), abs=0.5 / 255 if depth == "uint8" else 1e-5)


def test_what_the_file_is_decides_not_what_it_is_called(bytes8, save):
    path = save(Image.fromarray(bytes8), "picture.png")
    disguised = path.rename(path.with_suffix(".jpg"))
    assert pictures.read(disguised).form.format == "PNG"


@pytest.mark.parametrize("name", ["grün 写真 🌧.png", "a[1].png", "b,c=d;e.png", "-.png", "x" * 240 + ".png", "%d.png"])
def test_odd_names(picture, tmp_path: Path, name: str):
    pictures.write(picture, tmp_path / name)
    assert pictures.read(tmp_path / name).pixels.shape == picture.shape
    assert os.listdir(tmp_path) == [name]


@pytest.mark.skipif(sys.platform != "linux", reason="file names are Unicode there")
def test_a_name_that_is_no_unicode(picture, tmp_path: Path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.png"))
    pictures.write(picture, path)
    assert pictures.read(path).pixels.shape == picture.shape
    path.unlink()


def test_a_file_that_was_overwritten_is_read_anew(picture, tmp_path: Path):
    pictures.write(picture, tmp_path / "a.png")
    pictures.read(tmp_path / "a.png")
    pictures.write(1 - picture, tmp_path / "a.png", overwrite=True)
    assert pictures.read(tmp_path / "a.png").pixels == pytest.approx(1 - picture, abs=0.01)


def test_missing_empty_and_other_files_are_named(tmp_path: Path):
    for name, data, sentence in (
        ("empty.jpg", b"", "is empty"),
        ("text.jpg", b"hello, I am no picture", "is not a picture of a kind that is known"),
        ("drawing.png", b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", "is not a picture"),
        ("table.png", b"1,2,3\n4,5,6\n", "is not a picture"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(AiganError, match=f"{name} {sentence}"):
            pictures.read(tmp_path / name)
        with pytest.raises(AiganError, match="the picture given as bytes is"):
            pictures.read(data)
    with pytest.raises(AiganError, match=r"nowhere.jpg does not exist"):
        pictures.read(tmp_path / "nowhere.jpg")
    with pytest.raises(AiganError, match="cannot be opened"):
        pictures.read(tmp_path)


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tif", "avif", "bmp", "gif", "ppm"])
def test_files_cut_short_are_named(bytes8, save, extension: str):
    noise = np.random.default_rng(0).integers(0, 256, bytes8.shape, np.uint8)
    path = save(Image.fromarray(noise), f"cut.{extension}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(AiganError, match=rf"cut.{extension} is damaged, cut short or of a rare kind \("):
        pictures.read(path)
    with pytest.raises(AiganError, match=f"cut.{extension}"):
        _read_by_rows(path)


def _read_by_rows(path: Path) -> None:
    with pictures.open_strips(path) as strips:
        for top in range(strips.height):
            strips.read(top, top + 1)


@pytest.mark.parametrize("extension", ["png", "tif", "bmp", "ppm", "gif"])
def test_decompression_bombs_are_refused_before_they_are_decoded(save, extension: str):
    path = save(Image.new("L", (5000, 5000)), f"bomb.{extension}")
    with pytest.raises(AiganError, match=rf"bomb.{extension} has 5000 × 5000 pixels, more than the limit of 1,000,000"):
        pictures.read(path, max_pixels=1_000_000)


def test_values_that_are_no_colours_are_refused(save):
    path = save(Image.fromarray(np.arange(12, dtype=np.int32).reshape(3, 4)), "counts.tif")
    with pytest.raises(AiganError, match=r"counts.tif has pixels of 1 × int, which is not supported"):
        pictures.read(path)


@pytest.mark.parametrize("depth", ["uint8", "uint16", "float32"])
def test_thumbnails_are_means(picture, tmp_path: Path, depth):
    big = picture[:, :60].repeat(10, axis=0).repeat(10, axis=1)
    pictures.write(big, tmp_path / "big.tif", form=pictures.Form(format="TIFF", depth=depth))
    small = pictures.thumbnail(tmp_path / "big.tif", longest_side=60)
    assert small.pixels == pytest.approx(picture[:, :60], abs=0.02)
    assert small.form.depth == depth
    assert pictures.thumbnail(tmp_path / "big.tif", longest_side=9999).pixels.shape == big.shape


def test_thumbnail_of_a_line(tmp_path: Path):
    pictures.write(np.ones((1, 500, 3), np.float32), tmp_path / "line.png")
    assert pictures.thumbnail(tmp_path / "line.png", longest_side=50).pixels.shape == (1, 50, 3)


def test_values_that_are_no_numbers_become_black_or_white(tmp_path: Path):
    values = np.float32([[np.nan, np.inf, -np.inf, 0.5]])
    Image.fromarray(values).save(tmp_path / "a.tif")
    assert pictures.read(tmp_path / "a.tif").pixels[0, :, 0].tolist() == [0, 1, 0, 0.5]

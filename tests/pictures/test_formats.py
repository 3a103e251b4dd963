"""Every kind of file × depth × channels × alpha, out and in again."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from aigan import pictures
from aigan.pictures.form import Array
from aigan.pictures.kinds import FORMATS, Format

WRITTEN = [format for format in FORMATS if format.name != "HEIC"]  # its extra has tests of its own
LOSSY = {"JPEG": 0.02, "WebP": 0.03, "AVIF": 0.02, "GIF": 0.08}
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>'


@pytest.mark.parametrize("format", WRITTEN, ids=lambda format: format.name)
@pytest.mark.parametrize("depth", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("with_alpha", [False, True])
def test_what_is_written_is_read_again(
    picture: Array, tmp_path: Path, format: Format, depth, channels: int, with_alpha: bool
):
    pixels = picture[..., :channels]
    alpha = np.ones((40, 61), np.float32) if with_alpha else None
    if alpha is not None:
        alpha[24:] = 0 if format.name == "GIF" else 128 / 255  # GIF has two levels
    path = tmp_path / f"picture{format.extensions[0]}"
    pictures.write(pixels, path, form=pictures.Form(format=format.name, depth=depth), alpha=alpha)
    result = pictures.read(path)

    kept = depth if depth in format.depths else format.depths[-1]
    assert result.form.depth == kept
    assert result.pixels.shape == (40, 61, channels if format.gray else 3)
    step = {"uint8": 0.5 / 255, "uint16": 0.5 / 65_535, "float32": 0}[kept]
    opaque = pixels[:24] if with_alpha else pixels  # what has no alpha shows the rest on white
    assert np.abs(result.pixels[: len(opaque)] - opaque).max() <= LOSSY.get(format.name, step * 1.01)
    if with_alpha and format.alpha:
        assert np.abs(result.alpha - alpha).max() <= (2**-12 if format.name == "AVIF" else step * 1.01)
    elif with_alpha:
        on_white = 1 - alpha[24:, :, None] * (1 - pixels[24:])
        assert result.alpha is None
        assert np.abs(result.pixels[24:] - on_white).max() <= LOSSY.get(format.name, step * 1.01)


@pytest.mark.parametrize("source", [".jpg", ".png", ".webp", ".tif", ".avif"])
@pytest.mark.parametrize("target", [".jpg", ".png", ".webp", ".tif", ".avif"])
def test_metadata_pass_from_each_kind_to_each(picture: Array, exif: Image.Exif, tmp_path: Path, source, target):
    icc = _profile("p3")
    form = pictures.Form(format="JPEG", exif=exif.tobytes()[6:], xmp=XMP, icc=icc, resolution=(10.0, 10.0))
    pictures.write(picture, tmp_path / f"source{source}", form=form)
    read = pictures.read(tmp_path / f"source{source}")
    pictures.write(read.pixels, tmp_path / f"target{target}", form=read.form)

    with Image.open(tmp_path / f"target{target}") as seen:  # by another program
        block = seen.getexif()
        assert seen.size == (61, 40)
        assert seen.info["icc_profile"] == icc
        assert block[0x010F] == "Maker"
        assert block[0x0132] == "2020:01:02 03:04:05"
        assert block.get_ifd(0x8769)[0x9003] == "2019:01:02 03:04:05"
        assert block.get_ifd(0x8769)[0x829A] == 1 / 250
        assert block.get_ifd(0x8769)[0x927C] == b"a maker's note"
        assert block.get_ifd(0x8825)[2] == (48.0, 12.0, 3.5)
    result = pictures.read(tmp_path / f"target{target}").form
    assert result.xmp == XMP
    assert result.resolution == pytest.approx((10.0, 10.0), rel=1e-3)


@pytest.mark.parametrize("target", [".jpg", ".png", ".webp", ".tif", ".avif"])
def test_stripping_metadata_keeps_the_colour_profile_only(picture: Array, exif: Image.Exif, tmp_path: Path, target):
    form = pictures.Form(format="JPEG", exif=exif.tobytes()[6:], xmp=XMP, icc=_profile("p3"))
    pictures.write(picture, tmp_path / f"picture{target}", form=form, strip_metadata=True)
    result = pictures.read(tmp_path / f"picture{target}").form
    assert (result.exif, result.xmp, result.icc) == (None, None, form.icc)


@pytest.mark.parametrize(("target", "kept"), [(".jpg", True), (".tif", False), (".png", False)])
def test_iptc_passes_between_files_of_one_kind(picture: Array, tmp_path: Path, target: str, kept: bool):
    block = b"Photoshop 3.0\0008BIM\4\4\0\0\0\0\0\x0c\x1c\2\x50\0\7A. Name"
    pictures.write(picture, tmp_path / "source.jpg", form=pictures.Form(format="JPEG", iptc=block))
    source = pictures.read(tmp_path / "source.jpg")
    assert source.form.iptc == block
    pictures.write(source.pixels, tmp_path / f"target{target}", form=source.form)
    assert pictures.read(tmp_path / f"target{target}").form.iptc == (block if kept else None)


def test_a_gray_picture_does_not_get_the_profile_of_a_colour_one(picture: Array, tmp_path: Path):
    pictures.write(picture[..., :1], tmp_path / "gray.png", form=pictures.Form(format="PNG", icc=_profile("p3")))
    assert pictures.read(tmp_path / "gray.png").form.icc is None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    width=st.integers(1, 33),
    height=st.integers(1, 33),
    channels=st.sampled_from([1, 3]),
    with_alpha=st.booleans(),
    depth=st.sampled_from(["uint8", "uint16", "float32"]),
    extension=st.sampled_from([".png", ".tif"]),
    seed=st.integers(0, 99),
)
def test_lossless_kinds_give_back_the_values_at_any_size(
    tmp_path: Path, width, height, channels, with_alpha, depth, extension, seed
):
    random = np.random.default_rng(seed)
    white = 65_535 if extension == ".png" and depth == "float32" else {"uint8": 255, "uint16": 65_535}.get(depth)
    values = random.random((height, width, channels + with_alpha), dtype=np.float32)
    if white:
        values = np.rint(values * white) / np.float32(white)
    pixels, alpha = values[..., :channels], values[..., -1] if with_alpha else None
    form = pictures.Form(format="PNG", depth=depth)
    pictures.write(pixels, tmp_path / f"picture{extension}", form=form, alpha=alpha, overwrite=True)
    result = pictures.read(tmp_path / f"picture{extension}")
    assert np.array_equal(result.pixels, pixels)
    assert (result.alpha is None) if alpha is None else np.array_equal(result.alpha, alpha)


@pytest.mark.parametrize("format", WRITTEN, ids=lambda format: format.name)
def test_one_pixel(tmp_path: Path, format: Format):
    path = tmp_path / f"dot{format.extensions[0]}"
    pictures.write(np.full((1, 1, 3), 0.5, np.float32), path)
    assert pictures.read(path).pixels == pytest.approx(np.full((1, 1, 3), 0.5), abs=0.01)
    pictures.write(np.full((1, 1, 1), 0.5, np.float32), path, overwrite=True)
    gray = pictures.read(path).pixels
    assert gray.shape[:2] == (1, 1)
    assert gray == pytest.approx(np.full_like(gray, 0.5), abs=0.01)


@pytest.mark.parametrize("format", WRITTEN, ids=lambda format: format.name)
def test_bytes_are_those_of_the_file(picture: Array, tmp_path: Path, format: Format):
    data = pictures.encode(picture, form=pictures.Form(format=format.name))
    pictures.write(picture, tmp_path / f"picture{format.extensions[0]}")
    assert data == (tmp_path / f"picture{format.extensions[0]}").read_bytes()
    assert np.array_equal(pictures.read(data).pixels, pictures.read(tmp_path / f"picture{format.extensions[0]}").pixels)


def test_only_extensions_of_pictures_count():
    assert all(pictures.is_picture(name) for name in ("a.jpg", "b.JPEG", "ü/c.tiff", "d.NEF", "e.heic", Path("f.pgm")))
    assert not any(pictures.is_picture(name) for name in ("a.txt", "jpg", ".png", "b.jpg.part", "c.svg", "d.csv"))


def _profile(name: str) -> bytes:
    import pyvips

    return bytes(pyvips.Image.profile_load(name))

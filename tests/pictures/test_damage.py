"""Mutated files raise our own error only, and nothing is printed."""

import numpy as np
import pytest
import pyvips
from PIL import Image

from aigan import pictures
from aigan.errors import AiganError
from aigan.pictures import decoding, encoding
from aigan.pictures.kinds import FORMATS

MUTATIONS = 45


@pytest.mark.parametrize("extension", [*(format.extensions[0] for format in FORMATS if format.name != "HEIC"), ".pgm"])
def test_mutated_files(picture, exif: Image.Exif, tmp_path, capfd, extension: str):
    form = pictures.Form(format="TIFF", exif=exif.tobytes()[6:], xmp=b"<x/>", icc=None)
    pixels = picture[..., :1] if extension == ".pgm" else picture
    pictures.write(pixels, tmp_path / f"sound{extension}", form=form, alpha=picture[..., 1])
    sound = (tmp_path / f"sound{extension}").read_bytes()
    random = np.random.default_rng(0)
    refused = 0
    for number in range(MUTATIONS):
        data = bytearray(sound[: random.integers(len(sound))] if number % 3 == 0 else sound)
        reach = min(len(data), 200) if number % 3 == 1 else len(data)  # headers more often than pixels
        for at in random.integers(0, max(reach, 1), 5):
            data[at : at + 1] = bytes(random.integers(0, 256, 1, np.uint8))
        try:
            result = pictures.read(bytes(data), max_pixels=1 << 20)
            pictures.write(result.pixels, tmp_path / "again.tif", form=result.form, alpha=result.alpha, overwrite=True)
        except AiganError:
            refused += 1
    assert refused > MUTATIONS // 20
    assert capfd.readouterr() == ("", "")


def test_a_damaged_file_is_not_blamed_on_another(picture, tmp_path):
    pictures.write(picture, tmp_path / "other.avif")
    pictures.write(picture, tmp_path / "a.jpg")
    damaged = (tmp_path / "a.jpg").read_bytes()[:300]
    with pictures.open_strips(tmp_path / "other.avif"):  # libvips notes a vain seek, and reads it all the same
        pass
    with pytest.raises(AiganError) as refused:
        pictures.read(damaged)
    assert "avif" not in str(refused.value)
    with pictures.open_strips(tmp_path / "other.avif"):
        pass
    with pytest.raises(AiganError) as refused, encoding.encodable(tmp_path / "a.jpg"):
        pyvips.Image.new_from_buffer(damaged, "").avg()
    assert "avif" not in str(refused.value)


@pytest.mark.parametrize("block", [b"MM", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff", b"nonsense" * 20])
@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp", ".tif", ".avif"])
def test_damaged_exif_is_left_out(bytes8, save, capfd, block: bytes, extension: str):
    source = save(Image.fromarray(bytes8), "a.jpg", exif=b"Exif\0\0" + block)
    result = pictures.read(source)
    assert result.form.exif is None
    target = source.with_name(f"b{extension}")
    pictures.write(result.pixels, target, form=result.form)
    assert pictures.read(target).form.exif is None
    assert capfd.readouterr() == ("", "")


def test_damaged_parts_of_exif_are_left_out(picture, exif: Image.Exif, tmp_path):
    exif[0x8769] = 1 << 30  # far behind the end
    pictures.write(picture, tmp_path / "a.tif", form=pictures.Form(format="TIFF", exif=exif.tobytes()[6:]))
    assert b"Maker" in pictures.read(tmp_path / "a.tif").form.exif


@pytest.mark.parametrize(("name", "options"), [("a.jpg", {"progressive": True}), ("a.gif", {}), ("a.bmp", {})])
def test_what_is_decoded_whole_has_a_lower_limit(bytes8, save, monkeypatch, name: str, options: dict[str, bool]):
    monkeypatch.setattr(decoding, "MAX_PIXELS_IN_MEMORY", 2000)
    with (
        pytest.raises(AiganError, match="more than the limit of 2,000"),
        pictures.open_strips(save(Image.fromarray(bytes8), name, **options)),
    ):
        pass
    with pictures.open_strips(save(Image.fromarray(bytes8), "b.jpg")) as strips:
        assert strips.width * strips.height > 2000

"""Outputs appear whole or not at all, in the depth of the input, and nothing that exists is lost."""

import logging
import os
import stat
from pathlib import Path

import numpy as np
import pytest

from aigan import pictures
from aigan.errors import AiganError


def test_what_exists_is_kept_unless_overwriting_is_allowed(picture, tmp_path: Path):
    path = tmp_path / "a.png"
    path.write_bytes(b"dear to someone")
    with pytest.raises(AiganError, match=r"a.png exists already: choose another name or allow overwriting"):
        pictures.write(picture, path)
    assert path.read_bytes() == b"dear to someone"
    pictures.write(picture, path, overwrite=True)
    assert pictures.read(path).pixels.shape == picture.shape


def test_an_interruption_leaves_the_old_file_and_nothing_else(picture, tmp_path: Path):
    path = tmp_path / "a.png"
    path.write_bytes(b"the old one")
    with pytest.raises(KeyboardInterrupt):
        _interrupted(picture, path)
    assert path.read_bytes() == b"the old one"
    assert os.listdir(tmp_path) == ["a.png"]


def _interrupted(picture, path: Path) -> None:
    with pictures.write_strips(path, width=61, height=40, overwrite=True) as strips:
        strips.write(picture[:20])
        raise KeyboardInterrupt


def test_missing_rows_are_noticed(picture, tmp_path: Path):
    with (
        pytest.raises(ValueError, match="20 rows of 40"),
        pictures.write_strips(tmp_path / "a.png", width=61, height=40) as strips,
    ):
        strips.write(picture[:20])
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_not_there_is_named(picture, tmp_path: Path):
    with pytest.raises(AiganError, match=r"nowhere/a.png cannot be written \(No such file or directory\)"):
        pictures.write(picture, tmp_path / "nowhere" / "a.png")


def test_a_folder_in_the_way_is_named(picture, tmp_path: Path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(AiganError, match=r"a.png cannot be written"):
        pictures.write(picture, tmp_path / "a.png", overwrite=True)


@pytest.mark.parametrize("name", ["a", "a.txt", "a.nef", "a.png.part"])
def test_extensions_of_no_picture_are_refused(picture, tmp_path: Path, name: str):
    with pytest.raises(AiganError, match=r"has no extension of a picture that can be written: use one of \.jpg \.png"):
        pictures.write(picture, tmp_path / name)


def test_sizes_that_a_kind_of_file_does_not_hold_are_refused_before_the_work(tmp_path: Path):
    with (
        pytest.raises(AiganError, match=r"a.webp cannot be written, since WebP holds at most 16,383 pixels a side"),
        pictures.write_strips(tmp_path / "a.webp", width=20_000, height=1),
    ):
        pytest.fail("the block was entered")


@pytest.mark.parametrize(
    ("extension", "depth", "sentence"),
    [
        (".jpg", "uint16", "rounded from uint16 to uint8, the most that JPEG holds: choose PNG or TIFF"),
        (".png", "float32", "rounded from float32 to uint16, the most that PNG holds: choose TIFF"),
        (".gif", "uint8", "reduced to the 256 colours of GIF: choose PNG"),
    ],
)
def test_lost_depth_is_said(picture, tmp_path: Path, caplog, extension: str, depth, sentence: str):
    with caplog.at_level(logging.WARNING):
        pictures.write(picture, tmp_path / f"a{extension}", form=pictures.Form(format="TIFF", depth=depth))
    assert sentence in caplog.text


def test_values_are_clamped_and_rounded_to_the_nearest(tmp_path: Path):
    values = np.float32([-0.5, 0.0, 0.4 / 255, 0.6 / 255, 254.4 / 255, 254.6 / 255, 1.0, 1.5])
    pictures.write(values[None, :, None], tmp_path / "a.png")
    assert (pictures.read(tmp_path / "a.png").pixels[0, :, 0] * 255).tolist() == [0, 0, 0, 1, 254, 255, 255, 255]


def test_the_array_that_is_written_stays_as_it_is(tmp_path: Path):
    values = np.full((3, 4, 3), 1.5, np.float32)
    pictures.write(values, tmp_path / "a.png")
    assert (values == 1.5).all()


def test_jpeg_keeps_colour_detail(tmp_path: Path):
    stripes = np.zeros((32, 32, 3), np.float32)
    stripes[:, ::2, 0], stripes[:, 1::2, 2] = 1, 1  # red and blue in turn: 4:2:0 would mix them
    pictures.write(stripes, tmp_path / "a.jpg")
    assert np.abs(pictures.read(tmp_path / "a.jpg").pixels - stripes).mean() < 0.05


def test_quality_is_heard(picture, tmp_path: Path):
    for extension in (".jpg", ".webp", ".avif"):
        noisy = picture + np.random.default_rng(0).normal(0, 0.1, picture.shape).astype(np.float32)
        pictures.write(noisy, tmp_path / f"low{extension}", quality=20)
        pictures.write(noisy, tmp_path / f"high{extension}", quality=95)
        assert (tmp_path / f"high{extension}").stat().st_size > 2 * (tmp_path / f"low{extension}").stat().st_size


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_permissions_are_those_of_any_new_file(picture, tmp_path: Path):
    (tmp_path / "other").touch()
    pictures.write(picture, tmp_path / "a.png")
    assert stat.S_IMODE((tmp_path / "a.png").stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)

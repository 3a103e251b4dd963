from pathlib import Path

import numpy as np
import pytest

import aigan
from aigan.app.restoring import restore
from aigan.app.work import Watch
from aigan.errors import AiganError
from aigan.pictures import Form, read, write
from tests.app.conftest import picture
from tests.conftest import NetworkFile


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept"


@pytest.mark.parametrize("strength", [0.0, 0.35, 1.0, 1.5])
def test_any_strength_is_what_the_library_gives(
    tmp_path: Path, folder: Path, network_file: NetworkFile, strength: float
) -> None:
    source = picture(tmp_path / "a.tif", form=Form(format="TIFF", depth="float32"))
    model = str(network_file("blocks"))
    result = restore(source, folder, task=model, max_pixels=10_000, watch=Watch(60))
    wanted = aigan.load(model).restore(read(source).pixels).at_strength(strength)
    assert np.abs(read(result.file(strength)).pixels - wanted).max() < 1e-6
    assert np.abs(read(result.shown(strength)).pixels - wanted.clip(0, 1)).max() <= 0.5 / 255 + 1e-6


def test_another_strength_costs_no_inference(
    tmp_path: Path, folder: Path, network_file: NetworkFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = picture(tmp_path / "a.png")
    result = restore(source, folder, task=str(network_file()), max_pixels=10_000, watch=Watch(60))
    monkeypatch.setattr("aigan.restore.tiles.decompose_bands", None)
    shown = {read(result.shown(strength)).pixels.std() for strength in (0, 0.5, 1)}
    assert len(shown) == 3


def test_a_result_has_the_kind_the_depth_and_the_metadata_of_its_source(
    tmp_path: Path, folder: Path, network_file: NetworkFile
) -> None:
    from PIL import ImageCms

    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = b"II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\x06\0\0\0\x1a\0\0\0\0\0\0\0Canon\0"
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>'
    form = Form(format="PNG", depth="uint16", icc=icc, exif=exif, xmp=xmp)
    source = picture(tmp_path / "dusk.png", form=form)
    before = read(source).form
    result = restore(source, folder, task=str(network_file()), max_pixels=10_000, watch=Watch(60))
    file = result.file(0.7)
    after = read(file).form
    assert file.name == "dusk.restored.png"
    assert (after.depth, after.icc, after.exif, after.xmp) == (before.depth, before.icc, before.exif, before.xmp)
    assert after.exif
    assert after.icc == icc


def test_transparency_is_kept(tmp_path: Path, folder: Path, network_file: NetworkFile) -> None:
    draw = np.random.default_rng(0)
    alpha = draw.uniform(0, 1, (30, 20)).astype(np.float32)
    write(draw.uniform(0, 1, (30, 20, 3)).astype(np.float32), tmp_path / "a.png", alpha=alpha)
    result = restore(tmp_path / "a.png", folder, task=str(network_file()), max_pixels=10_000, watch=Watch(60))
    kept = read(result.file(1)).alpha
    assert kept is not None
    assert np.abs(kept - alpha).max() <= 0.5 / 255 + 1e-6


def test_auto_leaves_alone_what_nothing_is_wrong_with(tmp_path: Path, folder: Path) -> None:
    y = np.linspace(0.2, 0.7, 64, dtype=np.float32)[:, None, None]
    write(np.broadcast_to(y, (64, 64, 3)).copy(), tmp_path / "a.jpg")
    result = restore(tmp_path / "a.jpg", folder, task="auto", max_pixels=10_000, watch=Watch(60))
    assert result.model == "none"
    assert "neither" in result.reason
    assert result.file(1).read_bytes() == (tmp_path / "a.jpg").read_bytes()


def test_auto_says_why(tmp_path: Path, folder: Path) -> None:
    source = picture(tmp_path / "a.png", size=(64, 64))
    result = restore(source, folder, task="auto", max_pixels=10_000, watch=Watch(60))
    assert "denoise" in result.model or "all" in result.model
    assert "noise" in result.reason
    assert result.expected_error
    assert read(result.expected_error).pixels.shape == (64, 64, 1)
    assert read(result.interference).pixels.shape == (64, 64, 3)


def test_too_many_pixels(tmp_path: Path, folder: Path) -> None:
    source = picture(tmp_path / "a.png")
    with pytest.raises(AiganError, match="40 pixels, more than the limit of 100"):
        restore(source, folder, task="auto", max_pixels=100, watch=Watch(60))


def test_what_was_stopped_or_takes_too_long_ends(tmp_path: Path, folder: Path, network_file: NetworkFile) -> None:
    source = picture(tmp_path / "a.png")
    for watch, said in ((Watch(60, stopped=True), "stopped"), (Watch(0), "longer than the 0 s")):
        with pytest.raises(AiganError, match=said):
            restore(source, folder, task=str(network_file()), max_pixels=10_000, watch=watch)


def test_what_is_no_longer_kept_is_said_to_be_so(tmp_path: Path, folder: Path, network_file: NetworkFile) -> None:
    source = picture(tmp_path / "a.png")
    result = restore(source, folder, task=str(network_file()), max_pixels=10_000, watch=Watch(60))
    for file in folder.iterdir():
        file.unlink()
    with pytest.raises(AiganError, match="no longer kept"):
        result.shown(0.3)

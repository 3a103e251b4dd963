from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aigan.data import folders
from aigan.data.folders import Haze, Pair
from aigan.errors import AiganError


def write(path: Path, array: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return path


def test_pictures_are_listed_recursively_in_path_order_without_hidden_ones(tmp_path, save):
    for name in ("b/2.PNG", "b/1.jpg", "a.webp", ".thumbs/x.png", "b/.y.png"):
        save(name)
    (tmp_path / "notes.txt").write_text("no picture")
    assert [p.relative_to(tmp_path).as_posix() for p in folders.list_pictures(tmp_path)] == [
        "a.webp",
        "b/1.jpg",
        "b/2.PNG",
    ]
    with pytest.raises(AiganError, match="is no folder"):
        folders.list_pictures(tmp_path / "missing")


def test_pictures_become_upright_eight_bit_rgb(tmp_path):
    gray = np.arange(12, dtype=np.uint8).reshape(3, 4)
    sixteen = write(tmp_path / "16.png", np.array([[0, 257, 65535]], np.uint16))
    assert folders.read_rgb(sixteen)[0, :, 0].tolist() == [0, 1, 255]
    assert np.array_equal(folders.read_rgb(write(tmp_path / "l.png", gray)), np.repeat(gray[..., None], 3, axis=2))
    rgba = np.dstack([gray, gray, gray, np.zeros_like(gray)])
    assert np.array_equal(folders.read_rgb(write(tmp_path / "a.png", rgba))[..., 0], gray)

    palette = Image.fromarray(gray).convert("P")
    palette.save(tmp_path / "p.png", transparency=bytes(range(16)))
    assert np.array_equal(folders.read_rgb(tmp_path / "p.png")[..., 0], gray)

    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    Image.fromarray(gray).save(tmp_path / "turned.png", exif=exif)
    assert np.array_equal(folders.read_rgb(tmp_path / "turned.png")[..., 0], np.rot90(gray, -1))


@pytest.mark.parametrize("content", [b"", b"not a picture", "half"])
def test_a_file_that_is_no_picture_is_named(tmp_path, save, content):
    path = tmp_path / "x.jpg"
    if content == "half":
        whole = save("whole.jpg", size=(300, 200)).read_bytes()
        content = whole[: len(whole) // 2]
    path.write_bytes(content)
    with pytest.raises(AiganError, match=r"x\.jpg cannot be read as a picture"):
        folders.read_rgb(path)


def test_floating_point_gray_is_refused_rather_than_misread(tmp_path):
    path = write(tmp_path / "f.tif", np.full((4, 4), 0.5, np.float32))
    with pytest.raises(AiganError, match="floating-point"):
        folders.read_rgb(path)


def test_two_folders_are_paired_by_name_whatever_the_format(tmp_path, save):
    save("noisy/a/1.png"), save("noisy/2.jpg"), save("sharp/a/1.webp"), save("sharp/2.png")
    pairs = folders.paired(tmp_path / "noisy", tmp_path / "sharp")
    assert [(p.name, p.degraded.suffix, p.clean.suffix) for p in pairs] == [
        ("2", ".jpg", ".png"),
        ("1", ".png", ".webp"),
    ]


@pytest.mark.parametrize(("alone", "lacking"), [("noisy/3.png", "sharp"), ("sharp/3.png", "noisy")])
def test_the_folder_that_lacks_a_partner_is_named(tmp_path, save, alone, lacking):
    save("noisy/1.png"), save("sharp/1.png"), save(alone)
    with pytest.raises(AiganError, match=rf"{lacking} lacks partners of 3\.png"):
        folders.paired(tmp_path / "noisy", tmp_path / "sharp")


def test_a_pair_of_different_sizes_is_refused(save):
    pair = Pair("x", clean=save("clean.png"), degraded=save("degraded.png", size=(47, 32)))
    with pytest.raises(AiganError, match=r"47×32.*48×32.*differ in size"):
        pair.read()


def test_rain_is_added_to_the_top_left_part_of_the_clean_picture(tmp_path):
    clean = np.full((3, 4, 3), 200, np.uint8)
    streak = np.array([[0, 10, 100], [1, 2, 3]], np.uint8)
    write(tmp_path / "bsds/test/1.png", clean)
    write(tmp_path / "rain/streak/rain-001.png", streak)
    rows = {"rain-001.png": {"clean": "test/1.png", "size": [3, 2], "fix": [[1, 0, 7, 8, 9]]}}
    (tmp_path / "rain/pairs.json").write_text(json.dumps(rows))
    (pair,) = folders.streak_layers(tmp_path / "rain", tmp_path / "bsds")
    rainy, target = pair.read()
    assert pair.name == "rain-001"
    assert np.array_equal(target, clean[:2, :3])
    assert rainy[..., 1].tolist() == [[200, 210, 255], [8, 202, 203]]


def test_a_layer_larger_than_its_picture_is_refused(tmp_path, save):
    pair = Pair("x", clean=save("clean.png"), streak=save("streak.png", size=(49, 32)))
    with pytest.raises(AiganError, match="differ in size"):
        pair.read()


def test_haze_follows_the_depth(tmp_path):
    write(tmp_path / "clean/0001.png", np.full((4, 8, 3), 100, np.uint8))
    write(tmp_path / "depth/0001.png", np.full((1, 2), 20, np.uint8))  # d = 2
    (tmp_path / "index.json").write_text('{"0001": {"A": 0.8, "beta": 0.5, "psnr": 40.0}}')
    (pair,) = folders.depth_scenes(tmp_path)
    hazy, clean = pair.read()
    t = np.exp(-1)
    assert pair.haze == Haze(0.8, 0.5)
    assert hazy.shape == clean.shape
    assert np.all(hazy == round(100 * t + 204 * (1 - t)))


def test_a_broken_description_is_named(tmp_path):
    (tmp_path / "index.json").write_text('{"0001": {"A": 3, "beta": 0.5}}')
    with pytest.raises(AiganError, match=r"index\.json does not describe"):
        folders.depth_scenes(tmp_path)


@pytest.mark.parametrize("folder", ["rain100l", "rain100h", "heavy", "raintrainh"])
def test_stored_rain_is_the_published_one(shared_data, folder):
    rows = json.loads((shared_data / "rain" / folder / "pairs.json").read_text())
    with_fix = [name for name, row in rows.items() if row.get("fix")]
    names = {Path(name).stem for name in [*list(rows)[::25], *with_fix]}
    for pair in folders.streak_layers(shared_data / "rain" / folder, shared_data / "bsds500"):
        if pair.name in names:
            rainy, clean = pair.read()
            digests = [hashlib.sha256(np.ascontiguousarray(p).tobytes()).hexdigest()[:16] for p in (clean, rainy)]
            row = rows[f"{pair.name}.png"]
            assert digests == [row["sha_clean"], row["sha_rainy"]]

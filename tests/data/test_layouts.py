from __future__ import annotations

import pytest

from aigan.data.folders import list_pictures
from aigan.data.layouts import PUBLISHED, find_layout
from aigan.errors import AiganError

# folder, files, published set, pairs as (degraded or None, clean)
CASES = [
    ("RainTrainL", ["rain-1.png", "norain-1.png", "rainstreak-1.png"], "RainTrainL", [("rain-1.png", "norain-1.png")]),
    ("Rain100L", ["rainy/rain-001.png", "norain-001.png"], "Rain100L", [("rainy/rain-001.png", "norain-001.png")]),
    ("Rain100H/test", ["rainy/7.png", "clean/7.png"], "Rain100H", [("rainy/7.png", "clean/7.png")]),
    (
        "rain_data_test_Heavy",
        ["rain/X2/norain-001x2.png", "norain/norain-001.png"],
        "Rain100H",
        [("rain/X2/norain-001x2.png", "norain/norain-001.png")],
    ),
    ("Rain100L", ["input/1.png", "target/1.png"], "Rain100L", [("input/1.png", "target/1.png")]),
    ("Rain12", ["001_in.png", "001_GT.png"], "Rain12", [("001_in.png", "001_GT.png")]),
    (
        "ITS",
        ["hazy/1_1_0.9.png", "hazy/1_2_0.8.png", "clear/1.png"],
        "RESIDE ITS",
        [("hazy/1_1_0.9.png", "clear/1.png"), ("hazy/1_2_0.8.png", "clear/1.png")],
    ),
    (
        "OTS",
        ["hazy/part1/0005_0.8_0.04.jpg", "clear/0005.jpg"],
        "RESIDE OTS",
        [("hazy/part1/0005_0.8_0.04.jpg", "clear/0005.jpg")],
    ),
    ("SOTS/indoor", ["hazy/1400_1.png", "gt/1400.png"], "RESIDE SOTS indoor", [("hazy/1400_1.png", "gt/1400.png")]),
    (
        "SOTS/outdoor",
        ["hazy/0001_0.8_0.2.jpg", "gt/0001.png"],
        "RESIDE SOTS outdoor",
        [("hazy/0001_0.8_0.2.jpg", "gt/0001.png")],
    ),
    ("CBSD68", ["original_png/0000.png", "noisy25/0000.png"], "CBSD68", [(None, "original_png/0000.png")]),
    ("BSD68", ["test001.png"], "BSD68", [(None, "test001.png")]),
    ("Set12", ["01.png", "02.png"], "Set12", [(None, "01.png"), (None, "02.png")]),
    ("PolyU/CroppedImages", ["a_real.jpg", "a_mean.jpg"], "PolyU", [("a_real.jpg", "a_mean.jpg")]),
    ("mine", ["input/a/1.png", "target/a/1.png"], None, [("input/a/1.png", "target/a/1.png")]),
    ("mine", ["hazy/1_x.png", "clean/1_x.png"], None, [("hazy/1_x.png", "clean/1_x.png")]),
    ("photos", ["a.png", "b/c.png"], None, [(None, "a.png"), (None, "b/c.png")]),
]


@pytest.mark.parametrize(
    ("folder", "files", "published", "pairs"), CASES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_layout_is_recognised(tmp_path, save, folder, files, published, pairs):
    for file in files:
        save(f"{folder}/{file}")
    directory = tmp_path / folder
    layout = find_layout(directory)
    assert (layout.published.name if layout.published else None) == published
    found = [
        (p.degraded and p.degraded.relative_to(directory).as_posix(), p.clean.relative_to(directory).as_posix())
        for p in layout.pairs()
    ]
    assert found == pairs


def test_the_form_that_ties_most_pictures_is_taken(tmp_path, save):
    for name in ("0_a", "1_a", "1_b"):
        save(f"hazy/{name}.png"), save(f"clean/{name}.png")
    save("clean/1.png")  # fits hazy/SCENE_… too, but ties two only
    assert len(find_layout(tmp_path).pairs()) == 3


def test_a_missing_clean_picture_is_named_with_its_source(tmp_path, save):
    save("Rain100L/rain-001.png"), save("Rain100L/norain-001.png"), save("Rain100L/rain-002.png")
    with pytest.raises(AiganError, match=r"lacks the clean pictures of rain-002\.png.*norain-NNN.*csdwren/PReNet"):
        find_layout(tmp_path / "Rain100L").pairs()


def test_a_clean_picture_that_nothing_belongs_to_is_left_out(tmp_path, save):
    save("clear/1.png"), save("clear/2.png"), save("hazy/1_0.8.png")
    layout = find_layout(tmp_path)
    assert [pair.name for pair in layout.pairs()] == ["1_0.8"]
    assert layout.match()[2] == [tmp_path / "clear/2.png"]


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda published: published.name)
def test_an_empty_published_set_says_what_it_wants_and_from_where(tmp_path, published):
    directory = tmp_path / published.folder.split("|")[0].split("(")[0].replace("?", "")
    directory.mkdir(parents=True)
    with pytest.raises(AiganError) as error:
        find_layout(directory)
    assert published.files in str(error.value)
    assert published.source in str(error.value)


def test_degraded_pictures_are_not_taken_for_clean_ones(tmp_path, save):
    save("indoor/hazy/1.png"), save("indoor/clear/1.png")
    with pytest.raises(AiganError, match="name the folder of one set"):
        find_layout(tmp_path)


def test_layers_want_the_pictures_that_they_lie_on(tmp_path, save):
    save("mine/streak/rain-001.png")
    (tmp_path / "mine/pairs.json").write_text('{"rain-001.png": {"clean": "test/1.jpg"}}')
    with pytest.raises(AiganError, match="put bsds500"):
        find_layout(tmp_path / "mine").pairs()
    save("bsds500/test/1.jpg")
    (pair,) = find_layout(tmp_path / "mine").pairs()
    assert pair.read()[0].shape == (32, 48, 3)


@pytest.mark.parametrize(
    ("folder", "published", "pairs"),
    [
        ("bsds500", "BSDS500", 500),
        ("set12", "Set12", 12),
        ("polyu", "PolyU", 20),
        ("photos", None, 236),
        ("rain/rain100l", "Rain100L", 100),
        ("rain/rain100h", "Rain100H", 100),
        ("rain/raintrainl", "RainTrainL", 200),
        ("rain/raintrainh", "RainTrainH", 18),
        ("rain/heavy", None, 100),
        ("haze/outdoor", None, 60),
        ("haze/indoor", None, 25),
        ("haze/train-outdoor", None, 240),
        ("haze/train-indoor", None, 60),
    ],
)
def test_the_shared_data_is_recognised(shared_data, folder, published, pairs):
    layout = find_layout(shared_data / folder)
    found = layout.pairs()
    assert (layout.published.name if layout.published else None) == published
    assert len(found) == pairs
    assert {path for pair in found for path in pair.paths} <= {*list_pictures(shared_data)}
    degraded, clean = found[-1].read()
    assert degraded.shape == clean.shape

from __future__ import annotations

from pathlib import Path

import pytest

from aigan.errors import UsageError
from aigan.restore.naming import Item, plan


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """photos/{a.jpg, a.png, b.PNG, notes.txt, .hidden.png, sub/ö c.tif, .git/x.png}"""
    for name in ("a.jpg", "a.png", "b.PNG", "notes.txt", ".hidden.png", "sub/ö c.tif", ".git/x.png"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def named(items: list[Item]) -> dict[str, str]:
    return {item.source.as_posix(): item.target.as_posix() for item in items}


def test_a_folder_is_mirrored(tree) -> None:
    assert named(plan(["photos"], "out")) == {
        "photos/a.jpg": "out/a.jpg",
        "photos/a.png": "out/a.png",
        "photos/b.PNG": "out/b.png",
        "photos/sub/ö c.tif": "out/sub/ö c.tif",
    }


def test_a_pattern_is_mirrored_below_its_fixed_part(tree) -> None:
    assert named(plan(["photos/**/*.tif"], "out")) == {"photos/sub/ö c.tif": "out/sub/ö c.tif"}
    assert named(plan(["photos/?.[pP]*"], "out")) == {"photos/a.png": "out/a.png", "photos/b.PNG": "out/b.png"}


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(tree) -> None:
    (tree / "a[1].png").touch()
    assert named(plan(["a[1].png"], "out")) == {"a[1].png": "out/a[1].png"}


def test_out_is_a_file_for_one_input_with_a_pictures_extension_and_else_a_folder(tree) -> None:
    assert named(plan(["photos/a.jpg"], "x/y.png")) == {"photos/a.jpg": "x/y.png"}
    assert named(plan(["photos/a.jpg"], "x/y")) == {"photos/a.jpg": "x/y/a.jpg"}
    (tree / "folder.png").mkdir()
    assert named(plan(["photos/a.jpg"], "folder.png")) == {"photos/a.jpg": "folder.png/a.jpg"}
    for inputs in (["photos/a.jpg", "photos/a.png"], ["photos"], ["photos/sub"]):
        with pytest.raises(UsageError, match=r"y\.png is one file"):
            plan(inputs, "x/y.png")


def test_companions_lie_beside_the_result() -> None:
    item = Item(Path("a.v2.tif"), Path("out/a.v2.tif"))
    assert item.output("original") == Path("out/a.v2.tif")
    assert item.output("error") == Path("out/a.v2.error.tif")


def test_equal_names_of_one_folder_never_collide(tree) -> None:
    targets = named(plan(["photos"], "out", ext="png", suffix="_clean"))
    assert targets["photos/a.jpg"] == "out/a_clean.jpg.png"
    assert targets["photos/a.png"] == "out/a_clean.png"
    (tree / "photos/B.png").touch()
    (tree / "photos/b.png").touch()
    assert named(plan(["photos/b.png", "photos/b.PNG"], "out")) == {
        "photos/b.png": "out/b.png",
        "photos/b.PNG": "out/b.PNG.png",
    }


def test_equal_names_of_two_folders_are_refused(tree) -> None:
    (tree / "a.jpg").touch()
    with pytest.raises(UsageError, match=r"photos/a\.jpg"):
        plan(["a.jpg", "photos/a.jpg"], "out")


def test_an_input_given_twice_is_restored_once(tree) -> None:
    assert len(plan(["photos/a.jpg", "photos", "photos/*.jpg"], "out")) == 4


def test_what_an_earlier_run_wrote_is_not_restored_again(tree) -> None:
    before = named(plan(["photos"], "photos", suffix="_clean"))
    for target in before.values():
        Path(target).touch()
        Path(target).with_suffix(f".error{Path(target).suffix}").touch()
    assert named(plan(["photos"], "photos", suffix="_clean")) == before
    before = named(plan(["photos"], "photos/out"))
    (tree / "photos/out").mkdir()
    (tree / "photos/out/a.png").touch()
    assert {source for source in named(plan(["photos"], "photos/out")) if "out" in source} == set()


def test_kinds_that_cannot_hold_the_result_change_their_extension(tree) -> None:
    assert named(plan(["x.gif", "y.NEF", "z", "w.webp"], "out")) == {
        "x.gif": "out/x.png",
        "y.NEF": "out/y.tif",
        "z": "out/z.png",
        "w.webp": "out/w.webp",
    }


@pytest.mark.parametrize("inputs", [["photos/*.webp"], ["empty"]])
def test_nothing_found_is_said_before_anything_starts(tree, inputs) -> None:
    (tree / "empty").mkdir()
    with pytest.raises(UsageError, match="no picture"):
        plan(inputs, "out")


@pytest.mark.parametrize("ext", ["txt", "nef", ""])
def test_an_extension_that_cannot_be_written_is_refused(tree, ext) -> None:
    with pytest.raises(UsageError, match="extension"):
        plan(["photos"], "out", ext=ext)


@pytest.mark.parametrize(
    ("inputs", "out", "suffix"), [(["photos", ""], "out", ""), (["photos"], "", ""), (["photos"], "out", "/../x")]
)
def test_a_name_that_would_lead_elsewhere_is_refused(tree, inputs, out, suffix) -> None:
    with pytest.raises(UsageError, match=r"empty|no part of a file's name"):
        plan(inputs, out, suffix=suffix)


def test_companions_do_not_collide_with_results(tree) -> None:
    (tree / "photos/a.error.png").touch()
    assert len(plan(["photos/*.png"], "out")) == 2
    with pytest.raises(UsageError, match=r"would both become out/a\.error\.png"):
        plan(["photos/*.png"], "out", parts=("original", "error"))


def test_a_pattern_passes_folders_over(tree) -> None:
    (tree / "photos/folder.png").mkdir()
    assert named(plan(["photos/*.png"], "out")) == {"photos/a.png": "out/a.png"}

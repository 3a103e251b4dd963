import os
import time
from pathlib import Path

from aigan.app.folder import Folder, temporary_folder


def aged(folder: Folder, seconds: float, size: int = 10) -> Path:
    entry = folder.new()
    (entry / "file").write_bytes(bytes(size))
    for path in (entry / "file", entry):
        os.utime(path, (time.time() - seconds,) * 2)
    return entry


def test_what_is_old_goes(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    old, young = aged(folder, 100), aged(folder, 20)
    (folder.fixed / "example.png").touch()
    folder.sweep(kept_s=50)
    assert young.exists()
    assert not old.exists()
    assert (folder.fixed / "example.png").exists()


def test_the_oldest_goes_where_there_is_too_much(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    first, second, third = (aged(folder, age, 100_000) for age in (50, 40, 30))
    folder.sweep(kept_bytes=250_000)
    assert (first.exists(), second.exists(), third.exists()) == (False, True, True)


def test_what_may_be_in_use_stays(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    entries = [aged(folder, 0, 100_000) for _ in range(3)]
    folder.sweep(kept_bytes=1)
    assert all(entry.exists() for entry in entries)


def test_it_holds_its_files_and_no_others(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "in")
    folder.path.mkdir()
    mine, other = folder.new() / "a.png", tmp_path / "b.png"
    mine.touch()
    other.touch()
    (mine.parent / "link").symlink_to(other)
    assert folder.holds(str(mine))
    for path in (
        other,
        mine.parent / "link",
        f"{folder.path}/../b.png",
        "a.png",
        mine.parent,
        "http://a.example/b.png",
    ):
        assert not folder.holds(str(path))


def test_nothing_is_left_when_it_ends() -> None:
    with temporary_folder() as folder:
        (folder.new() / "file").touch()
        assert folder.path.exists()
    assert not folder.path.exists()

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from aigan.cli.commands import gather
from aigan.data import check, test_scenes
from aigan.errors import AiganError


def kinds(report: check.Report) -> list[str]:
    return [problem.kind for problem in report.problems]


@pytest.fixture
def scenes(save, tmp_path, monkeypatch):
    """A benchmark of three made-up scenes in place of the real ones."""
    paths = [save(f"scenes/{seed}.png", seed=seed, size=(96, 64)) for seed in (1, 2, 3)]
    made = [test_scenes._scene(("set12", "polyu") if path.stem == "1" else ("set12",), path) for path in paths]
    (tmp_path / "made.json").write_bytes(test_scenes.encode_scenes(made))
    monkeypatch.setattr(test_scenes, "_FILE", tmp_path / "made.json")
    test_scenes.known_scenes.cache_clear()
    yield paths
    test_scenes.known_scenes.cache_clear()


def test_sound_pairs(tmp_path, save):
    for seed in (11, 12):
        save(f"clean/{seed}.png", seed=seed), save(f"noisy/{seed}.png", seed=100 + seed)
    told = []
    report = check.check(tmp_path, progress=lambda done, total: told.append((done, total)))
    assert report.sound
    assert report.problems == ()
    assert (report.examples, report.files) == (2, 4)
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_everything_that_is_wrong_is_found(tmp_path, save):
    for seed in (11, 12, 13, 14):
        save(f"clean/{seed}.png", seed=seed), save(f"noisy/{seed}.png", seed=100 + seed)
    save("noisy/12.png", seed=112, size=(40, 32))  # of another size
    save("noisy/alone.png", seed=120)
    save("clean/spare.png", seed=130)
    shutil.copy(tmp_path / "clean/13.png", tmp_path / "noisy/13.png")
    broken = tmp_path / "noisy/14.png"
    broken.write_bytes(broken.read_bytes()[:-200])
    report = check.check(tmp_path)
    assert not report.sound
    found = {problem.kind: problem for problem in report.problems}
    assert [path.name for path in found["unreadable"].paths] == ["14.png"]
    assert "truncated" in found["unreadable"].detail
    assert found["no partner"].paths == (tmp_path / "noisy/alone.png",)
    assert found["unused"].paths == (tmp_path / "clean/spare.png",)
    assert found["sizes differ"].detail == "40×32 and 48×32"
    assert found["equal"].paths == (tmp_path / "clean/13.png", tmp_path / "noisy/13.png")
    assert len(report.problems) == len(found)


def test_pictures_of_one_scene_are_one_remark(tmp_path, save):
    save("a.png", seed=5, size=(96, 64)), save("small.png", seed=5), save("other.png", seed=6)
    with Image.open(tmp_path / "a.png") as image:
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(tmp_path / "mirrored.jpg", quality=60)
    report = check.check(tmp_path)
    assert kinds(report) == ["alike"]
    assert report.sound
    assert {path.name for path in report.problems[0].paths} == {"a.png", "small.png", "mirrored.jpg"}


def test_a_part_of_a_published_set_is_a_remark(tmp_path, save):
    for number in range(1, 4):
        save(f"Set12/{number:02}.png", seed=40 + number)
    report = check.check(tmp_path / "Set12")
    assert (kinds(report), report.problems[0].detail) == (["incomplete"], "3 of 12")


def test_folders_of_any_names_can_be_checked(tmp_path, save):
    save("sharp/1.png", seed=1), save("blurred/1.png", seed=2), save("blurred/2.png", seed=3)
    assert kinds(check.check(tmp_path, clean="sharp", degraded="blurred")) == ["no partner"]


def test_test_scenes_are_found_in_any_form(tmp_path, scenes):
    with Image.open(scenes[0]) as image:
        forms = {
            "turned.png": image.transpose(Image.Transpose.ROTATE_90),
            "gray.png": image.convert("L"),
            "small.png": image.resize((60, 40)),
            "bright.png": image.point(lambda value: 128 + value // 2),
        }
        (tmp_path / "own").mkdir()
        for name, form in forms.items():
            form.save(tmp_path / "own" / name)
    paths = [tmp_path / "own" / name for name in forms]
    assert check.test_scenes_seen(paths, ["polyu"]) == [(path, "polyu", "1") for path in paths]
    assert check.test_scenes_seen(scenes[1:], ["polyu"]) == []
    assert check.test_scenes_seen([], ["polyu"]) == []
    problems = check.check(tmp_path / "own", benchmarks=["set12", "polyu"]).problems
    assert {problem.detail for problem in problems if problem.kind == "test scene"} == {"1 of set12, polyu"}


def test_an_unknown_benchmark_is_named(scenes):
    with pytest.raises(AiganError, match="no benchmark rain100x"):
        check.test_scenes_seen(scenes, ["rain100x"])


def test_the_command_prints_what_is_wrong_and_exits_with_1(tmp_path, save):
    save("clean/[1].png", seed=1), save("noisy/[1].png", seed=2), save("noisy/2.png", seed=3)
    result = CliRunner().invoke(gather(), ["data", "check", str(tmp_path)])
    assert result.exit_code == 1
    assert "no partner" in result.stdout
    assert "2.png" in result.stdout
    os.remove(tmp_path / "noisy/2.png")
    result = CliRunner().invoke(gather(), ["data", "check", str(tmp_path), "--clean", "clean", "--degraded", "noisy"])
    assert result.exit_code == 0
    assert "1 examples, 2 files; sound" in " ".join(result.stdout.split())
    assert CliRunner().invoke(gather(), ["data", "check", str(tmp_path), "--clean", "clean"]).exit_code == 2


def test_the_command_lists_the_layouts():
    result = CliRunner().invoke(gather(), ["data", "layouts"])
    assert result.exit_code == 0
    assert "RainTrainL" in result.stdout


def test_checking_needs_no_torch():
    code = "import sys; sys.modules['torch'] = None; import aigan.data.check"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_long_chains_of_likeness_are_one_group():
    rng = np.random.default_rng(0)
    start, end = (np.where(rng.random(331) < 0.5, -1, 1) for _ in range(2))
    order = rng.permutation(331)
    chain = np.array(
        [np.where(np.isin(np.arange(331), order[:cut]), end, start) for cut in (0, 110, 220, 331)], np.float32
    )
    assert test_scenes.likeness(chain[:1], chain[-1:])[0, 0] < test_scenes.SAME
    groups = check._alike(chain[[0, 3, 1, 2]], block=2)
    assert [sorted(group) for group in groups] == [[0, 1, 2, 3]]

import re
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from typer.testing import CliRunner

from aigan.cli.commands import gather
from aigan.degrade import Kind, degrade, degrade_files
from aigan.errors import UsageError
from aigan.pictures import Form, read, write

EXAMPLES = Path(__file__).parent.parent / "examples"
KINDS: tuple[Kind, ...] = get_args(Kind)


def smooth(height: int = 40, width: int = 50, channels: int = 3) -> np.ndarray:
    y, x = np.linspace(0, 1, height)[:, None, None], np.linspace(0, 1, width)[None, :, None]
    return np.broadcast_to(0.2 + 0.3 * y + 0.2 * x, (height, width, channels)).astype(np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    clean = tmp_path / "clean"
    (clean / "sub").mkdir(parents=True)
    for name, channels in (("b.png", 3), ("a.png", 1), ("sub/c.tif", 3)):
        write(smooth(channels=channels), clean / name)
    return clean


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_picture(kind: Kind, channels: int) -> None:
    clean = smooth(33, 27, channels)
    degraded = degrade(clean, kind=kind, seed=3, index=1)
    assert degraded.shape == clean.shape
    assert degraded.dtype == np.float32
    assert np.array_equal(degraded, degrade(clean, kind=kind, seed=3, index=1))
    for seed, index in ((4, 1), (3, 2)):
        assert not np.array_equal(degraded, degrade(clean, kind=kind, seed=seed, index=index))


def test_noise_is_the_generators_own() -> None:
    noise = degrade(smooth(), kind="noise", sigma_255=51, seed=7, index=2) - smooth()
    own = np.random.default_rng((7, 2)).standard_normal((3, 40, 50), dtype=np.float32)
    assert np.allclose(noise, 0.2 * np.moveaxis(own, 0, -1), atol=1e-6)


def test_a_folder_is_mirrored_and_numbered_in_name_order(folder: Path, tmp_path: Path) -> None:
    results = degrade_files([folder], tmp_path / "out", seed=5)
    assert [result.source.name for result in results] == ["a.png", "b.png", "c.tif"]
    for index, name in enumerate(("a.png", "b.png", "sub/c.tif")):
        clean, noisy = read(folder / name), read(tmp_path / "out" / name)
        expected = np.clip(degrade(clean.pixels, kind="noise", seed=5, index=index), 0, 1)
        assert np.allclose(noisy.pixels, expected, atol=0.51 / 255)


def test_the_interference_explains_the_degraded_picture(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "rainy.png"
    degrade_files([folder / "b.png"], target, kind="rain-light", save=("degraded", "interference"))
    interference = 2 * read(tmp_path / "rainy.interference.png").pixels - 1
    assert np.allclose(read(target).pixels, read(folder / "b.png").pixels + interference, atol=2 / 255)


def test_the_depth_of_the_source_is_kept(tmp_path: Path) -> None:
    write(smooth(), tmp_path / "deep.png", form=Form(format="PNG", depth="uint16"))
    degrade_files([tmp_path / "deep.png"], tmp_path / "out.png", kind="haze")
    assert read(tmp_path / "out.png").form.depth == "uint16"


def test_a_bad_file_does_not_stop_the_rest(folder: Path, tmp_path: Path) -> None:
    (folder / "a2.png").write_bytes(b"no picture")
    results = degrade_files([folder], tmp_path / "out")
    assert [bool(result.error) for result in results] == [False, True, False, False]
    assert "a2.png" in results[1].error
    assert (tmp_path / "out" / "sub" / "c.tif").exists()


def test_nothing_is_overwritten_unasked_and_the_input_never(folder: Path, tmp_path: Path) -> None:
    degrade_files([folder / "b.png"], tmp_path / "out")
    again = degrade_files([folder / "b.png"], tmp_path / "out", seed=1)
    assert "exists" in again[0].error
    assert not degrade_files([folder / "b.png"], tmp_path / "out", seed=1, overwrite=True)[0].error
    before = (folder / "b.png").read_bytes()
    assert "own result" in degrade_files([folder / "b.png"], folder, overwrite=True)[0].error
    assert (folder / "b.png").read_bytes() == before


def test_the_command(folder: Path, tmp_path: Path) -> None:
    def run(*arguments: Any) -> Any:
        return CliRunner().invoke(gather(), ["degrade", *map(str, arguments)])

    shown = run(folder / "b.png", "-o", tmp_path / "o.png", "--sigma-255", 10, "--save", "degraded,interference")
    assert shown.exit_code == 0, shown.output
    assert shown.stderr == ""
    assert shown.stdout.split() == [str(tmp_path / "o.png"), str(tmp_path / "o.interference.png")]
    assert np.std(read(tmp_path / "o.png").pixels - smooth()) == pytest.approx(10 / 255, rel=0.1)
    assert run(folder / "missing.png", "-o", tmp_path / "x.png").exit_code == 1
    assert run(folder / "b.png", "-o", tmp_path / "x.png", "--save", "error").exit_code == 2
    assert run(folder / "b.png", "-o", tmp_path / "x.png", "--kind", "snow").exit_code == 2
    assert run(folder / "b.png", "-o", tmp_path / "x.png", "--sigma-255", "nan").exit_code == 2
    with pytest.raises(UsageError):
        degrade_files([folder], tmp_path / "one.png")


def test_the_examples_are_what_their_commands_make(tmp_path: Path) -> None:
    commands = re.findall(r"`aigan (degrade (\S+) -o (\S+)[^`]*)`", (EXAMPLES / "README.md").read_text("utf-8"))
    assert len(commands) == 4
    for command, source, target in commands:
        arguments = command.replace(source, str(EXAMPLES / source)).replace(target, str(tmp_path / target)).split()
        assert CliRunner().invoke(gather(), arguments).exit_code == 0
        difference = np.abs(read(tmp_path / target).pixels - read(EXAMPLES / target).pixels)
        assert difference.max() <= 1.01 / 255


def test_a_folder_that_cannot_be_made_is_said(folder: Path, tmp_path: Path) -> None:
    (result,) = degrade_files([folder / "b.png"], folder / "b.png" / "out")
    assert "cannot be made" in result.error
    write(smooth(), folder / "b.interference.png")
    with pytest.raises(UsageError, match="would both become"):
        degrade_files([folder / "b.png", folder / "b.interference.png"], tmp_path, save=("interference",))

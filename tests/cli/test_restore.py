from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from aigan.cli.commands import gather
from aigan.pictures import read, write
from aigan.restore import registry


@pytest.fixture
def photo(tmp_path) -> Path:
    write(np.random.default_rng(0).random((24, 31, 3), np.float32), tmp_path / "photo.png")
    return tmp_path / "photo.png"


def aigan(*arguments: object, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own, in which importing torch fails."""
    code = "import sys; sys.modules['torch'] = None; from aigan.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], input=data, capture_output=True, check=False
    )


def restore(*arguments: object):
    return CliRunner().invoke(gather(), ["restore", *map(str, arguments)])


def test_restores_without_torch(photo, network_file, tmp_path) -> None:
    report, out = tmp_path / "report.json", tmp_path / "out"
    done = aigan("restore", photo, tmp_path / "none.png", "-o", out, "--model", network_file(), "--json", report)
    assert done.returncode == 1
    assert b"none.png does not exist" in done.stderr
    assert b"1 restored, 1 failed" in done.stderr
    assert done.stdout == b""
    assert read(out / "photo.png").pixels.shape == (24, 31, 3)
    rows = json.loads(report.read_text())
    assert [row["status"] for row in rows] == ["restored", "failed"]
    assert rows[0]["outputs"] == {"original": str(out / "photo.png")}


def test_a_pipe(photo, network_file) -> None:
    done = aigan("restore", "-", "-o", "-", "--model", network_file(), data=photo.read_bytes())
    assert done.returncode == 0
    assert read(done.stdout).pixels.shape == (24, 31, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        ("--save", "original,colour"),
        ("--tile", "0"),
        ("--tile", "big"),
        ("--strength", "9"),
        ("--strength", "nan"),
        ("--save", ""),
        ("--json", "report.png"),
        ("--json", "."),
        ("--quality", "0"),
        ("--task", "paint"),
        ("--backend", "caffe"),
        ("--device", "tpu"),
        ("--precision", "fp8"),
    ],
)
def test_wrong_usage_exits_with_2(photo, network_file, tmp_path, wrong) -> None:
    assert restore(photo, "-o", tmp_path / "out", "--model", network_file(), *wrong).exit_code == 2
    assert not (tmp_path / "out").exists()


def test_without_anything_it_says_what_is_missing() -> None:
    done = CliRunner().invoke(gather(), ["restore"])
    assert done.exit_code == 2
    assert "Missing" in done.output


def test_what_makes_no_sense_exits_with_2(photo, tmp_path) -> None:
    done = aigan("restore", photo, "-o", tmp_path / "out", "--ext", "txt")
    assert done.returncode == 2
    assert done.stderr.startswith(b"aigan: txt is not the extension")
    assert done.stderr.count(b"\n") == 1


def test_a_missing_model_is_one_sentence(photo, tmp_path) -> None:
    done = aigan("restore", photo, "-o", tmp_path / "out", "--model", "none.onnx")
    assert done.returncode == 2
    assert done.stderr.startswith(b"aigan: none.onnx does not exist")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        (("--backend", "torch"), 1, b"pip install 'aigan[train]'"),
        (("--device", "cuda"), 1, b"pip install 'aigan[train]'"),
        (("--backend", "onnx", "--device", "cuda"), 2, b"take --backend torch"),
    ],
)
def test_a_backend_that_cannot_is_one_sentence(photo, network_file, tmp_path, asked, status: int, words: bytes) -> None:
    done = aigan("restore", photo, "-o", tmp_path / "out", "--model", network_file(), *asked)
    assert done.returncode == status
    assert words in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert not (tmp_path / "out").exists()


def test_all_is_a_task_whose_model_is_all_s(photo, network_file, tmp_path, monkeypatch) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    monkeypatch.setattr(registry, "FOLDER", folder)
    (folder / "derain-s.onnx").touch()
    done = restore(photo, "-o", tmp_path / "out", "--task", "all")
    assert "there is no model all: take one of derain-s" in str(done.exception)
    (folder / "all-s.onnx").write_bytes(network_file("blur", name="all-s", task="all").read_bytes())
    done = restore(photo, "-o", tmp_path / "out", "--task", "all", "--json", tmp_path / "report.json")
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "report.json").read_text())[0]["model"] == "all-s"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_in_the_middle_it_leaves_nothing(network_file, tmp_path, number: int, status: int) -> None:
    out, temporary = tmp_path / "out", tmp_path / "temporary"
    temporary.mkdir()
    write(np.full((1500, 1500, 3), 0.5, np.float32), tmp_path / "large.ppm")
    call = ["restore", tmp_path / "large.ppm", "-o", out, "--model", network_file(), "--tile", "8"]  # takes long
    code = (  # a parent that ignores Ctrl-C would hand that on
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);from aigan.cli import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, call)],
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    while process.poll() is None and not (out.exists() and any(path.stat().st_size for path in out.iterdir())):
        time.sleep(0.01)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == status
    assert said.splitlines()[-1] == b"aigan: stopped; nothing half-written was left"
    assert list(out.iterdir()) == []
    assert list(temporary.iterdir()) == []


def test_options_reach_the_job(photo, network_file, tmp_path) -> None:
    options = [
        "--backend",
        "onnx",
        "--device",
        "cpu",
        "--precision",
        "fp32",
        "--save",
        "original,error",
        "--suffix",
        "_x",
        "--ext",
        "tif",
        "--tile",
        "16",
        "--tile-exact",
        "--tta",
    ]
    done = restore(photo, "-o", tmp_path / "out", "--model", network_file(), *options, "--strength", "0")
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["photo_x.error.tif", "photo_x.tif"]
    np.testing.assert_array_equal(read(tmp_path / "out/photo_x.tif").pixels, read(photo).pixels)


def test_resume_and_overwrite(photo, network_file, tmp_path) -> None:
    call = [photo, "-o", tmp_path / "out", "--model", network_file()]
    assert [restore(*call, *more).exit_code for more in ([], [], ["--resume"], ["--overwrite"])] == [0, 1, 0, 0]


def loaded(modules: tuple[str, ...], code: str) -> str:
    """Which of these modules a process has loaded when it has run the code."""
    code += f"; import sys; print([name for name in {modules} if name in sys.modules])"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_help_needs_neither_torch_nor_the_heavy_libraries() -> None:
    heavy = "torch", "numpy", "onnxruntime", "pyvips", "PIL", "msgspec", "rich.progress"
    assert loaded(heavy, "import aigan, aigan.cli.commands; aigan.cli.commands.gather()") == "[]"


def test_looking_at_a_picture_loads_nothing_that_takes_longer_than_looking(photo) -> None:
    heavy = "torch", "onnxruntime", "PIL", "numpy.ma", "scipy", "pandas"
    code = f"from pathlib import Path; from aigan.restore.inspect import decide; decide(Path({str(photo)!r}))"
    assert loaded(heavy, code) == "[]"


@pytest.mark.parametrize(
    ("words", "address"),
    [
        (["--cluster"], "local"),
        (["--cluster", "--tta"], "local"),
        (["--cluster", "head:6379"], "head:6379"),
        (["--cluster=10.0.0.1:6379"], "10.0.0.1:6379"),
        (["--cluster", "auto"], "auto"),
    ],
)
def test_a_cluster_with_and_without_an_address(photo, tmp_path, monkeypatch, words, address: str) -> None:
    asked = []
    monkeypatch.setattr("aigan.restore.cluster.runner.run", lambda *_, **options: asked.append(options) or [])
    assert restore(photo, "-o", tmp_path / "out", *words).exit_code == 0
    assert restore(*words, photo, "-o", tmp_path / "out").exit_code == 0
    assert asked == [{"address": address}] * 2


def test_a_cluster_takes_no_pipe_and_needs_its_extra(photo, tmp_path) -> None:
    assert restore("-", "-o", tmp_path / "out", "--cluster").exit_code == 2
    code = "import sys; sys.modules['ray'] = None; from aigan.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "restore", photo, "-o", tmp_path / "out", "--cluster"], capture_output=True
    )
    assert done.returncode == 1
    assert done.stderr == b"aigan: --cluster needs Ray: install it with  pip install 'aigan[cluster]'\n"
    assert not (tmp_path / "out").exists()


def test_a_report_holds_any_name_and_makes_its_folder(photo, network_file, tmp_path) -> None:
    strange = tmp_path / os.fsdecode(b"caf\xe9\xc3\xa9.png")
    try:
        strange.write_bytes(photo.read_bytes())
    except OSError:
        pytest.skip("this disk takes UTF-8 names only")
    report = tmp_path / "new" / "report.json"
    done = restore(
        strange, "-o", tmp_path / "out", "--model", network_file(), "--json", report, "--save", "original, error"
    )
    assert done.exit_code == 0, done.output
    (row,) = json.loads(report.read_text())
    assert row["source"] == str(strange)
    assert set(row["outputs"]) == {"original", "error"}


def test_what_a_terminal_cannot_show_is_escaped(monkeypatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = aigan("restore", "-h")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"--strength" in done.stdout

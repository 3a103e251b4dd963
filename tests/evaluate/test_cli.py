from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from typer.testing import CliRunner

from aigan.cli.commands import gather
from aigan.cli.evaluate import Name
from aigan.errors import AiganError
from aigan.evaluate.benchmarks import BENCHMARKS
from aigan.evaluate.measure import FOLDER

Save = Callable[..., Path]  # of conftest.py
NetworkFile = Callable[..., Path]


def test_all_benchmarks_can_be_asked_for() -> None:
    assert get_args(Name) == (*(benchmark.name for benchmark in BENCHMARKS), FOLDER)


def test_the_table_bears_its_protocol_and_the_json_all_items(save: Save, tmp_path: Path) -> None:
    clean, out = save("clean/a.png").parent, tmp_path / "out.json"
    save("clean/b.png", seed=1)
    ran = CliRunner().invoke(
        gather(), ["evaluate", "input", "--benchmark", "folder", "--clean", str(clean), "--json", str(out)]
    )
    assert ran.exit_code == 0, ran.output
    assert "σ₂₅₅ 25" in ran.stdout
    written = json.loads(out.read_text())
    assert list(written) == ["model", "benchmark", "protocol", "n", "mean", "items"]
    assert (written["model"], written["benchmark"], written["n"]) == ("input", "folder", 2)
    assert written["protocol"]["sigma_255"] == 25
    assert f"{written['mean']['psnr']:.2f}" in ran.stdout
    scores = {"psnr", "ssim", "psnr_y", "ssim_y", "seconds", "cpu_seconds"}
    assert set(written["mean"]) == scores
    assert [set(item) for item in written["items"]] == [{"name", *scores}] * 2


def test_weights_take_the_place_of_those_that_are_shipped(save: Save, network_file: NetworkFile) -> None:
    clean = save("clean/a.png").parent
    own = str(network_file(name="of-my-own"))
    ran = CliRunner().invoke(
        gather(), ["evaluate", "denoise", "--weights", own, "--benchmark", "folder", "--clean", str(clean)]
    )
    assert "of-my-own" in ran.stdout


def test_a_missing_set_is_an_error_of_one_sentence(tmp_path: Path) -> None:
    ran = CliRunner().invoke(gather(), ["evaluate", "input", "--benchmark", "polyu"], env={"AIGAN_DATA": str(tmp_path)})
    assert isinstance(ran.exception, AiganError)
    assert "NAME_real beside NAME_mean" in str(ran.exception)


def test_runs_where_importing_torch_fails(save: Save, tmp_path: Path) -> None:
    clean = save("clean/a.png", size=(24, 24)).parent
    (tmp_path / "torch.py").write_text("raise ImportError('no torch here')")
    program = "from aigan.cli import main; main()"
    arguments = ["evaluate", "denoise-s", "--benchmark", "folder", "--clean", str(clean)]
    ran = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert "denoise-s" in ran.stdout


def test_noise_of_no_strength_is_wrong_usage(tmp_path) -> None:
    options = ["--benchmark", "folder", "--clean", str(tmp_path), "--sigma-255", "nan"]
    ran = CliRunner().invoke(gather(), ["evaluate", "input", *options])
    assert (ran.exit_code, "nan is not a number" in ran.output) == (2, True)

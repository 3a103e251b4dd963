from __future__ import annotations

import numpy as np
from typer.testing import CliRunner

from aigan.cli.commands import gather
from aigan.pictures import write


def test_prints_the_measurement_and_what_auto_would_do(tmp_path) -> None:
    write(0.1 + np.random.default_rng(0).random((64, 64, 3), np.float32) / 5, tmp_path / "a.png")
    done = CliRunner().invoke(gather(), ["inspect", str(tmp_path / "a.png")])
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["noise", "streaks", "veil", "auto"]
    assert "denoise: white noise" in done.stdout

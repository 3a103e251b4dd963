"""The examples of docs/app.md, as they stand there, but for the address."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from aigan.pictures import read

ROOT = Path(__file__).parents[2]


def example(language: str, server: str) -> str:
    (text,) = re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / "app.md").read_text(encoding="utf-8"), re.DOTALL)
    assert "http://127.0.0.1:7860" in text
    return str(text).replace("http://127.0.0.1:7860", server).replace("examples/", f"{ROOT}/examples/")


def test_the_example_in_python(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    exec(example("python", server), names)
    assert "denoise-s: white noise" in capsys.readouterr().out
    assert read(str(names["restored"])).pixels.shape == (300, 451, 3)


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="needs curl and jq")
def test_the_example_with_curl(server: str, tmp_path: Path) -> None:
    subprocess.run(["bash", "-euc", example("bash", server)], cwd=tmp_path, check=True, timeout=60)
    assert read(tmp_path / "restored.png").pixels.shape == (300, 451, 3)

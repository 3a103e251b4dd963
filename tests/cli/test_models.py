from __future__ import annotations

import pytest
from typer.testing import CliRunner

from aigan.cli.commands import gather
from aigan.decomposition import Figure
from aigan.restore import registry


@pytest.fixture
def folder(network_file, tmp_path, monkeypatch):
    figures = (Figure(benchmark="cbsd68", degradation="sigma_255=25", psnr=31.14),)
    path = network_file("blur", name="denoise-s", data_terms="[research] only", figures=figures, kmac_per_px=51.3)
    (tmp_path / "denoise-s.onnx").write_bytes(path.read_bytes())
    monkeypatch.setattr(registry, "FOLDER", tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def test_lists_what_is_shipped(folder) -> None:
    done = CliRunner().invoke(gather(), ["models"])
    assert done.exit_code == 0
    for text in ("denoise-s", "51", "Apache-2.0", "cbsd68 sigma_255=25 31.14"):
        assert text in done.stdout


def test_shows_a_card_with_the_terms_of_the_data(folder) -> None:
    for model in ("denoise", str(folder / "denoise-s.onnx")):
        done = CliRunner().invoke(gather(), ["models", "show", model])
        assert done.exit_code == 0
        assert "[research] only" in done.stdout
        assert "halo 1 px" in done.stdout

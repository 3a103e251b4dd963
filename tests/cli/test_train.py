"""`aigan train` and `aigan export` from end to end, and what they say to mistakes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from aigan.cli import needs
from aigan.cli.commands import gather
from aigan.errors import AiganError

YAML = """
name: tiny
task: denoise
network: {widths: [4, 6], encode_blocks: [1, 1], decode_blocks: [1], generator_width: 4}
sources: [{kind: clean, folders: [{folder: clean}], degrade: {noise: {}}}]
stages: [{share: 1.0, crop: 16, batch: 2}]
steps: 3
log_every: 1
precision: fp32
"""


@pytest.fixture(autouse=True)
def _denormals_as_before() -> Iterator[None]:
    """Training flushes them in this process for good; other tests want them."""
    yield
    torch.set_flush_denormal(False)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "clean").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (260, 270, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "clean" / "one.png")
    (tmp_path / "tiny.yaml").write_text(YAML)
    return tmp_path / "tiny.yaml"


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")  # torch's exporter's own
def test_train_export_restore(config: Path) -> None:
    folder, runner = config.parent, CliRunner()
    trained = runner.invoke(gather(), ["train", str(config), f"data={folder}", "--out", str(folder / "runs")])
    assert trained.exit_code == 0, trained.output
    file = folder / "runs" / "tiny" / "tiny.safetensors"
    assert file.name in trained.output.replace("\n", "")
    exported = runner.invoke(gather(), ["export", str(file), "--halo-pictures", str(folder / "clean")])
    assert exported.exit_code == 0, exported.output
    assert exported.output.startswith("halo: ")
    picture, result = folder / "clean" / "one.png", folder / "restored.png"
    model = str(file.with_suffix(".onnx"))
    restored = runner.invoke(gather(), ["restore", str(picture), "-o", str(result), "--model", model])
    assert restored.exit_code == 0, restored.output
    with Image.open(result) as image:
        assert image.size == (270, 260)


def test_mistakes(config: Path) -> None:
    nothing = CliRunner().invoke(gather(), ["train", "steps=3", "--out", "runs"])
    assert nothing.exit_code == 2
    wrong = CliRunner().invoke(gather(), ["train", str(config), "speed=3", "--out", "runs"])
    assert isinstance(wrong.exception, AiganError)
    for minutes in ("nan", "inf"):
        endless = CliRunner().invoke(gather(), ["train", str(config), "--out", "runs", "--max-minutes", minutes])
        assert endless.exit_code == 2
    onto_itself = CliRunner().invoke(gather(), ["export", "a.safetensors", "-o", "a.safetensors"])
    assert onto_itself.exit_code == 2


def test_a_missing_extra_is_one_line_with_the_command() -> None:
    with pytest.raises(AiganError, match=r"pip install 'aigan\[train\]'"):
        needs.needs("train", "torch", "no_such_module")

"""tools/interplay.py: how alike two branches' errors are, and how hard discriminators pull."""

import math
from pathlib import Path

import msgspec
import pytest
import torch

from aigan.errors import AiganError
from aigan.training.engine import train
from tests.tools import load_tool
from tests.training.conftest import Configure

interplay = load_tool("interplay")
RANDOM = torch.Generator().manual_seed(0)
Y_O = torch.rand(2, 3, 32, 32, generator=RANDOM)
NOISE = 0.1 * torch.randn(2, 2, 3, 32, 32, generator=RANDOM)


def test_errors_that_are_alike_stay_and_others_halve() -> None:
    same = interplay.alike(Y_O + NOISE[0], Y_O + NOISE[0], Y_O)
    assert same["correlation"] == pytest.approx(1)
    assert same["mean, dB"] == pytest.approx(same["O, dB"]) == pytest.approx(20, abs=0.2)
    other = interplay.alike(Y_O + NOISE[0], Y_O + NOISE[1], Y_O)
    assert other["correlation"] == pytest.approx(0, abs=0.05)
    assert other["mean, dB"] - other["O, dB"] == pytest.approx(10 * math.log10(2), abs=0.2)


def test_a_run_of_its_own_is_measured_and_left_as_it_is(configure: Configure, tmp_path: Path) -> None:
    config = configure(steps=3, lambda_gan=0.8, adversary_from=0.0)
    train([config], tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    figures = interplay.measure(tmp_path / "tiny")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert list(figures) == ["step 1", "step 2", "(7)"]
    against = figures["(7)"]
    assert 0 < against["gradient, log"] < against["gradient, square"]  # the logarithm of a small error is steep
    assert all(0.5 < against[name] < 1.5 for name in ("D_O", "D_T"))  # they have hardly begun


def test_without_discriminators_or_exchange_there_is_less_to_say(configure: Configure, tmp_path: Path) -> None:
    network = msgspec.structs.replace(configure().network, exchange=False)
    train([configure(steps=1, lambda_gan=0.0, network=network)], tmp_path)
    assert list(interplay.measure(tmp_path / "tiny")) == ["step 1"]


def test_what_is_no_such_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AiganError, match="no checkpoint of a network with two branches"):
        interplay.measure(tmp_path)

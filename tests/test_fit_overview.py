"""What the overview's tool learns from made-up pictures in haze, and that the network then says the same."""

from __future__ import annotations

from types import ModuleType

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from aigan.network.overview import Overview, corrected  # noqa: E402
from aigan.network.topology import Estimates  # noqa: E402
from tests.tools import load_tool  # noqa: E402


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    return load_tool("fit_overview")


def test_the_error_is_that_of_the_corrected_picture(tool: ModuleType) -> None:
    torch.manual_seed(0)
    y_O, I, O = torch.rand(3, 5, 3, 9, 7)
    numbers = 0.3 * torch.randn(5, 5)
    expected = (corrected(Estimates(O), I, numbers).yhat_O - y_O).square().mean((1, 2, 3))
    torch.testing.assert_close(tool.error(numbers, tool.measured(y_O, I, O)), expected)


def test_haze_that_hides_all_alike_is_read_off_the_whole_picture(
    tool: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    y_O = torch.rand(640, 3, 16, 16)
    transmission = 0.3 + 0.7 * torch.rand(640, 1, 1, 1)
    I = transmission * y_O + (1 - transmission)
    squares = tool.measured(y_O, I, I)  # of a network that does nothing
    overview = Overview(3)
    tool.fit(overview, squares, epochs=30, least_error=1e-5)
    assert "epoch 30 of 30" in capsys.readouterr().out

    y_O = torch.rand(50, 3, 16, 16)
    for t in (0.4, 0.8):
        I = t * y_O + (1 - t)
        fresh = tool.measured(y_O, I, I)
        after = tool.error(overview(fresh.seen), fresh).mean()
        assert after < 0.2 * functional.mse_loss(I, y_O)

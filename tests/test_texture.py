"""tools/texture.py: how much fine texture, and how much of it is right."""

import pytest

torch = pytest.importorskip("torch")

from tests.tools import load_tool  # noqa: E402

texture = load_tool("texture")
TARGET = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def test_half_the_texture_is_all_right():
    assert texture.amount(0.5 * TARGET + 0.25, TARGET) == pytest.approx(0.5)
    assert texture.truth(0.5 * TARGET + 0.25, TARGET) == pytest.approx(1)


def test_other_texture_is_as_much_and_wrong():
    other = TARGET.flip(2)
    assert texture.amount(other, TARGET) == pytest.approx(1, abs=0.05)
    assert abs(texture.truth(other, TARGET)) < 0.1
    assert texture.similarity(other, TARGET) < texture.similarity(TARGET, TARGET) == pytest.approx(1)

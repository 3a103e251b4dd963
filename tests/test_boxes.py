"""tools/boxes.py: steps between cells are told from steps anywhere."""

import numpy as np
import pytest

from tests.tools import load_tool

boxiness = load_tool("boxes").boxiness


def test_only_steps_between_cells_count():
    random = np.random.default_rng(0)
    even = random.random((512, 480, 3), dtype=np.float32)
    assert boxiness(even, 32) == pytest.approx(1, abs=0.1)
    cells = random.random((16, 15, 1), dtype=np.float32).repeat(32, 0).repeat(32, 1)
    assert boxiness(0.1 * even + cells, 32) > 2
    assert boxiness(np.roll(0.1 * even + cells, 7, (0, 1)), 32) == pytest.approx(1, abs=0.1)

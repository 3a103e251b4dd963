"""GCANet against the code of its authors."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from aigan.baselines.learned.gcanet import GCANet, edges  # noqa: E402

PLACES = [0, 6, 12], [0, 9, 17]  # rows, columns
ADDED = [  # there, RGB in gray levels, by GCANet.py and utils.py of github.com/cddlyf/GCANet at 8cc8fed
    [-0.474870, 0.403819, -1.386955],
    [-0.810141, 0.070911, -1.818957],
    [-0.966008, 0.209578, -0.594764],
]


def test_the_same_weights_add_what_they_add_in_the_authors_code() -> None:
    """Theirs had the picture mirrored to 16×20 before; keys and shapes of the weights are the same."""
    rng = np.random.default_rng(0)
    network = GCANet().double().eval()
    shapes = {key: value.shape for key, value in sorted(network.state_dict().items())}
    network.load_state_dict({key: torch.from_numpy(rng.random(shape) - 0.5) for key, shape in shapes.items()})
    hazy = torch.from_numpy(rng.random((1, 3, 13, 18)))
    with torch.inference_mode():
        added = 255 * (network(hazy) - hazy)[0]
    rows, columns = PLACES
    np.testing.assert_allclose(added[:, rows, columns].T, ADDED, rtol=0, atol=2e-6)


def test_an_edge_counts_on_both_sides_and_the_border_is_none() -> None:
    levels = torch.zeros(1, 3, 2, 4)
    levels[..., 2:] = 120  # each of the two columns beside the step has one neighbour of four that differs
    assert edges(levels).tolist() == [[[[0, 30, 30, 0]] * 2]]

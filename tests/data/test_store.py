"""Crops gathered from the flat buffer are the crops that slicing gives."""

import numpy as np
import pytest
import torch

from aigan.data.store import PictureStore, as_channels, picture_tensor

PICTURES = [np.random.default_rng(n).integers(0, 256, (20 + n, 31 - n, 3), dtype=np.uint8) for n in range(4)]


def store() -> PictureStore:
    return PictureStore(PICTURES, torch.device("cpu"))


@pytest.mark.parametrize("symmetry", range(8))
def test_crops_are_slices_mirrored_and_transposed(symmetry: int) -> None:
    which, size = 2, 12
    crop = store().crops(torch.tensor([which]), torch.tensor([[0.5, 0.25]]), torch.tensor([symmetry]), size)
    height, width = PICTURES[which].shape[:2]
    top, left = int(0.5 * (height - size + 1)), int(0.25 * (width - size + 1))
    expected = PICTURES[which][top : top + size, left : left + size]
    expected = expected[::-1] if symmetry & 1 else expected
    expected = expected[:, ::-1] if symmetry & 2 else expected
    expected = expected.transpose(1, 0, 2) if symmetry & 4 else expected
    assert np.array_equal(crop[0].permute(1, 2, 0).numpy() * 255, expected.astype(np.float32))


def test_every_place_is_reached_and_none_outside() -> None:
    pictures = store()
    last = 1 - 2**-24
    crops = pictures.crops(torch.tensor([0, 0]), torch.tensor([[0.0, 0.0], [last, last]]), torch.tensor([0, 0]), 8)
    assert np.array_equal((crops[0] * 255).permute(1, 2, 0).numpy(), PICTURES[0][:8, :8])
    assert np.array_equal((crops[1] * 255).permute(1, 2, 0).numpy(), PICTURES[0][-8:, -8:])


def test_rows_do_not_depend_on_their_neighbours() -> None:
    which, place, symmetry = torch.tensor([3, 1]), torch.rand(2, 2), torch.tensor([5, 2])
    both = store().crops(which, place, symmetry, 10)
    assert torch.equal(both[1:], store().crops(which[1:], place[1:], symmetry[1:], 10))


def test_gray_is_matlabs() -> None:
    red = np.zeros((1, 1, 3), np.uint8)
    red[..., 0] = 255
    assert as_channels(red, 1).tolist() == [[[76]]]
    assert as_channels(red, 3) is red
    assert picture_tensor(red, 1).shape == (1, 1, 1, 1)

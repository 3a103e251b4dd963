"""The overview: what it may change, and what it must leave."""

import torch

from aigan.network.overview import Overview, corrected, look_at
from aigan.network.topology import Estimates


def estimates() -> tuple[torch.Tensor, Estimates]:
    torch.manual_seed(0)
    I, *found = torch.rand(5, 2, 3, 8, 9)
    return I, Estimates(*found)


def test_a_fresh_one_leaves_the_estimates_as_they_are() -> None:
    I, found = estimates()
    for before, after in zip(found, corrected(found, I, Overview(3)(torch.rand(2, 35))), strict=True):
        torch.testing.assert_close(after, before)


def test_it_can_take_all_back() -> None:
    I, found = estimates()
    numbers = torch.tensor([[0.0, -1, 0, 0, 0]]).expand(2, -1)
    after = corrected(found, I, numbers)
    torch.testing.assert_close(after.yhat_O, I)
    torch.testing.assert_close(after.ytilde_T, torch.zeros_like(I))


def test_both_branches_are_corrected_alike() -> None:
    """Where T is what O leaves before, it is so after."""
    I, found = estimates()
    numbers = torch.tensor([[0.1, 0.3, 0.02, 0, -0.01], [-0.2, 0, 0, 0.1, 0]])
    after = corrected(Estimates(found.yhat_O, I - found.yhat_O), I, numbers)
    torch.testing.assert_close(after.yhat_O + after.yhat_T, I)
    c, a, b = 0.1, 0.3, torch.tensor([0.02, 0, -0.01])[:, None, None]
    y = found.yhat_O[0]
    torch.testing.assert_close(after.yhat_O[0], (1 + c) * y + a * (y - I[0]) + b)


def test_each_picture_of_a_batch_is_judged_by_itself() -> None:
    torch.manual_seed(0)
    overview = Overview(1)
    torch.nn.init.normal_(overview.say.weight)
    pictures = torch.rand(3, 1, 70, 50)
    together = overview(look_at(pictures))
    assert together.shape == (3, 3)
    torch.testing.assert_close(together[1:2], overview(look_at(pictures[1:2])))

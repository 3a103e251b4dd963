"""Equations (4) to (9) by hand, and which weights the gradients reach."""

import math

import pytest
import torch
from torch import nn

from aigan import losses
from aigan.network.presets import NetworkConfig, build
from aigan.network.topology import Estimates

y_O, y_T = torch.tensor([[0.2, 0.4], [0.6, 0.8]]), torch.tensor([[0.1, -0.1], [0.0, 0.3]])
GUESS = Estimates(y_O + 0.1, y_T - 0.2, y_O + torch.tensor([[0.3], [0.1]]), y_T + 0.0)


def test_4_and_5_are_mean_squares_of_each_step() -> None:
    terms = losses.interact(GUESS, y_O, y_T)
    assert list(terms) == ["step1_O", "step1_T", "step2_O", "step2_T"]
    assert [round(t.item(), 6) for t in terms.values()] == [0.01, 0.04, 0.05, 0.0]


def test_the_squared_norm_is_the_sum_over_values_averaged_over_the_batch() -> None:
    sums = (GUESS.ytilde_O - y_O).square().sum(1).mean()
    torch.testing.assert_close(losses.step2(GUESS, y_O, y_T)["step2_O"] * y_O[0].numel(), sums)


def test_the_logarithmic_form_takes_each_signals_own_error() -> None:
    terms = losses.interact(GUESS, y_O, y_T, "log")
    assert terms["step2_O"].item() == pytest.approx((math.log10(0.09 + 1e-6) + math.log10(0.01 + 1e-6)) / 2, abs=1e-5)
    assert terms["step2_T"].item() == pytest.approx(-6, abs=1e-5)
    total = losses.objective(terms, values=2, lambda_gan=0.0, form="log")
    torch.testing.assert_close(total, torch.stack(list(terms.values())).mean())


def test_7_weighs_the_adversarial_terms_with_lambda_over_n() -> None:
    terms = {"step1_O": torch.tensor(2.0), "step2_O": torch.tensor(3.0), "gan1_O": torch.tensor(5.0)}
    assert losses.objective(terms, values=4, lambda_gan=0.8).item() == pytest.approx(5 + 0.8 / 4 * 5)


def test_8_is_what_the_discriminator_maximises() -> None:
    real, first, second = torch.tensor([1.5]), torch.tensor([-0.3]), torch.tensor([0.7])
    D = torch.sigmoid
    by_hand = torch.log(D(real)) + torch.log(1 - D(first)) + torch.log(1 - D(second))
    torch.testing.assert_close(losses.discriminator(real, [first, second]), -by_hand.squeeze())
    torch.testing.assert_close(losses.generator(first, saturating=True), torch.log(1 - D(first)).squeeze())
    torch.testing.assert_close(losses.generator(first), -torch.log(D(first)).squeeze())


def test_branch_picks_the_terms_of_one_letter() -> None:
    terms = losses.interact(GUESS, y_O, y_T) | {"gan1_O": torch.zeros(()), "gan2_T": torch.zeros(())}
    assert list(losses.branch(terms, "O")) == ["step1_O", "step2_O", "gan1_O"]
    assert list(losses.branch(terms, "T")) == ["step1_T", "step2_T", "gan2_T"]


def network(**changes: object) -> nn.Module:
    torch.manual_seed(0)
    return build(NetworkConfig(widths=(4, 6), encode_blocks=(1, 1), decode_blocks=(1,), generator_width=4, **changes))


def reached(net: nn.Module, term: str) -> dict[str, bool]:
    """Which parts get a gradient from a term."""
    clean = torch.rand(1, 3, 8, 8)
    noisy = clean + 0.1 * torch.randn_like(clean)
    terms = losses.interact(net(noisy), clean, noisy - clean)
    terms[term].backward()
    return {
        name: any(p.grad is not None and p.grad.abs().sum() > 0 for p in part.parameters())
        for name, part in (("G_O", net.G_O), ("G_T", net.G_T), ("d_O", net.d_O), ("d_T", net.d_T), ("e", net.e))
    }


def test_the_step_2_error_of_o_reaches_g_t_through_yhat_t_and_the_reverse() -> None:
    assert reached(network(), "step2_O") == {"G_O": True, "G_T": True, "d_O": False, "d_T": True, "e": True}
    assert reached(network(), "step2_T") == {"G_O": True, "G_T": True, "d_O": True, "d_T": False, "e": True}


def test_step_1_and_d_gan_keep_the_branches_apart() -> None:
    apart_O = {"G_O": True, "G_T": False, "d_O": True, "d_T": False, "e": True}
    apart_T = {"G_O": False, "G_T": True, "d_O": False, "d_T": True, "e": True}
    assert reached(network(), "step1_O") == reached(network(exchange=False), "step1_O") == apart_O
    assert reached(network(), "step1_T") == reached(network(exchange=False), "step1_T") == apart_T

"""Muon against its definition; who takes which weights."""

import pytest
import torch
from torch import nn

from aigan.training.optimisers import Muon, OptimiserConfig, make_optimisers, orthogonalised, set_rates


@pytest.mark.parametrize("shape", [(16, 40), (40, 16)])
def test_orthogonalised_has_singular_values_near_one(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    result = orthogonalised(torch.randn(3, *shape))
    assert result.shape == (3, *shape)
    values = torch.linalg.svdvals(result)
    assert values.min() > 0.5
    assert values.max() < 1.3


def test_orthogonalised_is_in_full_precision_whatever_the_training_is() -> None:
    matrices = torch.randn(2, 32, 64)
    with torch.autocast("cpu", torch.bfloat16):
        result = orthogonalised(matrices)
    torch.testing.assert_close(result, orthogonalised(matrices))


def test_orthogonalised_keeps_the_singular_vectors() -> None:
    torch.manual_seed(0)
    matrix = torch.randn(1, 16, 24)
    u, _, v = torch.linalg.svd(matrix[0], full_matrices=False)
    inner = u.T @ orthogonalised(matrix)[0] @ v.T
    assert (inner - inner.diag().diag()).abs().max() < 1e-3


def test_a_step_of_muon_by_hand() -> None:
    torch.manual_seed(0)
    kernel = nn.Parameter(torch.randn(16, 16, 3, 3))
    gradients, start = torch.randn(2, 16, 16, 3, 3), kernel.detach().clone()
    muon = Muon([kernel], torch.tensor(0.01))
    for gradient in gradients:
        kernel.grad = gradient.clone()
        muon.step()
    momentum, expected = torch.zeros_like(start), start
    for gradient in gradients:
        momentum = 0.95 * momentum + 0.05 * gradient
        update = (0.05 * gradient + 0.95 * momentum).reshape(1, 16, 144)
        expected = expected - 0.01 * 0.2 * 144**0.5 * orthogonalised(update).reshape(16, 16, 3, 3)
    torch.testing.assert_close(kernel.detach(), expected)


def test_kernels_of_one_shape_do_not_mix() -> None:
    torch.manual_seed(0)
    kernels = [nn.Parameter(torch.randn(16, 16, 1, 1)) for _ in range(2)]
    alone = nn.Parameter(kernels[0].detach().clone())
    for kernel in kernels:
        kernel.grad = torch.randn(16, 16, 1, 1)
    alone.grad = kernels[0].grad
    Muon(kernels, torch.tensor(0.1)).step()
    Muon([alone], torch.tensor(0.1)).step()
    torch.testing.assert_close(kernels[0], alone)


def test_muon_takes_wide_kernels_and_adamw_the_rest() -> None:
    wide, narrow, bias = (nn.Parameter(torch.zeros(s)) for s in ((16, 4, 2, 2), (12, 32, 1, 1), (64,)))
    muon, adamw = make_optimisers([wide, narrow, bias], OptimiserConfig(), torch.device("cpu"))
    assert isinstance(muon, Muon)
    assert [p.shape for p in muon.param_groups[0]["params"]] == [wide.shape]
    assert [p.shape for p in adamw.param_groups[0]["params"]] == [narrow.shape, bias.shape]
    set_rates([muon, adamw], OptimiserConfig(muon_rate=0.2, adamw_rate=0.1), 0.5)
    assert muon.param_groups[0]["lr"].item() == pytest.approx(0.1)
    assert adamw.param_groups[0]["lr"].item() == pytest.approx(0.05)
    (only,) = make_optimisers([wide, bias], OptimiserConfig(kind="adamw"), torch.device("cpu"))
    assert isinstance(only, torch.optim.AdamW)

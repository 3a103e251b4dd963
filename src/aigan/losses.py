"""AI-GAN's losses: equations (4) to (9) of the paper, each a named term.

The squared norm is the sum over the values of one signal, averaged over the batch. Everything is divided by the number
of values N of a signal, so that a step-1 or step-2 error is a mean square error and the adversarial terms weigh λ/N:
this is equation (7) exactly. The logarithmic form weighs all strengths of interference alike.
Estimates are `network.topology.Estimates`; y_O and y_T = I − y_O are the targets; all (B, ...) of one shape.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import softplus

from aigan.network.topology import Estimates

Form = Literal["square", "log"]
Terms = dict[str, Tensor]


def squared_error(estimate: Tensor, target: Tensor, form: Form) -> Tensor:
    """‖estimate − target‖² / N, averaged over the batch; `log`: log10 of each signal's own, with a floor of 1e-6."""
    error = (estimate.float() - target).square().flatten(1).mean(1)
    return (torch.log10(error + 1e-6) if form == "log" else error).mean()


def step1(estimates: Estimates, y_O: Tensor, y_T: Tensor, form: Form = "square") -> Terms:
    """(4): L_step1 = ‖ŷ_O − y_O‖² + ‖ŷ_T − y_T‖²."""
    terms = {"step1_O": squared_error(estimates.yhat_O, y_O, form)}
    if estimates.yhat_T is not None:
        terms["step1_T"] = squared_error(estimates.yhat_T, y_T, form)
    return terms


def step2(estimates: Estimates, y_O: Tensor, y_T: Tensor, form: Form = "square") -> Terms:
    """(5): L_step2 = ‖ỹ_O − y_O‖² + ‖ỹ_T − y_T‖²; empty without the exchange."""
    terms = {}
    if estimates.ytilde_O is not None:
        terms["step2_O"] = squared_error(estimates.ytilde_O, y_O, form)
    if estimates.ytilde_T is not None:
        terms["step2_T"] = squared_error(estimates.ytilde_T, y_T, form)
    return terms


def interact(estimates: Estimates, y_O: Tensor, y_T: Tensor, form: Form = "square") -> Terms:
    """(6): L_interact = L_step1 + L_step2."""
    return step1(estimates, y_O, y_T, form) | step2(estimates, y_O, y_T, form)


def discriminator(real: Tensor, fakes: list[Tensor]) -> Tensor:
    """(8), (9) as D maximises them: −[log D(y) + log(1 − D(ŷ)) + log(1 − D(ỹ))], from logits of any shape, averaged."""
    return softplus(-real).mean() + torch.stack([softplus(fake).mean() for fake in fakes]).sum()


def generator(fake: Tensor, *, saturating: bool = False) -> Tensor:
    """What G minimises for one result, from D's logits: −log D(ŷ), or to the letter (saturating) log(1 − D(ŷ))."""
    return -softplus(fake).mean() if saturating else softplus(-fake).mean()


def fused(O: Tensor, y_O: Tensor, form: Form = "square") -> Terms:
    """The error of the fused result, where the fusion is learned."""
    return {"fused_O": squared_error(O, y_O, form)}


def objective(terms: Terms, *, values: int, lambda_gan: float, form: Form = "square") -> Tensor:
    """(7) for the generators: the errors + (λ/N) · the adversarial terms, those whose names begin with "gan".

    `values` is N. The errors are summed; in the logarithmic form they are averaged.
    """
    errors = torch.stack([term for name, term in terms.items() if not name.startswith("gan")])
    adversarial = [term for name, term in terms.items() if name.startswith("gan")]
    total = errors.mean() if form == "log" else errors.sum()
    return total + lambda_gan / values * torch.stack(adversarial).sum() if adversarial else total


def branch(terms: Terms, name: Literal["O", "T"]) -> Terms:
    """The terms of one branch: those whose names end with its letter."""
    return {key: term for key, term in terms.items() if key.endswith(name)}

"""The phases of a training step, in the paper's order: D_O, D_T, then the branches.

In each phase only the weights that it names move; gradients flow through all others. `joint` shares one forward pass
and moves both branches at once; `alternate` moves branch O, then branch T, each with a forward pass of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn

from aigan import losses
from aigan.errors import AiganError
from aigan.losses import Terms
from aigan.network.topology import AIGAN, Estimates
from aigan.training.config import TrainingConfig

Branch = Literal["O", "T"]
Update = Callable[[Tensor, Terms, str], None]


@dataclass(eq=False)
class Players:
    """Who takes part: the network, its discriminators, and how a phase's weights move."""

    config: TrainingConfig
    network: AIGAN
    discriminators: dict[Branch, nn.Module]
    update: Update  # (loss, its terms, name of the phase): backward pass and one step of the phase's optimisers
    adversary: bool = False  # whether the discriminators have begun


@dataclass(eq=False)
class Batch:
    """One batch and, once computed, its shared forward pass."""

    I: Tensor
    y_O: Tensor
    y_T: Tensor = field(init=False)
    shared: Estimates | None = None

    def __post_init__(self) -> None:
        self.y_T = self.I - self.y_O

    def estimates(self, players: Players) -> Estimates:
        """The forward pass of this phase: shared in `joint`, anew in `alternate`."""
        if players.config.update == "alternate":
            return players.network(self.I)  # type: ignore[no-any-return]
        if self.shared is None:
            self.shared = players.network(self.I)
        return self.shared


Phase = Callable[[Players, Batch], Terms]


def discriminator_O(players: Players, batch: Batch) -> Terms:
    """D_O learns to tell y_O from ŷ_O and ỹ_O (8)."""
    return _discriminator(players, batch, "O")


def discriminator_T(players: Players, batch: Batch) -> Terms:
    """D_T learns to tell y_T from ŷ_T and ỹ_T (9)."""
    return _discriminator(players, batch, "T")


def branch_O(players: Players, batch: Batch) -> Terms:
    """e, d_O and G_O on the terms of O (7)."""
    return _branches(players, batch, "O")


def branch_T(players: Players, batch: Batch) -> Terms:
    """e, d_T and G_T on the terms of T (7)."""
    return _branches(players, batch, "T")


def both_branches(players: Players, batch: Batch) -> Terms:
    """All of e, d_O, d_T, G_O and G_T on all terms at once (7)."""
    return _branches(players, batch, None)


def phases_of_a_step(config: TrainingConfig, *, adversary: bool) -> list[Phase]:
    """The phases in order."""
    two = config.branches == 2
    order: list[Phase] = []
    if adversary:
        order += [discriminator_O, *([discriminator_T] if two else [])] * config.discriminator_steps
    if config.update == "joint":
        return [*order, both_branches]
    return [*order, branch_O, *([branch_T] if two else [])]


def moving(network: AIGAN, phase: Phase) -> list[nn.Parameter]:
    """The weights of the network that a branch phase moves."""
    if phase is both_branches:
        return list(network.parameters())
    if phase is branch_T:
        parts: list[object] = [network.e, network.d_T, network.G_T]
    else:
        parts = [network.e, network.d_O, network.G_O, network.fusion]
    return [parameter for part in parts if isinstance(part, nn.Module) for parameter in part.parameters()]


def generator_terms(players: Players, batch: Batch, estimates: Estimates) -> Terms:
    """All terms that the generators minimise, by name."""
    config, form = players.config, players.config.loss
    terms = losses.interact(estimates, batch.y_O, batch.y_T, form)
    if isinstance(players.network.fusion, nn.Module):
        terms |= losses.fused(players.network.fuse(batch.I, estimates)[0], batch.y_O, form)
    if players.adversary:
        for name, D in players.discriminators.items():
            for number, fake in enumerate(fakes_of(estimates, name), start=1):
                terms[f"gan{number}_{name}"] = losses.generator(D(fake), saturating=config.saturating)
    return terms


def _discriminator(players: Players, batch: Batch, name: Branch) -> Terms:
    D = players.discriminators[name].train()
    with torch.no_grad() if players.config.update == "alternate" else torch.enable_grad():
        estimates = batch.estimates(players)
    fakes = [fake.detach() for fake in fakes_of(estimates, name)]
    real = batch.y_O if name == "O" else batch.y_T
    logits = D(torch.cat([real, *fakes])).chunk(1 + len(fakes))
    loss = losses.discriminator(logits[0], list(logits[1:]))
    terms = {f"discriminator_{name}": loss}
    players.update(loss, terms, f"discriminator_{name}")
    D.eval()  # the generators' phases leave its spectral norms as they are
    return terms


def _branches(players: Players, batch: Batch, name: Branch | None) -> Terms:
    estimates = batch.estimates(players)
    terms = generator_terms(players, batch, estimates)
    if name is not None:
        terms = losses.branch(terms, name)
    loss = losses.objective(
        terms, values=batch.I[0].numel(), lambda_gan=players.config.lambda_gan, form=players.config.loss
    )
    players.update(loss, terms, "both_branches" if name is None else f"branch_{name}")
    return terms


def fakes_of(estimates: Estimates, name: Branch) -> list[Tensor]:
    """What the discriminator of a branch sees beside the target: the branch's results of step 1 and, if any, step 2."""
    both = (estimates.yhat_O, estimates.ytilde_O) if name == "O" else (estimates.yhat_T, estimates.ytilde_T)
    return [fake for fake in both if fake is not None]


def require_finite(terms: Terms, step: int) -> None:
    """Stop before the weights are touched. AiganError names the term."""
    for name, term in terms.items():
        if not torch.isfinite(term):
            raise AiganError(
                f"training stopped at step {step}: the term {name} is {term.item()}; "
                "go on from the last checkpoint with a lower rate (optimiser.muon_rate) or in fp32 (precision=fp32)"
            )

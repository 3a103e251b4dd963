"""Training of one model on one reading, all seeds at once: in each step D_O and D_T, then both branches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from aigan import losses
from aigan.network.topology import AIGAN, Estimates
from aigan.toy.networks import Model, build, discriminator
from aigan.toy.signals import Reading, Samples, draw, wasserstein1

LAMBDA = 0.8  # λ of (7)
BATCH = 64  # samples a step, for each seed
RATE = 2e-3  # of Adam, for all networks of both models; it falls to zero along a cosine
TEST_SAMPLES = 2048  # for each seed, the same in all measurements
MEASUREMENTS = 80  # along a run, at steps that grow geometrically: most happens at the beginning


class Game:
    """A network against its discriminators, and how they move."""

    def __init__(self, model: Model, generators: Sequence[torch.Generator], steps: int) -> None:
        self.network = build(model, generators)
        names = ("O",) if model == "S-GAN" else ("O", "T")
        self.discriminators = {name: discriminator(generators) for name in names}
        self.seeds = len(generators)
        sides = (nn.ModuleDict(self.discriminators), self.network)
        self.optimisers = [
            torch.optim.Adam(list(side.parameters()), lr=RATE, betas=(0.5, 0.99), fused=True) for side in sides
        ]
        self.schedules = [torch.optim.lr_scheduler.CosineAnnealingLR(each, steps) for each in self.optimisers]

    def step(self, batch: Samples) -> None:
        """One step of the discriminators (8), (9), and one of the network (7), on one forward pass."""
        estimates = self.network(batch.I)
        verdicts = []
        for name, D in self.discriminators.items():
            fakes = [fake.detach() for fake in _fakes(estimates, name)]
            real, *fake = D(torch.cat([_real(batch, name), *fakes], dim=1)).chunk(1 + len(fakes), dim=1)
            verdicts.append(losses.discriminator(real, fake))
        self._move(self.optimisers[0], torch.stack(verdicts).sum())

        terms = losses.interact(estimates, batch.y_O, batch.y_T)
        for name, D in self.discriminators.items():
            for number, fake in enumerate(_fakes(estimates, name), start=1):
                terms[f"gan{number}_{name}"] = losses.generator(D(fake))
        self._move(self.optimisers[1], losses.objective(terms, values=1, lambda_gan=LAMBDA))
        for schedule in self.schedules:
            schedule.step()

    def _move(self, optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
        weights = [weight for group in optimiser.param_groups for weight in group["params"]]
        optimiser.zero_grad()
        (self.seeds * loss).backward(inputs=weights)  # type: ignore[no-untyped-call]  # the sum of all seeds' losses
        optimiser.step()


@dataclass(frozen=True)
class Restored:
    """What a network makes of the test samples; (seeds, samples, 1) each."""

    estimates: Estimates
    O: Tensor  # the result: ŷ_O and ỹ_O fused
    T: Tensor


@dataclass(frozen=True)
class Trained:
    """What a run gave, on test samples, in units of σ. Curves are (measurements, seeds)."""

    network: AIGAN
    truth: Samples
    before: Restored
    after: Restored
    steps: list[int]  # after which it was measured
    error: Tensor  # see `generator_error`
    distance: Tensor  # Wasserstein-1, of the result to B


@contextmanager
def _one_thread() -> Iterator[None]:
    """torch on one thread: matrices as small as these gain nothing from more, and sums come out alike everywhere."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@_one_thread()
def train(
    reading: Reading, model: Model, *, seeds: int, steps: int, sigma: float, on_step: Callable[[], None]
) -> Trained:
    """Train seeds 0, 1, ... side by side; none depends on how many there are. See `signals.draw` for `sigma`."""
    generators = [torch.Generator().manual_seed(seed) for seed in range(seeds)]
    truth = draw(reading, TEST_SAMPLES, generators, sigma=sigma)
    game = Game(model, generators, steps)
    before = restore(game.network, truth.I)
    measured = sorted({0, *np.geomspace(1, steps, MEASUREMENTS).round().astype(int).tolist()})
    error, distance = [], []
    for step in range(steps + 1):
        if step in measured:
            now = restore(game.network, truth.I)
            error.append(generator_error(now.estimates, truth.y_O) / sigma**2)
            distance.append(wasserstein1(now.O, truth.y_O) / sigma)
        if step < steps:
            game.step(draw(reading, BATCH, generators, sigma=sigma))
            on_step()
    return Trained(game.network, truth, before, now, measured, torch.stack(error), torch.stack(distance))


def generator_error(estimates: Estimates, y_O: Tensor) -> Tensor:
    """G_O's loss without its adversarial terms, averaged over ŷ_O and ỹ_O, so that one and two compare: (seeds,).

    Adversarial terms of two models do not compare: each is the opinion of a discriminator of its own, and one that
    faces two estimates believes less.
    """
    fakes = _fakes(estimates, "O")
    errors = [losses.squared_error(fake, y, "square") for each in fakes for fake, y in zip(each, y_O, strict=True)]
    return torch.stack(errors).view(len(fakes), -1).mean(dim=0)


@torch.no_grad()
def restore(network: AIGAN, I: Tensor) -> Restored:
    """Decompose I and fuse."""
    estimates = network(I)
    O, T = network.fuse(I, estimates)
    assert T is not None  # ỹ_T is skipped only when asked for
    return Restored(estimates, O, T)


def _real(batch: Samples, name: str) -> Tensor:
    return batch.y_O if name == "O" else batch.y_T


def _fakes(estimates: Estimates, name: str) -> list[Tensor]:
    both = (estimates.yhat_O, estimates.ytilde_O) if name == "O" else (estimates.yhat_T, estimates.ytilde_T)
    return [fake for fake in both if fake is not None]

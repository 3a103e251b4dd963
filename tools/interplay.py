"""What two branches and their discriminators have to say to each other: python tools/interplay.py RUN...

RUN is a folder that `aigan train` made of a network with two branches. Its last weights meet batches of its own data
that it has not seen; means are printed. First, for each of the two steps, the PSNR of O as branch O sees it, as
branch T does (I − T), and of the mean of both, and the correlation of their errors: 1 where neither corrects the other.
Then the discriminators: their loss in parts of what guessing has, and the gradient of the adversarial terms of (7) at
the run's λ in parts of that of the errors, which are taken in logarithms (log) or, as in the paper, plainly (square).
"""

import math
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import get_args

import torch
from torch import Tensor

from aigan import losses
from aigan.data.sources import Stores
from aigan.errors import AiganError
from aigan.losses import Form
from aigan.training import checkpoints
from aigan.training.engine import Run
from aigan.training.phases import Batch, fakes_of, generator_terms
from aigan.training.processes import make_fabric

BATCHES = 16
Figures = dict[str, float]


def alike(by_O: Tensor, by_T: Tensor, y_O: Tensor) -> Figures:
    """Two estimates of y_O, all (B, C, H, W): PSNR in dB of each and of their mean, and how alike their errors are."""
    errors = {"O": by_O - y_O, "I − T": by_T - y_O, "mean": (by_O + by_T) / 2 - y_O}
    figures = {f"{name}, dB": -10 * math.log10(error.square().mean()) for name, error in errors.items()}
    one, other = errors["O"].flatten(), errors["I − T"].flatten()
    return figures | {"correlation": torch.cosine_similarity(one, other, dim=0).item()}


def guessing(run: Run, batch: Batch) -> Figures:
    """The loss of each discriminator, (8) and (9), in parts of the one that it has where it cannot tell."""
    figures = {}
    for name, D in run.players.discriminators.items():
        shown = fakes_of(batch.estimates(run.players), name)
        loss = losses.discriminator(D(batch.y_O if name == "O" else batch.y_T), [D(fake) for fake in shown])
        figures[f"D_{name}"] = loss.item() / ((1 + len(shown)) * math.log(2))
    return figures


def pull(run: Run, batch: Batch) -> Figures:
    """The norm of the gradient of (7)'s adversarial terms in parts of the errors', on the network's weights."""
    estimates = batch.estimates(run.players)
    terms = generator_terms(run.players, batch, estimates)
    adversarial = torch.stack([term for name, term in terms.items() if name.startswith("gan")]).sum()
    of_adversary = norm_of_gradient(run, run.config.lambda_gan / batch.I[0].numel() * adversarial)
    figures = {}
    for form in get_args(Form):
        of_errors = losses.interact(estimates, batch.y_O, batch.y_T, form)
        errors = losses.objective(of_errors, values=1, lambda_gan=0, form=form)
        figures[f"gradient, {form}"] = of_adversary / norm_of_gradient(run, errors)
    return figures


def norm_of_gradient(run: Run, loss: Tensor) -> float:
    """Over all weights of the network."""
    parameters = list(run.network.parameters())
    gradients = torch.autograd.grad(loss, parameters, retain_graph=True, materialize_grads=True)
    return torch.nn.utils.get_total_norm(gradients).item()


def measure(folder: Path) -> dict[str, Figures]:
    """By step, and "(7)" for the discriminators."""
    found = checkpoints.read_newest(folder)
    if found is None or found[0].config.branches != 2:
        raise AiganError(f"{folder}: no checkpoint of a network with two branches")
    config, fabric = found[0].config, make_fabric({"fp32"})
    with tempfile.TemporaryDirectory() as copy:  # a run writes into its folder
        shutil.copy(max(folder.glob("step-*.safetensors")), copy)
        run = Run(config, Path(copy), fabric, Stores(fabric.device), init=None, resume=True)
        if run.record is not None:
            run.record.close()  # whose thread would look for the folder
    run.players.adversary = bool(run.players.discriminators)
    for D in run.players.discriminators.values():
        D.eval()
    figures: dict[str, list[Figures]] = {}
    for number in range(BATCHES):
        y_O, I = run.sampler(run.step_number + number, config.stages[-1].batch, config.stages[-1].crop)
        batch = Batch(I, y_O)
        yhat_O, yhat_T, ytilde_O, ytilde_T = batch.estimates(run.players)
        with torch.no_grad():
            figures.setdefault("step 1", []).append(alike(yhat_O, I - yhat_T, y_O))
            if ytilde_O is not None and ytilde_T is not None:
                figures.setdefault("step 2", []).append(alike(ytilde_O, I - ytilde_T, y_O))
        if run.players.adversary:
            figures.setdefault("(7)", []).append(guessing(run, batch) | pull(run, batch))
    return {what: means(of_it) for what, of_it in figures.items()}


def means(of_batches: list[Figures]) -> Figures:
    """Of each figure."""
    return {name: statistics.fmean(figures[name] for figures in of_batches) for name in of_batches[0]}


def main(*folders: Path) -> None:
    """Measure each run."""
    for folder in folders:
        for what, figures in measure(folder).items():
            print(folder.name, what, *(f"{name} {value:.4g}" for name, value in figures.items()), sep=" | ", flush=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

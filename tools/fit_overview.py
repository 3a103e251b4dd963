r"""Fit the overview of a network (network/overview.py), what it makes of a whole picture, by a configuration's data.

    python tools/fit_overview.py configs/dehaze-s-overview.yaml src/aigan/weights/dehaze-s.safetensors OUT.safetensors

All else stays as it is: what the network makes of some thousand squares, each taken for a whole picture, is computed
once, some 10 minutes of one core, and kept beside OUT in OUT.squares; the fit itself takes one. Of 24 squares one is
left as it is, clean. Prints the PSNR of the configuration's validation pictures without and with the overview.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional

from aigan.data.sources import Stores, make_source
from aigan.interference.draws import KeyedDraws, sample_keys
from aigan.network import weights
from aigan.network.overview import Overview, look_at
from aigan.network.presets import PictureAIGAN, build, parameters_of, without_overview
from aigan.training.config import TrainingConfig, read_config
from aigan.training.provenance import data_of, require_unseen, terms_of
from aigan.training.validation import Validator

CPU = torch.device("cpu")
SIZE = 320  # px, of a square
GOLDEN = 0.618034  # spreads the squares over the sources
BATCH, RATE, DECAY, DROPPED = 64, 2e-3, 0.02, 0.1


class Squares(NamedTuple):
    """Of N squares: what is seen, (N, K), and the moments of (O − y_O, O, O − I) over each: the means of their
    products over pixels and channels, (N, 3, 3), and their means in each channel, (N, 3, C)."""

    seen: Tensor
    products: Tensor
    means: Tensor


@torch.inference_mode()
def gather(config: TrainingConfig, network: PictureAIGAN, count: int, clean: int) -> Squares:
    """What the network makes of `count` squares, from the sources by their shares; of `clean` one is left clean."""
    data = Path(config.data)
    stores = Stores(CPU)
    samples = [make_source(source, data, config.channels, stores, SIZE) for source in config.sources]
    shares = torch.tensor([source.share for source in config.sources]).cumsum(0)
    rows = []
    for number in range(count):
        chosen = int((shares < number * GOLDEN % 1 * shares[-1]).sum())
        y_O, I = samples[chosen](KeyedDraws(sample_keys(config.seed, torch.tensor(number), torch.tensor([0]))), SIZE)
        if number % clean == 0:
            I = y_O
        O = network.fuse(I, network.closely(I))[0].clamp(0, 1)
        rows.append(measured(y_O, I, O))
        if number % 100 == 99:
            print(f"{number + 1} of {count} squares", flush=True)
    return Squares(*(torch.cat(parts) for parts in zip(*rows, strict=True)))


def measured(y_O: Tensor, I: Tensor, O: Tensor) -> Squares:
    """What the fit learns from originals, degraded pictures and what the network makes of these, (N, C, H, W)."""
    parts = torch.stack([O - y_O, O, O - I], dim=1).flatten(3).double()  # (N, 3, C, pixels)
    products = torch.einsum("nicp,njcp->nij", parts, parts) / parts[0, 0].numel()
    return Squares(look_at(I), products.float(), parts.mean(3).float())


def error(numbers: Tensor, squares: Squares) -> Tensor:
    """The mean square error of each square's original, corrected by these numbers (not clipped), (N,).

    |r + c·O + a·(O − I) + b|², with r = O − y_O, is a quadratic form of the numbers.
    """
    c, a, b = numbers.tensor_split((1, 2), dim=1)
    by = torch.cat([torch.ones_like(c), c, a], dim=1)
    squared = torch.einsum("ni,nij,nj->n", by, squares.products, by)
    mixed = torch.einsum("ni,nic,nc->n", by, squares.means, b) / b.shape[1]
    return (squared + 2 * mixed + b.square().mean(1)).clamp(min=0)


def fit(overview: Overview, squares: Squares, epochs: int, least_error: float) -> None:
    """Minimise the logarithm of the error, with dropout before both layers, on what is seen made standard.

    `least_error`: the mean square error below which a square hardly counts.
    """
    mean, deviation = squares.seen.mean(0), squares.seen.std(0) + 1e-3
    drop = nn.Dropout(DROPPED)
    optimiser = torch.optim.AdamW(overview.parameters(), RATE, weight_decay=DECAY)
    batches = len(squares.seen) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=epochs * batches, pct_start=0.1)
    for epoch in range(epochs):
        total = 0.0
        for some in torch.randperm(len(squares.seen))[: batches * BATCH].view(batches, BATCH):
            part = Squares(*(values[some] for values in squares))
            judged = functional.relu(overview.judge(drop((part.seen - mean) / deviation)))
            loss = (error(overview.say(drop(judged)), part) + least_error).log10().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1} of {epochs}: {-10 * total / batches:.2f} dB", flush=True)
    with torch.no_grad():  # from now on what is seen is taken as it is
        overview.judge.weight /= deviation
        overview.judge.bias -= overview.judge.weight @ mean


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--squares", type=int, default=3000, help="how many pictures to learn from")
    parser.add_argument("--clean", type=int, default=24, help="of so many squares one is left clean")
    parser.add_argument("--least-error", type=float, default=1e-3, help="mean square error that hardly counts")
    parser.add_argument("--epochs", type=int, default=30)
    asked = parser.parse_args()

    config = read_config(asked.config)
    start, spec = weights.load(asked.weights)
    plain = without_overview(start)
    saw = require_unseen(config, str(asked.weights), spec, Stores(CPU))
    torch.manual_seed(config.seed)
    network = build(msgspec.structs.replace(plain.config, overview=True))
    fresh = {name: values for name, values in network.state_dict().items() if name.startswith("overview.")}
    network.load_state_dict(plain.state_dict() | fresh)
    assert network.overview is not None

    squares = asked.out.with_suffix(".squares")
    if not squares.exists():
        torch.save(tuple(gather(config, network, asked.squares, asked.clean)), squares)
    fit(network.overview, Squares(*torch.load(squares)), asked.epochs, asked.least_error)
    described = msgspec.structs.replace(
        spec,
        needs_context=True,
        parameters=parameters_of(network),
        training=f"{spec.training}; overview by configuration {config.name}",
        training_data=data_of(config, spec),
        data_terms=terms_of(config, spec),
        saw_test_scenes_of=saw,
        figures=(),
    )
    weights.save(asked.out, network.eval(), described)
    validator = Validator(config, Path(config.data), CPU)
    for name, one in (("without", plain), ("with", network)):
        figures = (f"{on} {psnr:.2f}" for on, psnr in validator.measure(one).items())
        print(f"{name} overview: {', '.join(figures)} dB")


if __name__ == "__main__":
    main()

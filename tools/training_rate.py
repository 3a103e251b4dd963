"""How close training comes to this machine's own limit: python tools/training_rate.py [--precision fp32|bf16]

The arithmetic rate of a whole training step of preset plus-s (forward, backward, clipping, Muon, AdamW; sampling left
out and shown apart) beside that of a plain large 3×3 convolution, forward and backward, in the same precision, measured
in turn so that both see the same machine. A multiply-accumulate counts as two operations, a backward pass as two
forward ones.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import nn

from aigan import losses
from aigan.network.presets import PRESETS, build, macs_per_pixel
from aigan.training.optimisers import OptimiserConfig, make_optimisers, set_rates

ROUNDS = 12


def convolution(precision: torch.dtype) -> tuple[Callable[[], None], float]:
    """A 3×3 convolution of 256 channels on 4×64×64, and its operations."""
    conv = nn.Conv2d(256, 256, 3, padding=1).to(memory_format=torch.channels_last)
    x = torch.rand(4, 256, 64, 64).to(memory_format=torch.channels_last).requires_grad_()

    def run() -> None:
        with torch.autocast("cpu", precision, enabled=precision != torch.float32):
            y = conv(x)
        y.backward(torch.ones_like(y))

    return run, 3 * 2 * 4 * 64 * 64 * 256 * 256 * 9


def step(precision: torch.dtype, batch: int, crop: int) -> tuple[Callable[[], None], float]:
    """A training step without sampling, and its operations."""
    network = build(PRESETS["plus-s"]).to(memory_format=torch.channels_last)
    config = OptimiserConfig()
    optimisers = make_optimisers(network.parameters(), config, torch.device("cpu"))
    set_rates(optimisers, config, 1e-3)
    y_O = torch.rand(batch, 3, crop, crop).to(memory_format=torch.channels_last)
    I = y_O + 0.1 * torch.randn_like(y_O)

    def run() -> None:
        with torch.autocast("cpu", precision, enabled=precision != torch.float32):
            terms = losses.interact(network(I), y_O, I - y_O, "log")
        for optimiser in optimisers:
            optimiser.zero_grad()
        losses.objective(terms, values=1, lambda_gan=0.0, form="log").backward()
        nn.utils.clip_grad_norm_(network.parameters(), config.clip_norm)
        for optimiser in optimisers:
            optimiser.step()

    second_G_T = 2 * 27 * network.config.generator_width  # ỹ_T, which inference leaves out
    return run, 3 * 2 * batch * crop**2 * (macs_per_pixel(network) + second_G_T)


def main() -> None:
    """Print a row for each kind of step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    precision = torch.bfloat16 if parser.parse_args().precision == "bf16" else torch.float32
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    kinds = {"convolution": convolution(precision)}
    for batch, crop in ((32, 48), (8, 96), (16, 96), (8, 128)):
        kinds[f"{batch} x {crop}²"] = step(precision, batch, crop)
    times: dict[str, list[float]] = {name: [] for name in kinds}
    for round_ in range(ROUNDS + 2):
        for name, (run, _) in kinds.items():
            started = time.perf_counter()
            run()
            if round_ >= 2:
                times[name].append(time.perf_counter() - started)
    rates = {name: operations / statistics.median(times[name]) / 1e9 for name, (_, operations) in kinds.items()}
    for name, rate in rates.items():
        milliseconds = 1000 * statistics.median(times[name])
        share = rate / rates["convolution"]
        print(f"{name:12} {milliseconds:7.0f} ms {rate:7.1f} GFLOP/s {share:7.0%} of the convolution's")


if __name__ == "__main__":
    main()

"""The whole toy: both models on each reading; the panels as PNG, the numbers as JSON."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

import aigan
from aigan.files import writable, write_whole
from aigan.toy.figure import draw_figure
from aigan.toy.networks import Model
from aigan.toy.report import FALLS, Report, report_reading
from aigan.toy.signals import MAIN, READINGS
from aigan.toy.training import LAMBDA, Trained, train

MODELS: tuple[Model, ...] = ("S-GAN", "AI-GAN")


def run_toy(
    out: Path,
    *,
    seeds: int = 10,
    steps: int = 1000,
    sigma: float = 1.0,
    on_step: Callable[[], None] = lambda: None,
) -> Report:
    """Train S-GAN and AI-GAN on every reading and write READING.png of each and `toy.json` into `out`.

    `sigma` is the standard deviation of A and B, whose means are −2σ and 2σ. `on_step` is called after each step,
    `steps` times for each of the two models and three readings. AiganError where `out` cannot be written to.
    """
    with writable(out):
        out.mkdir(parents=True, exist_ok=True)
    readings = {}
    for reading in READINGS:
        runs: dict[Model, Trained] = {
            model: train(reading, model, seeds=seeds, steps=steps, sigma=sigma, on_step=on_step) for model in MODELS
        }
        readings[reading] = report_reading(runs, sigma=sigma)
        draw_figure(reading, runs, readings[reading], path=out / f"{reading}.png")
    report = Report(
        version=aigan.__version__,
        main_reading=MAIN,
        seeds=seeds,
        steps=steps,
        sigma=sigma,
        lambda_gan=LAMBDA,
        falls=FALLS,
        readings=readings,
    )
    write_whole(out / "toy.json", msgspec.json.format(msgspec.json.encode(report), indent=1))
    return report

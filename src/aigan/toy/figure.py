"""The four panels of figure 3: start, S-GAN, AI-GAN, and how the generators' losses fall."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aigan.files import replacing
from aigan.toy.networks import Model
from aigan.toy.report import ReadingReport
from aigan.toy.signals import Reading
from aigan.toy.training import Trained

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
FORMULAS: dict[Reading, str] = {
    "sum": "C = A + B",
    "mixture": "C = A or B, evenly",
    "gated": "C = B or A + B, evenly",
}
# Okabe and Ito's colours, which colour-blind readers tell apart
B_COLOUR, T_COLOUR, C_COLOUR = "#0072B2", "#E69F00", "#777777"
MODEL_COLOURS: dict[Model, str] = {"S-GAN": "#D55E00", "AI-GAN": "#009E73"}


def draw_figure(reading: Reading, runs: dict[Model, Trained], report: ReadingReport, *, path: Path) -> None:
    """Write the panels of one reading as a PNG: densities over all seeds, curves with a band of one deviation."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter

    figure = Figure(figsize=(11, 7.6), layout="constrained")
    FigureCanvasAgg(figure)
    (start, s_gan), (ai_gan, curves) = figure.subplots(2, 2)
    figure.suptitle(f"B restored from {FORMULAS[reading]}; {len(runs['S-GAN'].error.T)} seeds", fontsize=14)

    truth = runs["S-GAN"].truth
    everything = torch.cat([truth.A, truth.B, truth.I, truth.y_T])
    lowest, last = np.quantile(everything.numpy(), [0.0002, 0.9998])
    bins = np.linspace(lowest, last, 71)
    highest = 1.7 * _density(truth.B, bins).max()  # what a fresh network makes is a spike, and may leave the panel
    interference = "A" if reading == "sum" else "T = C − B"

    _true(start, truth.B, bins, B_COLOUR, "B")
    _true(start, truth.A, bins, T_COLOUR, "A")
    _restored(start, truth.I, bins, C_COLOUR, "C")
    _restored(start, runs["AI-GAN"].before.O, bins, B_COLOUR, "B, untrained")
    start.set_title("(a) start")
    panels: list[tuple[Axes, Model, str]] = [(s_gan, "S-GAN", "b"), (ai_gan, "AI-GAN", "c")]
    for axes, model, letter in panels:
        _true(axes, truth.B, bins, B_COLOUR, "B")
        _true(axes, truth.y_T, bins, T_COLOUR, interference)
        _restored(axes, runs[model].after.O, bins, B_COLOUR, "B restored")
        _restored(axes, runs[model].after.T, bins, T_COLOUR, f"{interference[0]} restored")
        distance = report.models[model].distance
        axes.set_title(f"({letter}) {model}: distance to B {distance.mean:.3f} ± {distance.std:.3f} σ")
    for axes in (start, s_gan, ai_gan):
        axes.set(xlim=(lowest, last), ylim=(0, highest), xlabel="value of the signal", ylabel="density")
        axes.legend(frameon=False, loc="upper left")

    for model, run in runs.items():
        _curve(curves, run.steps, run.error, MODEL_COLOURS[model], "-", f"{model}: square error / σ²")
        _curve(curves, run.steps, run.distance, MODEL_COLOURS[model], "--", f"{model}: distance to B / σ")
    curves.set_xscale("symlog", linthresh=1)
    curves.set(yscale="log", xlim=(0, run.steps[-1]), xlabel="step", title="(d) loss of G for B, and distance to B")
    curves.yaxis.set(major_locator=LogLocator(subs=(1, 2, 5)), minor_formatter=NullFormatter())
    for axis in (curves.xaxis, curves.yaxis):
        axis.set_major_formatter("{x:g}")
    curves.legend(frameon=False, loc="lower left")
    for axes in (start, s_gan, ai_gan, curves):
        axes.spines[["top", "right"]].set_visible(False)

    with replacing(path, overwrite=True) as temporary:
        figure.savefig(temporary, format="png", dpi=110)


def _true(axes: Axes, samples: Tensor, bins: Array, colour: str, label: str) -> None:
    axes.fill_between(_middles(bins), _density(samples, bins), color=colour, alpha=0.3, linewidth=0, label=label)


def _restored(axes: Axes, samples: Tensor, bins: Array, colour: str, label: str) -> None:
    axes.plot(_middles(bins), _density(samples, bins), color=colour, linewidth=2, label=label)


def _curve(axes: Axes, steps: list[int], values: Tensor, colour: str, style: str, label: str) -> None:
    """Mean and deviation over the seeds, of (measurements, seeds)."""
    mean, std = values.mean(1).numpy(), values.std(1).numpy()
    axes.plot(steps, mean, style, color=colour, linewidth=2, label=label)
    axes.fill_between(steps, mean - std, mean + std, color=colour, alpha=0.2, linewidth=0)


def _density(samples: Tensor, bins: Array) -> Array:
    """The histogram of all values, those outside the bins counted."""
    counts, _ = np.histogram(samples.numpy(), bins)
    density: Array = counts / (samples.numel() * (bins[1] - bins[0]))
    return density


def _middles(bins: Array) -> Array:
    return (bins[:-1] + bins[1:]) / 2

"""The toy's numbers: for each reading and model, each seed's, their mean and spread."""

from __future__ import annotations

from statistics import fmean, stdev

import msgspec
from torch import Tensor

from aigan.toy.networks import Model, parameters_of
from aigan.toy.signals import Reading, wasserstein1
from aigan.toy.training import Trained

FALLS = (0.5, 0.9, 0.99)


class OverSeeds(msgspec.Struct, frozen=True):
    """One number of each seed; None where a seed never reached what was asked. Mean and spread are of the others."""

    per_seed: list[float | None]
    mean: float | None
    std: float | None  # sample standard deviation


class ModelReport(msgspec.Struct, frozen=True, kw_only=True):
    """One model in one reading. Distances are Wasserstein-1 to the true distribution, in units of σ."""

    generator_parameters: int  # of G_O
    parameters: int  # of all parts but the discriminators
    distance_before: OverSeeds  # of the fresh network's result to B
    distance: OverSeeds  # of the result: the estimates of O fused
    distance_step1: OverSeeds  # of ŷ_O alone
    distance_step2: OverSeeds | None  # of ỹ_O alone
    distance_T: OverSeeds  # of the restored interference
    rms_error: OverSeeds  # root mean square error of the result, in units of σ
    error: OverSeeds  # the generator's (`training.generator_error`) at the end
    steps_to_error: list[OverSeeds]  # until it was at most each of `ReadingReport.errors_to_reach` for the first time
    steps_to_distance: list[OverSeeds]


class ReadingReport(msgspec.Struct, frozen=True, kw_only=True):
    """Both models in one reading. What both are to reach is what S-GAN has come to after a half, ... of its fall."""

    errors_to_reach: list[float]  # for each of `FALLS`, S-GAN's mean at the start less this part of its whole fall
    distances_to_reach: list[float]
    models: dict[Model, ModelReport]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All of `toy.json`."""

    version: str
    main_reading: Reading
    seeds: int
    steps: int
    sigma: float
    lambda_gan: float
    falls: tuple[float, ...]
    readings: dict[Reading, ReadingReport]


def report_reading(runs: dict[Model, Trained], *, sigma: float) -> ReadingReport:
    """Compare the models of one reading."""
    errors, distances = _levels(runs["S-GAN"].error), _levels(runs["S-GAN"].distance)
    return ReadingReport(
        errors_to_reach=errors,
        distances_to_reach=distances,
        models={model: _report(run, errors, distances, sigma) for model, run in runs.items()},
    )


def _levels(curves: Tensor) -> list[float]:
    start, end = float(curves[0].mean()), float(curves[-1].mean())
    return [start + fall * (end - start) for fall in FALLS]


def _report(run: Trained, errors: list[float], distances: list[float], sigma: float) -> ModelReport:
    seeds = run.error.shape[1]
    y_O, y_T, after = run.truth.y_O, run.truth.y_T, run.after
    ytilde_O = after.estimates.ytilde_O
    return ModelReport(
        generator_parameters=parameters_of(run.network.G_O, seeds=seeds),
        parameters=parameters_of(run.network, seeds=seeds),
        distance_before=_over_seeds(run.distance[0].tolist()),
        distance=_over_seeds(run.distance[-1].tolist()),
        distance_step1=_distance(after.estimates.yhat_O, y_O, sigma),
        distance_step2=None if ytilde_O is None else _distance(ytilde_O, y_O, sigma),
        distance_T=_distance(after.T, y_T, sigma),
        rms_error=_over_seeds(((after.O - y_O).square().mean(dim=(1, 2)).sqrt() / sigma).tolist()),
        error=_over_seeds(run.error[-1].tolist()),
        steps_to_error=[_over_seeds(_first_at_most(level, run.error, run.steps)) for level in errors],
        steps_to_distance=[_over_seeds(_first_at_most(level, run.distance, run.steps)) for level in distances],
    )


def _distance(restored: Tensor, true: Tensor, sigma: float) -> OverSeeds:
    return _over_seeds((wasserstein1(restored, true) / sigma).tolist())


def _first_at_most(level: float, curves: Tensor, steps: list[int]) -> list[float | None]:
    reached = [[step for step, value in zip(steps, curve, strict=True) if value <= level] for curve in curves.T]
    return [found[0] if found else None for found in reached]


def _over_seeds(per_seed: list[float | None]) -> OverSeeds:
    known = [value for value in per_seed if value is not None]
    return OverSeeds(per_seed, fmean(known) if known else None, stdev(known) if len(known) > 1 else None)

"""What votes say: shares with intervals, a ranking, agreement, and whether chance alone would do.

Votes are counts, int (assessors, pictures, methods): one vote in each (assessor, picture) that was voted on.
docs/study.md says what each figure assumes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
CONFIDENCE = 0.95
RESAMPLES = 2000


class Interval(NamedTuple):
    """From `low` to `high`."""

    low: float
    high: float


def wilson(count: int, total: int, *, comparisons: int = 1, confidence: float = CONFIDENCE) -> Interval:
    """The score interval of a share (Wilson 1927).

    `comparisons`: of so many shares, all of which lie in their intervals with that confidence (Bonferroni; Goodman 1965
    for multinomial counts).
    """
    z = NormalDist().inv_cdf(1 - (1 - confidence) / (2 * comparisons))
    share, weight = count / total, z * z / total
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(share * (1 - share) / total + weight / (4 * total))
    low = 0.0 if count == 0 else middle - half
    return Interval(low, 1.0 if count == total else middle + half)


def bradley_terry(wins: Floats | Counts, *, tolerance: float = 1e-10, steps: int = 10_000) -> Floats:
    """Strengths, (..., K), of sum 1: i beats j with probability p_i / (p_i + p_j) (Bradley and Terry 1952).

    `wins`: (..., K, K), how often i beat j. By minorisation–maximisation (Hunter 2004), until no strength moves by
    more than `tolerance`. What never wins gets 0; among the rest each must be tied to each by wins and losses.
    """
    wins = np.asarray(wins, np.float64)
    won = wins.sum(-1)
    pairs = wins + wins.swapaxes(-1, -2)
    strengths: Floats = won / won.sum(-1, keepdims=True)
    for _ in range(steps):
        sums = strengths[..., :, None] + strengths[..., None, :]
        faced = np.divide(pairs, sums, out=np.zeros_like(pairs), where=sums > 0).sum(-1)
        new = np.divide(won, faced, out=np.zeros_like(won), where=faced > 0)
        new /= new.sum(-1, keepdims=True)
        moved, strengths = np.abs(new - strengths).max(), new
        if moved <= tolerance:
            break
    return strengths


def wins_of(votes: Counts) -> Counts:
    """(..., K, K) of votes (..., K): what is chosen beats all others that were shown with it."""
    count = votes.shape[-1]
    return votes[..., :, None] * (1 - np.eye(count, dtype=np.int64))


def over_assessors(votes: Counts, figure: Callable[[Counts], Floats], *, seed: int) -> Floats:
    """[low, high] of a figure, (2, ...), by resampling whole assessors, whose votes are not independent.

    `figure` gets the votes of many resamples, (R, K), and gives (R, ...). Percentiles (Efron 1979).
    """
    of_each = votes.sum(1)
    drawn = np.random.default_rng(seed).multinomial(len(of_each), [1 / len(of_each)] * len(of_each), RESAMPLES)
    tail = 100 * (1 - CONFIDENCE) / 2
    interval: Floats = np.percentile(figure(drawn @ of_each), [tail, 100 - tail], axis=0)
    return interval


class Agreement(NamedTuple):
    """`observed`: how often two assessors choose the same result of a picture. `fleiss`: beyond what assessors would
    agree who chose each method as often as it was chosen over all pictures; None where only one method was ever chosen.
    `free`: beyond what they would if they chose at random. 1 is full agreement, 0 none beyond chance.
    """

    observed: float
    fleiss: float | None
    free: float


def agreement(table: Counts) -> Agreement | None:
    """Of votes (pictures, methods): Fleiss' kappa (1971), and its free-marginal form (Brennan and Prediger 1981).

    Pictures may have different numbers of votes; those with fewer than two are left out. None where all are.
    """
    table = table[table.sum(1) >= 2]
    if not len(table):
        return None
    n = table.sum(1, keepdims=True)
    observed = float(((table * (table - 1)).sum(1, keepdims=True) / (n * (n - 1))).mean())
    expected = float(((table / n).mean(0) ** 2).sum())
    free = 1 / table.shape[1]
    fleiss = None if expected == 1 else (observed - expected) / (1 - expected)
    return Agreement(observed, fleiss, (observed - free) / (1 - free))


class ChiSquare(NamedTuple):
    """Pearson's χ², its degrees of freedom, and how probable so large a value is if nothing differs."""

    statistic: float
    degrees: int
    p_value: float


def equal(counts: Counts) -> ChiSquare:
    """Whether all are chosen equally often (Pearson 1900), of (K,)."""
    expected = counts.sum() / len(counts)
    statistic = float(((counts - expected) ** 2).sum() / expected)
    return ChiSquare(statistic, len(counts) - 1, chi_square_tail(statistic, len(counts) - 1))


def chi_square_tail(statistic: float, degrees: int) -> float:
    """P(χ² ≥ statistic), in closed form (Abramowitz and Stegun, 26.4.4 and 26.4.5)."""
    half = statistic / 2
    odd = degrees % 2
    tail, term = (math.erfc(math.sqrt(half)), math.sqrt(half / math.pi) * 2) if odd else (0.0, 1.0)
    for k in range(degrees // 2):
        tail += term * math.exp(-half)
        term *= half / (k + 1 + odd / 2)
    return tail

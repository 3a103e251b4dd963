from __future__ import annotations

import doctest
from pathlib import Path

import numpy as np
import pytest

from aigan.study.statistics import (
    agreement,
    bradley_terry,
    chi_square_tail,
    equal,
    over_assessors,
    wilson,
    wins_of,
)

PAPER = {"Detail-Net": 5, "JORDER": 111, "S-GAN": 68, "AI-GAN": 316}  # of 500 votes
FLEISS = [  # Fleiss 1971, in the form in which it is reprinted: 10 subjects, 14 raters, 5 categories
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]


@pytest.mark.parametrize("comparisons", [1, 4])
@pytest.mark.parametrize("count", [0, 5, 111, 316, 500])
def test_wilson_is_where_the_score_test_just_fails(count: int, comparisons: int) -> None:
    low, high = wilson(count, 500, comparisons=comparisons)
    z = {1: 1.959964, 4: 2.497705}[comparisons]
    for end, edge in ((low, 0), (high, 1)):
        if end != edge:
            assert abs(count / 500 - end) / np.sqrt(end * (1 - end) / 500) == pytest.approx(z, rel=1e-5)
    assert low <= count / 500 <= high
    assert (low == 0) == (count == 0)
    assert (high == 1) == (count == 500)


def test_wilson_of_a_published_example() -> None:
    """Newcombe 1998, Statistics in Medicine 17, 857–872, table I: 81 of 263 and 15 of 148, method 3."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)


def test_strengths_from_whole_ballots_are_the_shares() -> None:
    """Where all are shown to all, the likelihood's equations hold for p_i = v_i / Σ v."""
    votes = np.array([*PAPER.values()])
    assert bradley_terry(wins_of(votes)) == pytest.approx(votes / 500, abs=1e-9)


def test_strengths_maximise_the_likelihood() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    wins = np.array([[0, 3, 8, 2], [9, 0, 5, 6], [1, 4, 0, 7], [6, 2, 3, 0]])

    def loss(logs: np.ndarray) -> float:
        return float((wins * np.logaddexp(0, logs[None] - logs[:, None])).sum())

    logs = optimize.minimize(loss, np.zeros(4), tol=1e-10).x
    assert bradley_terry(wins) == pytest.approx(np.exp(logs) / np.exp(logs).sum(), abs=1e-5)


def test_strengths_of_two_are_their_wins() -> None:
    assert bradley_terry(np.array([[0, 30], [10, 0]])) == pytest.approx([0.75, 0.25])


def test_what_never_wins_has_no_strength_and_many_are_computed_at_once() -> None:
    votes = np.array([[0, 6, 2], [0, 0, 3], [4, 4, 4]])
    expected = [[0, 0.75, 0.25], [0, 0, 1], [1 / 3] * 3]
    np.testing.assert_allclose(bradley_terry(wins_of(votes)), expected, atol=1e-9)


def test_kappa_of_the_published_example() -> None:
    found = agreement(np.array(FLEISS))
    assert found is not None
    assert found.fleiss == pytest.approx(0.210, abs=5e-4)
    assert found.observed == pytest.approx(0.378, abs=5e-4)
    assert found.free == pytest.approx((found.observed - 0.2) / 0.8)


def test_agreement_at_its_ends() -> None:
    assert agreement(np.array([[1, 0], [0, 1]])) is None  # one vote a picture
    full = agreement(np.array([[3, 0], [0, 5], [1, 0]]))
    assert full is not None
    assert full == pytest.approx((1, 1, 1))
    one = agreement(np.array([[3, 0], [3, 0]]))
    assert one is not None
    assert one.fleiss is None


def test_chi_square_against_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    for degrees in range(1, 9):
        for statistic in (0.0, 0.3, 2.0, 10.0, 50.0):
            assert chi_square_tail(statistic, degrees) == pytest.approx(stats.chi2.sf(statistic, degrees), rel=1e-9)
    ours, theirs = equal(np.array([*PAPER.values()])), stats.chisquare([*PAPER.values()])
    assert ours == pytest.approx((theirs.statistic, 3, theirs.pvalue))


def test_intervals_over_assessors_are_those_of_independent_assessors() -> None:
    """Twenty who each vote ten times alike count as twenty votes, not as two hundred."""
    votes = np.zeros((20, 10, 2), np.int64)
    votes[:12, :, 0] = votes[12:, :, 1] = 1
    low, high = over_assessors(votes, lambda counts: counts[:, 0] / counts.sum(1), seed=0)
    assert (low, high) == pytest.approx(wilson(12, 20), abs=0.06)
    assert over_assessors(votes, lambda counts: counts[:, 0] / counts.sum(1), seed=0).tolist() == [low, high]


def test_the_document_says_what_the_code_gives() -> None:
    document = Path(__file__).parents[2] / "docs/study.md"
    result = doctest.testfile(str(document), module_relative=False)
    assert result.attempted > 0
    assert result.failed == 0

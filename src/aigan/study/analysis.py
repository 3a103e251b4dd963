"""From a study's votes to its result."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

import aigan
from aigan.errors import AiganError
from aigan.study.ballots import Vote
from aigan.study.manifest import LETTERS, Study, methods_for
from aigan.study.statistics import (
    Agreement,
    ChiSquare,
    Counts,
    Floats,
    Interval,
    agreement,
    bradley_terry,
    equal,
    over_assessors,
    wilson,
    wins_of,
)


class MethodResult(msgspec.Struct, frozen=True, kw_only=True):
    """A method's votes. `interval`: of its share; `simultaneous`: of the shares of all methods at once; both take votes
    as independent. `by_assessors`: of its share, by resampling assessors. `strength`: Bradley–Terry, of sum 1.
    `beats_next`: the probability of being preferred to the next method in the ranking, and its interval by assessors.
    None where there is no next method, or only one assessor.
    """

    name: str
    votes: int
    share: float
    interval: Interval
    simultaneous: Interval
    by_assessors: Interval | None
    strength: float
    beats_next: float | None
    beats_next_by_assessors: Interval | None


class PictureResult(msgspec.Struct, frozen=True, kw_only=True):
    """A picture's votes by method, and how often two of its assessors agree (None for less than two votes)."""

    name: str
    votes: dict[str, int]
    agreement: float | None

    @property
    def preferred(self) -> list[str]:
        """The method with most votes, or all that share the first place; nothing without votes."""
        most = max(self.votes.values())
        return [name for name, votes in self.votes.items() if most and votes == most]


class VoteRow(msgspec.Struct, frozen=True, kw_only=True):
    """One vote, a line of votes.csv; `shown_as`: the letter under which the assessor saw the result."""

    assessor: int
    picture: str
    method: str
    shown_as: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a study. `methods` are in the order of the ranking. `complete`: assessors who voted on everything.
    `by_letter`: votes by the letter of the result, which say nothing of the methods, and whether habit shows in them.
    """

    question: str
    invited: int
    assessors: int  # who voted
    complete: int
    votes: int
    methods: list[MethodResult]
    equal: ChiSquare
    agreement: Agreement | None
    pictures: list[PictureResult]
    by_letter: dict[str, int]
    by_letter_equal: ChiSquare
    seed: int  # of the resampling
    made_by: str  # the version of aigan


def vote_rows(study: Study, votes: Sequence[Vote]) -> list[VoteRow]:
    """Votes with the letters under which their results were shown. AiganError where they are of another study."""
    shown = {picture.name: picture for picture in study.pictures}
    if strange := {vote.picture for vote in votes} - {*shown} or {vote.method for vote in votes} - {*study.names}:
        raise AiganError(f"there are votes on {min(strange)}, which is not in study.json: put back the file as it was")
    return [
        VoteRow(
            assessor=vote.assessor,
            picture=vote.picture,
            method=vote.method,
            shown_as=LETTERS[methods_for(shown[vote.picture], vote.seed).index(vote.method)],
        )
        for vote in votes
    ]


def analyse(study: Study, rows: Sequence[VoteRow], *, invited: int, seed: int = 0) -> Report:
    """The result of a study. `seed`: of the resampling of assessors. AiganError where there is no vote yet."""
    if not rows:
        raise AiganError("nobody has voted yet: ask for the report when the first votes are there")
    counts = _counts(study, rows)
    of_methods, of_each = counts.sum((0, 1)), counts.sum((1, 2))
    letters = LETTERS[: len(study.methods)]
    by_letter = {letter: sum(row.shown_as == letter for row in rows) for letter in letters}
    return Report(
        question=study.question,
        invited=invited,
        assessors=len(counts),
        complete=int((of_each == len(study.pictures)).sum()),
        votes=len(rows),
        methods=_ranking(study, counts, seed),
        equal=equal(of_methods),
        agreement=agreement(counts.sum(0)),
        pictures=[_picture(study, place, counts.sum(0)[place]) for place in range(len(study.pictures))],
        by_letter=by_letter,
        by_letter_equal=equal(np.array(list(by_letter.values()))),
        seed=seed,
        made_by=f"aigan {aigan.__version__}",
    )


def _counts(study: Study, rows: Sequence[VoteRow]) -> Counts:
    """(assessors who voted, pictures, methods)."""
    assessors = {number: place for place, number in enumerate(sorted({row.assessor for row in rows}))}
    pictures = {picture.name: place for place, picture in enumerate(study.pictures)}
    methods = {name: place for place, name in enumerate(study.names)}
    counts = np.zeros((len(assessors), len(pictures), len(methods)), np.int64)
    for row in rows:
        counts[assessors[row.assessor], pictures[row.picture], methods[row.method]] += 1
    return counts


def _ranking(study: Study, counts: Counts, seed: int) -> list[MethodResult]:
    of_methods, total = counts.sum((0, 1)), int(counts.sum())
    strengths = bradley_terry(wins_of(of_methods))
    order = np.argsort(-strengths, kind="stable")
    several = len(counts) > 1
    shares_range = over_assessors(counts, lambda votes: votes / votes.sum(1, keepdims=True), seed=seed)

    def beats_next(votes: Counts) -> Floats:
        """(..., K − 1), in the order of the ranking; where neither of two was ever chosen, even."""
        ranked = bradley_terry(wins_of(votes))[..., order]
        both: Floats = ranked[..., :-1] + ranked[..., 1:]
        return np.divide(ranked[..., :-1], both, out=np.full_like(both, 0.5), where=both > 0)

    next_range = over_assessors(counts, beats_next, seed=seed)
    to_next = beats_next(of_methods)
    return [
        MethodResult(
            name=study.names[one],
            votes=int(of_methods[one]),
            share=int(of_methods[one]) / total,
            interval=wilson(int(of_methods[one]), total),
            simultaneous=wilson(int(of_methods[one]), total, comparisons=len(order)),
            by_assessors=_interval(shares_range[:, one]) if several else None,
            strength=float(strengths[one]),
            beats_next=float(to_next[rank]) if rank < len(to_next) else None,
            beats_next_by_assessors=_interval(next_range[:, rank]) if several and rank < len(to_next) else None,
        )
        for rank, one in enumerate(order)
    ]


def _interval(ends: Floats) -> Interval:
    return Interval(float(ends[0]), float(ends[1]))


def _picture(study: Study, place: int, votes: Counts) -> PictureResult:
    found = agreement(votes[None])
    return PictureResult(
        name=study.pictures[place].name,
        votes=dict(zip(study.names, votes.tolist(), strict=True)),
        agreement=found.observed if found else None,
    )

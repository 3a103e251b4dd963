from __future__ import annotations

import csv
import json
import random
import sys
from pathlib import Path

import pytest

from aigan.errors import AiganError, MissingExtra
from aigan.pictures import read
from aigan.study import report as reports
from aigan.study.analysis import Report, VoteRow, analyse, vote_rows
from aigan.study.ballots import Ballots
from aigan.study.manifest import LETTERS, Method, Shown, Study, methods_for, read_study
from tests.study.conftest import METHODS, Make, tokens_of
from tests.study.test_statistics import PAPER


def study_of(methods: list[str], pictures: int) -> Study:
    ids = iter(range(1000))
    return Study(
        task="derain",
        question="Which?",
        consent="Yes?",
        methods=tuple(Method(name=name, source=name) for name in methods),
        pictures=tuple(
            Shown(
                name=f"{number}.png",
                width=6,
                height=4,
                degraded=f"{next(ids):032x}",
                outputs={name: f"{next(ids):032x}" for name in methods},
            )
            for number in range(pictures)
        ),
        made_by="a test",
    )


def rows_with(study: Study, counts: dict[str, int], assessors: int) -> list[VoteRow]:
    """Rows of so many votes a method, dealt out to assessors and pictures at random."""
    chosen = random.Random(0).sample([*counts], k=sum(counts.values()), counts=[*counts.values()])
    order = [(number, shown.name) for shown in study.pictures for number in range(1, assessors + 1)]
    return [
        VoteRow(assessor=number, picture=picture, method=method, shown_as=LETTERS[(number + place) % 4])
        for place, ((number, picture), method) in enumerate(zip(order, chosen, strict=True))
    ]


@pytest.fixture(scope="module")
def paper() -> Report:
    study = study_of([*PAPER], 10)
    return analyse(study, rows_with(study, PAPER, 50), invited=50)


def test_the_paper_s_votes(paper: Report) -> None:
    assert (paper.votes, paper.assessors, paper.complete, paper.invited) == (500, 50, 50, 50)
    assert [(method.name, method.votes) for method in paper.methods] == [
        ("AI-GAN", 316),
        ("JORDER", 111),
        ("S-GAN", 68),
        ("Detail-Net", 5),
    ]
    assert [method.share for method in paper.methods] == [0.632, 0.222, 0.136, 0.01]
    assert [method.strength for method in paper.methods] == pytest.approx([0.632, 0.222, 0.136, 0.01])
    best, second = paper.methods[:2]
    assert best.interval == pytest.approx((0.5889, 0.6731), abs=5e-5)
    assert best.simultaneous == pytest.approx((0.5769, 0.6838), abs=5e-4)
    assert best.simultaneous.low > second.simultaneous.high
    assert best.beats_next == pytest.approx(316 / (316 + 111))
    assert paper.methods[-1].beats_next is None
    assert paper.equal.statistic == pytest.approx(434.608)
    text = reports.markdown(paper)
    assert "| AI-GAN | 316 | 63.2 % | 58.9 – 67.3 % | 57.7 – 68.4 % |" in text
    assert "χ² = 434.6 with 3 degrees of freedom, p < 0.0001" in text


def test_the_same_seed_gives_the_same_report(paper: Report) -> None:
    study = study_of([*PAPER], 10)
    ballots = rows_with(study, PAPER, 50)
    assert analyse(study, ballots, invited=50) == paper
    assert analyse(study, ballots, invited=50, seed=1).methods[0].by_assessors != paper.methods[0].by_assessors


def test_one_assessor_of_one_opinion(tmp_path: Path) -> None:
    study = study_of(["x", "y"], 3)
    ballots = [VoteRow(assessor=1, picture=f"{number}.png", method="y", shown_as="A") for number in range(2)]
    report = analyse(study, ballots, invited=5)
    assert [(method.name, method.votes, method.strength) for method in report.methods] == [("y", 2, 1), ("x", 0, 0)]
    assert report.methods[0].by_assessors is None
    assert (report.complete, report.agreement) == (0, None)
    assert [picture.preferred for picture in report.pictures] == [["y"], ["y"], []]
    text = reports.markdown(report)
    assert "No picture has two votes yet." in text
    assert "| 2.png | 0 | 0 | – |" in text
    reports.draw_report(report, tmp_path / "plot.png")
    assert read(tmp_path / "plot.png").pixels.shape[2] == 3


@pytest.fixture
def voted(make: Make) -> Path:
    """A study of 3 pictures in which one assessor voted on all and one on the first alone."""
    folder = make(pictures=3, assessors=3)
    study, ballots = read_study(folder), Ballots(folder / "ballots.sqlite3")
    one, two, _ = map(ballots.assessor, tokens_of(folder))
    assert one is not None
    assert two is not None
    for shown in study.pictures:
        ballots.vote(one, shown.name, "aigan-x")
    ballots.vote(two, study.pictures[0].name, "jorder")
    ballots.close()
    return folder


def test_files(voted: Path, tmp_path: Path) -> None:
    report, ballots = reports.report_on(voted)
    paths = [reports.write_report(report, ballots, tmp_path / "out") for _ in range(2)][1]  # in place of the first
    names = ["report.md", "report.json", "methods.csv", "pictures.csv", "votes.csv"]
    assert [path.name for path in paths] == names
    found = json.loads((tmp_path / "out/report.json").read_text())
    assert (found["votes"], found["assessors"], found["complete"], found["invited"]) == (4, 2, 1, 3)
    methods, pictures, votes = (
        list(csv.DictReader((tmp_path / "out" / name).read_text().splitlines())) for name in names[2:]
    )
    assert [(row["rank"], row["name"], row["votes"]) for row in methods][:2] == [
        ("1", "aigan-x", "3"),
        ("2", "jorder", "1"),
    ]
    assert float(methods[0]["share"]) == 0.75
    assert float(methods[0]["interval_low"]) == pytest.approx(0.3006, abs=1e-4)
    assert [int(row["aigan-x"]) for row in pictures] == [1, 1, 1]
    assert [row["preferred"] for row in pictures] == ["jorder aigan-x", "aigan-x", "aigan-x"]
    assert len(votes) == 4
    shown = {picture.name: picture for picture in read_study(voted).pictures}
    database = Ballots(voted / "ballots.sqlite3")
    for row, vote in zip(votes, database.votes(), strict=True):
        order = methods_for(shown[row["picture"]], vote.seed)
        assert row["method"] == order["ABCD".index(row["shown_as"])]
    database.close()
    assert sum(report.by_letter.values()) == 4


def test_a_plot_of_the_paper(paper: Report, tmp_path: Path) -> None:
    reports.draw_report(paper, tmp_path / "plot.png")
    pixels = read(tmp_path / "plot.png").pixels
    assert pixels.shape[1] == 1100
    blue = abs(pixels * 255 - (0, 0x72, 0xB2)).max(2) < 2  # the first of the ranking, in both panels
    assert blue.mean() > 0.05


def test_without_matplotlib_the_rest_is_there(paper: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtra, match=r"pip install 'aigan\[eval\]'"):
        reports.draw_report(paper, tmp_path / "plot.png")


def test_what_cannot_be_reported_is_one_sentence(voted: Path, make: Make) -> None:
    study = read_study(voted)
    with pytest.raises(AiganError, match="nobody has voted yet"):
        analyse(study, [], invited=3)
    other = study_of([*METHODS], 1)
    database = Ballots(voted / "ballots.sqlite3")
    with pytest.raises(AiganError, match=r"votes on 00\.png, which is not in study\.json"):
        vote_rows(other, database.votes())
    database.close()

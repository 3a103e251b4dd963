"""The result of a study as files: Markdown to read, JSON and CSV to compute with, a plot."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from aigan.errors import MissingExtra
from aigan.files import replacing, writable, write_whole
from aigan.study.analysis import Report, VoteRow, analyse, vote_rows
from aigan.study.ballots import Ballots
from aigan.study.manifest import BALLOTS, read_study
from aigan.study.statistics import RESAMPLES, ChiSquare, Interval

# Okabe and Ito's colours, which colour-blind readers tell apart, and gray
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000", "#999999")
PLOT = "report.png"


def report_on(folder: Path, *, seed: int = 0) -> tuple[Report, list[VoteRow]]:
    """The result of a study so far, and its votes. AiganError where there is no vote yet or a file is damaged."""
    study, database = read_study(folder), Ballots(folder / BALLOTS)
    try:
        votes, invited = database.votes(), database.invited()
    finally:
        database.close()
    rows = vote_rows(study, votes)
    return analyse(study, rows, invited=invited, seed=seed), rows


def write_report(report: Report, rows: Sequence[VoteRow], folder: Path) -> list[Path]:
    """Write report.md, report.json, methods.csv, pictures.csv and votes.csv, in place of an earlier report."""
    texts = {
        "report.md": markdown(report),
        "report.json": msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n",
        "methods.csv": _comma_separated(_method_rows(report)),
        "pictures.csv": _comma_separated(_picture_rows(report)),
        "votes.csv": _comma_separated(msgspec.structs.asdict(row) for row in rows),
    }
    with writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        write_whole(folder / name, text.encode())
    return [folder / name for name in texts]


def markdown(report: Report) -> str:
    """The report for people."""
    lines = [
        "# Study",
        "",
        f"“{report.question}”",
        "",
        f"{report.votes} votes of {report.assessors} assessors ({report.complete} of them voted on all "
        f"{len(report.pictures)} pictures; {report.invited} were invited).",
        "",
        *_piped(
            ["method", "votes", "share", "95 %", "95 %, all at once", "95 %, by assessors"],
            [
                [m.name, str(m.votes), _percent(m.share), *map(_range, (m.interval, m.simultaneous, m.by_assessors))]
                for m in report.methods
            ],
        ),
        "",
        f"Test of equal shares: {_test(report.equal, report)}.",
        "",
        "## Ranking (Bradley–Terry)",
        "",
        *_piped(
            ["rank", "method", "strength", "preferred to the next", "95 %, by assessors"],
            [
                [str(rank), m.name, f"{m.strength:.3f}", _percent(m.beats_next), _range(m.beats_next_by_assessors)]
                for rank, m in enumerate(report.methods, 1)
            ],
        ),
        "",
        "## Agreement",
        "",
        *_agreement(report),
        "",
        "## Pictures",
        "",
        *_pictures(report),
        "",
        "## Letters",
        "",
        ", ".join(f"{letter} {votes}" for letter, votes in report.by_letter.items())
        + f" votes. Test of equal shares: {_test(report.by_letter_equal, report)}.",
        "",
        f"Intervals by assessors: percentiles of {RESAMPLES} resamples of assessors, seed {report.seed}. "
        f"Made by {report.made_by}; docs/study.md says how.",
    ]
    return "\n".join(lines) + "\n"


def draw_report(report: Report, path: Path) -> None:
    """Plot the shares with their simultaneous intervals, and the votes picture by picture, as PNG.

    MissingExtra without matplotlib.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("the plot needs matplotlib: install it with  pip install 'aigan[eval]'") from None
    names = [method.name for method in report.methods]
    colours = dict(zip(names, PALETTE, strict=False))
    rows = 0.32 * max(len(report.pictures), 2 * len(names)) + 1.6
    figure = Figure(figsize=(11, rows), layout="constrained")
    FigureCanvasAgg(figure)
    shares, pictures = figure.subplots(1, 2)
    for place, method in enumerate(report.methods):
        low, high = method.simultaneous
        error = [[max(method.share - low, 0)], [max(high - method.share, 0)]]
        shares.barh(place, method.share, xerr=error, color=colours[method.name], capsize=4)
        shares.annotate(str(method.votes), (high, place), xytext=(8, 0), textcoords="offset points", va="center")
    shares.set_yticks(range(len(names)), names)
    shares.axvline(1 / len(names), color="black", linewidth=1, linestyle=":")
    shares.set(xlim=(0, min(1.12, max(method.simultaneous.high for method in report.methods) + 0.12)))
    shares.set(title=f"share of {report.votes} votes, 95 % for all at once", xlabel="dotted: all alike")
    shares.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    for place, picture in enumerate(report.pictures):
        left = 0
        for name in names:
            pictures.barh(place, picture.votes[name], left=left, color=colours[name])
            left += picture.votes[name]
    pictures.set_yticks(range(len(report.pictures)), [picture.name for picture in report.pictures])
    pictures.set(title="votes by picture", xlabel="votes")
    pictures.xaxis.get_major_locator().set_params(integer=True)
    for axes in (shares, pictures):
        axes.invert_yaxis()
        axes.spines[["top", "right"]].set_visible(False)
    with replacing(path, overwrite=True) as temporary:
        figure.savefig(temporary, format="png", dpi=100)


def _agreement(report: Report) -> Iterator[str]:
    found = report.agreement
    if found is None:
        yield "No picture has two votes yet."
        return
    fleiss = "not defined, since one method got all votes" if found.fleiss is None else f"{found.fleiss:.3f}"
    yield (
        f"Two assessors choose the same result of a picture in {_percent(found.observed)}. Beyond chance: κ = "
        f"{found.free:.3f} where chance is choosing at random (Brennan and Prediger), Fleiss' κ = {fleiss} where it is "
        "choosing each method as often as it was chosen over all pictures."
    )


def _pictures(report: Report) -> list[str]:
    names = [method.name for method in report.methods]
    rows = [
        [
            picture.name,
            *(
                f"**{picture.votes[name]}**" if name in picture.preferred else str(picture.votes[name])
                for name in names
            ),
            _percent(picture.agreement),
        ]
        for picture in report.pictures
    ]
    return _piped(["picture", *names, "two agree in"], rows)


def _method_rows(report: Report) -> Iterator[dict[str, Any]]:
    for rank, method in enumerate(report.methods, 1):
        row: dict[str, Any] = {"rank": rank}
        for name, value in msgspec.structs.asdict(method).items():
            if name in ("interval", "simultaneous", "by_assessors", "beats_next_by_assessors"):
                low, high = value or (None, None)
                row |= {f"{name}_low": low, f"{name}_high": high}
            else:
                row[name] = value
        yield row


def _picture_rows(report: Report) -> Iterator[dict[str, Any]]:
    for picture in report.pictures:
        preferred = " ".join(picture.preferred)
        yield {"picture": picture.name, **picture.votes, "preferred": preferred, "agreement": picture.agreement}


def _comma_separated(rows: Iterator[dict[str, Any]]) -> str:
    text, writer = io.StringIO(), None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(text, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow({name: f"{value:.5g}" if isinstance(value, float) else value for name, value in row.items()})
    return text.getvalue()


def _piped(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    texts = [[cell.replace("|", "\\|") for cell in row] for row in (headings, *rows)]
    lines = ["| " + " | ".join(row) + " |" for row in texts]
    return [lines[0], "|---|" + "---:|" * (len(headings) - 1), *lines[1:]]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _range(interval: Interval | None) -> str:
    return "–" if interval is None else f"{100 * interval.low:.1f} – {100 * interval.high:.1f} %"


def _test(test: ChiSquare, report: Report) -> str:
    p = "p < 0.0001" if test.p_value < 1e-4 else f"p = {test.p_value:.4f}"
    rough = ", a rough figure for so few votes" if report.votes < 5 * len(report.methods) else ""  # Cochran's rule
    return f"χ² = {test.statistic:.1f} with {test.degrees} degrees of freedom, {p}{rough}"

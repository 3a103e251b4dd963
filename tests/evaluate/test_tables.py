from __future__ import annotations

import csv
import io
from pathlib import Path

import msgspec
import pytest

from aigan.errors import AiganError
from aigan.evaluate.measure import Item, Protocol, mean_of
from aigan.evaluate.plan import Cell, Method, PaperFigure, PaperTable, Plan, Set
from aigan.evaluate.rows import Row
from aigan.evaluate.tables import comma_separated, entries, latex, markdown, put_into, write_tables

PLAN = Plan(
    name="t",
    title="Table: rain_1",
    benchmarks=(Set(name="rain100l", title="Rain100L", paper="L"),),
    methods=(
        Method(name="input"),
        Method(name="id", label="ID", paper="ID", every=2),
        Method(name="dsc", label="DSC", paper="DSC", every=2),
        Method(name="derain-s", paper="AI-GAN"),
    ),
    remarks=("A remark.",),
)
PAPER = PaperTable(
    systems={
        "ID": (PaperFigure(set="L", psnr=27.21, ssim=0.756),),
        "JORDER": (PaperFigure(set="L", psnr=36.02, ssim=0.961), PaperFigure(set="H", psnr=23.45, ssim=0.753)),
        "AI-GAN": (PaperFigure(set="L", psnr=37.56, ssim=0.987),),
    },
    remarks=("A doubt.",),
)


def row(method: str, psnrs_y: list[float], *, every: int = 1, machine: str = "M, 2 cores") -> Row:
    """On Y psnrs_y, on RGB one decibel less."""
    items = tuple(
        Item(name=f"{place}", psnr=y - 1, ssim=y / 50, psnr_y=y, ssim_y=y / 40, seconds=1, cpu_seconds=0.5)
        for place, y in enumerate(psnrs_y)
    )
    return Row(
        model=method,
        benchmark="rain100l",
        protocol=Protocol(
            pictures="4 pairs",
            degraded="as published",
            sigma_255=None,
            seed=None,
            restored="as it is" if method == "input" else "rounded",
            measured_on="Y",
        ),
        n=len(items),
        mean=mean_of(items),
        items=items,
        method=method,
        identity="",
        every=every,
        version="1.0",
        commit="abc",
        machine=machine,
        seconds=4,
        cpu_seconds=2,
        peak_memory_bytes=200_000_000,
    )


ROWS = {
    one.cell: one
    for one in (
        row("input", [26, 27, 28, 29]),
        row("id", [30, 31], every=2),
        row("derain-s", [37, 38, 39, 36]),
    )
}


def test_whole_sets_and_parts_are_compared_on_the_same_pictures() -> None:
    lines = entries(PLAN, ROWS, PAPER)
    assert [(line.one_in, line.system) for line in lines] == [
        (1, "input"),
        (1, "derain-s"),
        (1, "JORDER, the paper's"),
        (2, "input"),
        (2, "ID"),
        (2, "DSC"),
        (2, "derain-s"),
    ]
    whole, part = (line for line in lines if line.system == "derain-s")
    assert (whole.n, whole.psnr_y, whole.psnr) == (4, 37.5, 36.5)
    assert (part.n, part.psnr_y, part.difference) == (2, 38, None)  # of the first and the third; the paper's are of all
    assert whole.difference == pytest.approx(37.5 - 37.56)  # on the scale that is the field's convention
    assert (whole.seconds, whole.cpu_seconds, whole.peak_memory_mb) == (1, 0.5, 200)
    missing = next(line for line in lines if line.system == "DSC")
    assert (missing.n, missing.psnr_y, missing.paper_psnr) == (None, None, None)


def test_markdown_has_the_papers_figures_the_best_in_bold_and_what_it_stands_for() -> None:
    text = markdown(PLAN, entries(PLAN, ROWS, PAPER), ROWS, PAPER)
    assert "**Rain100L, 4 pictures**" in text
    assert "**Rain100L, one picture in 2 by name (2)**" in text
    assert "| system | Y | paper | RGB | CPU s | MB |" in text
    assert "| derain-s | **37.50** / **0.9375** | 37.56 / 0.987 (−0.06) | **36.50** / **0.7500** | 0.50 | 200 |" in text
    assert "| JORDER, the paper's | – | 36.02 / 0.961 | – | – | – |" in text
    assert "| ID | 30.50 / 0.7625 | 27.21 / 0.756 | 29.50 / 0.6100 | 0.50 | 200 |" in text
    assert "| DSC | – | – | – | – | – |" in text
    for note in ("A remark.", "A doubt.", "M, 2 cores", "aigan 1.0 (abc)", "measured on Y", "Slow", ": ID, DSC."):
        assert note in text


def test_all_machines_are_named() -> None:
    rows = ROWS | {Cell("input", "rain100l", None, None, 1): row("input", [26, 27, 28, 29], machine="Other")}
    assert "Measured on M, 2 cores; Other" in markdown(PLAN, entries(PLAN, rows, PAPER), rows, PAPER)


def test_machines_and_commits_are_named_once() -> None:
    both = msgspec.structs.replace(row("input", [26]), machine="M, 1 cores, M, 2 cores", commit="abc, def")
    rows = ROWS | {both.cell: both}
    assert "Measured on M, 1 cores; M, 2 cores, by aigan 1.0 (abc, def)." in markdown(PLAN, [], rows, PAPER)


def test_noise_takes_columns() -> None:
    sigmas = (15.0, 25.0)
    noisy = Plan(
        name="t",
        title="T",
        benchmarks=(Set(name="bsd68", title="BSD68", sigma_255=sigmas, paper="B"),),
        methods=(Method(name="input", paper="X"),),
    )
    paper = PaperTable(systems={"X": (PaperFigure(set="B", psnr=24, ssim=0.5, sigma_255=15),)})
    text = markdown(noisy, entries(noisy, {}, paper), {}, paper)
    assert text.count("24.00 / 0.5") == 1
    assert "| system | σ 15, RGB | paper | σ 25, RGB | paper |" not in text  # gray pictures have one scale
    assert "| system | σ 15, gray | paper | σ 25, gray | paper | CPU s | MB |" in text


def test_latex_is_escaped() -> None:
    text = latex(PLAN, entries(PLAN, ROWS, PAPER), ROWS, PAPER)
    assert "\\caption{Table: rain\\_1: Rain100L, 4 pictures}" in text
    assert "\\textbf{37.50} / \\textbf{0.9375} & 37.56 / 0.987 ($-$0.06)" in text
    assert text.count("\\begin{tabular}{lrrrrr}") == text.count("\\end{tabular}") == 2
    special = msgspec.structs.replace(PLAN, title="a{b}~c^d\\e&f|g")
    assert "\\caption{a\\{b\\}\\textasciitilde{}c\\textasciicircum{}d\\textbackslash{}e\\&f|g: " in latex(
        special, [], {}, PAPER
    )
    assert all(ord(character) < 128 for character in text.replace("–", "").replace("σ", ""))


def test_csv_has_a_line_for_each() -> None:
    lines = list(csv.DictReader(io.StringIO(comma_separated(entries(PLAN, ROWS, PAPER)))))
    assert len(lines) == 7
    ours = lines[1]
    assert (ours["method"], ours["psnr_y"], ours["paper_psnr"], ours["difference"]) == (
        "derain-s",
        "37.5",
        "37.56",
        "-0.06",
    )
    assert lines[2]["psnr"] == ""


def test_a_document_takes_the_table_at_its_place(tmp_path: Path) -> None:
    (path, *_) = write_tables(PLAN, tmp_path, ROWS, PAPER)
    document = tmp_path / "doc.md"
    document.write_text("Before.\n<!-- t -->\noutdated\n<!-- end of t -->\nAfter.\n", encoding="utf-8")
    for _ in range(2):
        put_into(document, "t", path.read_text(encoding="utf-8"))
    text = document.read_text(encoding="utf-8")
    assert text.startswith("Before.\n<!-- t -->\n**Rain100L, 4")
    assert text.endswith("\n<!-- end of t -->\nAfter.\n")
    assert "outdated" not in text
    with pytest.raises(AiganError, match="no place for u: write the lines"):
        put_into(document, "u", "")

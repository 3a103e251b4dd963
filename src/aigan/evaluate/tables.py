"""Rows as tables in Markdown, LaTeX and CSV, beside what the paper prints."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from aigan.errors import AiganError
from aigan.evaluate.benchmarks import Measured, find_benchmark
from aigan.evaluate.measure import Protocol, Scores, mean_of
from aigan.evaluate.plan import Cell, PaperFigure, PaperTable, Plan, Set
from aigan.evaluate.rows import Row
from aigan.files import write_whole

SCALES: dict[Measured, list[Measured]] = {
    "gray": ["gray"],
    "Y": ["Y", "RGB"],
    "RGB": ["RGB", "Y"],
}  # the convention's first
NOTHING = "–"
MINUS = "−"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A system on a benchmark, with one strength of noise, on one part of its pictures: a line of the CSV file.

    None where it was not measured, or where the paper has no such system. `difference` is our PSNR less the paper's,
    on the scale that is the field's convention; None on a part of the pictures, since the paper's figures are of all.
    """

    table: str
    benchmark: str
    sigma_255: float | None
    one_in: int  # 1: all pictures; 10: every tenth
    system: str
    method: str  # "" for what only the paper has
    model: str | None = None
    n: int | None = None
    psnr: float | None = None
    ssim: float | None = None
    psnr_y: float | None = None
    ssim_y: float | None = None
    paper_system: str = ""
    paper_psnr: float | None = None
    paper_ssim: float | None = None
    difference: float | None = None
    seconds: float | None = None  # for a picture
    cpu_seconds: float | None = None
    peak_memory_mb: float | None = None
    version: str | None = None
    commit: str | None = None
    machine: str | None = None

    def on(self, scale: Measured) -> tuple[float | None, float | None]:
        """PSNR and SSIM."""
        return (self.psnr_y, self.ssim_y) if scale == "Y" else (self.psnr, self.ssim)


def entries(plan: Plan, rows: Mapping[Cell, Row], paper: PaperTable) -> list[Entry]:
    """All lines of a table, benchmark by benchmark; what was measured wholly also stands beside what was on a part."""
    return [
        entry
        for benchmark in plan.benchmarks
        for part in parts(plan)
        for entry in _of(plan, benchmark, part, rows, paper)
    ]


def parts(plan: Plan) -> list[int]:
    """1 for all pictures, N for one in N: the parts on which systems are compared."""
    return sorted({method.every for method in plan.methods})


def _of(plan: Plan, benchmark: Set, part: int, rows: Mapping[Cell, Row], paper: PaperTable) -> Iterator[Entry]:
    cells = [cell for cell in plan.cells() if cell.benchmark == benchmark.name and part % cell.every == 0]
    systems = {method.name: method for method in plan.methods}
    for cell in cells:
        method, row = systems[cell.method], rows.get(cell)
        figure = paper.find(method.paper, benchmark.paper, cell.sigma_255)
        yield _entry(plan, cell, part, method.shown, row, method.paper, figure)
    if part == parts(plan)[0]:
        ours = {method.paper for method in plan.methods}
        for system in paper.systems:
            for sigma_255 in benchmark.sigmas if system not in ours else ():
                if figure := paper.find(system, benchmark.paper, sigma_255):
                    cell = Cell("", benchmark.name, sigma_255, None, part)
                    yield _entry(plan, cell, part, f"{system}, the paper's", None, system, figure)


def _entry(
    plan: Plan, cell: Cell, part: int, system: str, row: Row | None, paper_system: str, figure: PaperFigure | None
) -> Entry:
    entry = Entry(
        table=plan.name,
        benchmark=cell.benchmark,
        sigma_255=cell.sigma_255,
        one_in=part,
        system=system,
        method=cell.method,
        paper_system=paper_system if figure else "",
        paper_psnr=figure.psnr if figure else None,
        paper_ssim=figure.ssim if figure else None,
    )
    if row is None:
        return entry
    items = row.items[:: part // row.every]
    mean: Scores = mean_of(items)
    conventional = mean.psnr_y if row.protocol.measured_on == "Y" else mean.psnr
    return msgspec.structs.replace(
        entry,
        **msgspec.structs.asdict(mean),
        model=row.model,
        n=len(items),
        difference=conventional - figure.psnr if part == 1 and figure and conventional is not None else None,
        peak_memory_mb=row.peak_memory_bytes and row.peak_memory_bytes / 1e6,
        version=row.version,
        commit=row.commit,
        machine=row.machine,
    )


def write_tables(plan: Plan, folder: Path, rows: Mapping[Cell, Row], paper: PaperTable) -> list[Path]:
    """Write NAME.md, NAME.tex and NAME.csv into `folder`."""
    lines = entries(plan, rows, paper)
    texts = {
        "md": markdown(plan, lines, rows, paper),
        "tex": latex(plan, lines, rows, paper),
        "csv": comma_separated(lines),
    }
    paths = []
    for extension, text in texts.items():
        paths.append(folder / f"{plan.name}.{extension}")
        write_whole(paths[-1], text.encode())
    return paths


def put_into(path: Path, name: str, table: str) -> None:
    """Put a Markdown table into a document, in place of what stands between <!-- NAME --> and <!-- end of NAME -->.

    AiganError where the document has no such place.
    """
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise AiganError(f"{path} cannot be read ({error.strerror}): name a Markdown document") from error
    before, found, rest = text.partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found and found_end):
        raise AiganError(f"{path} has no place for {name}: write the lines {begin.strip()} and {end} into it")
    write_whole(path, f"{before}{begin}{table}{end}{after}".encode())


def comma_separated(lines: Iterable[Entry]) -> str:
    """CSV with a header, a line an entry."""
    text = io.StringIO()
    writer = csv.DictWriter(text, Entry.__struct_fields__, lineterminator="\n")
    writer.writeheader()
    for line in lines:
        values = msgspec.structs.asdict(line)
        writer.writerow({name: f"{value:.5g}" if isinstance(value, float) else value for name, value in values.items()})
    return text.getvalue()


class Span(NamedTuple):
    """A piece of text in a table."""

    text: str
    bold: bool = False


class Grid(NamedTuple):
    """A table as it is shown: what it is of, its headings, and its body of texts."""

    title: str
    headings: list[str]
    body: list[list[list[Span]]]


def markdown(plan: Plan, lines: Sequence[Entry], rows: Mapping[Cell, Row], paper: PaperTable) -> str:
    """The tables of a plan, one a benchmark and part of its pictures, and below them what they stand for."""
    text = []
    for grid in _grids(plan, lines):
        text += [f"**{grid.title}**", "", _piped(grid.headings), "|---|" + "---:|" * (len(grid.headings) - 1)]
        for row in grid.body:
            text.append(_piped("".join(f"**{t}**" if bold else t for t, bold in spans) for spans in row))
        text.append("")
    return "\n".join([*text, *(f"- {note}" for note in _notes(plan, rows, paper))]) + "\n"


def latex(plan: Plan, lines: Sequence[Entry], rows: Mapping[Cell, Row], paper: PaperTable) -> str:
    """The same for LaTeX; wants the package booktabs."""
    text = ["% Wants \\usepackage{booktabs}"]
    for grid in _grids(plan, lines):
        text += [
            "\\begin{table}",
            f"\\caption{{{_tex(plan.title)}: {_tex(grid.title)}}}",
            f"\\begin{{tabular}}{{l{'r' * (len(grid.headings) - 1)}}}",
            "\\toprule",
            " & ".join(map(_tex, grid.headings)) + " \\\\",
            "\\midrule",
        ]
        for row in grid.body:
            cells = ("".join(f"\\textbf{{{_tex(t)}}}" if bold else _tex(t) for t, bold in spans) for spans in row)
            text.append(" & ".join(cells) + " \\\\")
        text += ["\\bottomrule", "\\end{tabular}", "\\end{table}", ""]
    notes = [f"\\item {_tex(note)}" for note in _notes(plan, rows, paper)]
    return "\n".join([*text, "\\begin{itemize}", *notes, "\\end{itemize}"]) + "\n"


def _grids(plan: Plan, lines: Sequence[Entry]) -> Iterator[Grid]:
    for benchmark in plan.benchmarks:
        for part in parts(plan):
            shown = [line for line in lines if (line.benchmark, line.one_in) == (benchmark.name, part)]
            pictures = max((line.n or 0 for line in shown), default=0)
            of = f"one picture in {part} by name ({pictures})" if part > 1 else f"{pictures} pictures"
            yield _grid(
                f"{benchmark.title}, {of}", benchmark, SCALES[find_benchmark(benchmark.name).measured_on], shown
            )


def _grid(title: str, benchmark: Set, scales: list[Measured], shown: Sequence[Entry]) -> Grid:
    with_paper = any(line.paper_psnr for line in shown)
    headings, columns = ["system"], []
    for sigma_255 in benchmark.sigmas:
        of_sigma = {line.system: line for line in shown if line.sigma_255 == sigma_255}
        prefix = f"σ {sigma_255:g}, " if sigma_255 else ""
        for scale in scales:
            headings.append(f"{prefix}{scale}")
            columns.append(_figures(of_sigma, scale))
            if with_paper and scale == scales[0]:
                headings.append("paper")
                columns.append({system: _of_paper(line) for system, line in of_sigma.items()})
    headings += ["CPU s", "MB"]
    systems = list(dict.fromkeys(line.system for line in shown))
    body = []
    for system in systems:
        costs = [line for line in shown if line.system == system]
        cost = [_mean_cost(costs, "cpu_seconds", ".2f"), _mean_cost(costs, "peak_memory_mb", ".0f")]
        body.append(
            [
                [Span(system)],
                *(column.get(system, [Span(NOTHING)]) for column in columns),
                *([Span(text)] for text in cost),
            ]
        )
    return Grid(title, headings, body)


def _figures(lines: Mapping[str, Entry], scale: Measured) -> dict[str, list[Span]]:
    """ "PSNR / SSIM" of each system, the best in bold."""
    psnr = {system: _text(line.on(scale)[0], ".2f") for system, line in lines.items()}
    ssim = {system: _text(line.on(scale)[1], ".4f") for system, line in lines.items()}
    best_psnr, best_ssim = _best(psnr.values()), _best(ssim.values())
    return {
        system: [
            Span(psnr[system], psnr[system] == best_psnr),
            Span(" / "),
            Span(ssim[system], ssim[system] == best_ssim),
        ]
        if psnr[system] != NOTHING
        else [Span(NOTHING)]
        for system in lines
    }


def _best(texts: Iterable[str]) -> str | None:
    """The highest as it is printed; None where fewer than two were measured."""
    measured = [text for text in texts if text != NOTHING]
    return max(measured, key=float) if len(measured) > 1 else None


def _of_paper(line: Entry) -> list[Span]:
    if line.paper_psnr is None:
        return [Span(NOTHING)]
    difference = "" if line.difference is None else f" ({line.difference:+.2f})".replace("-", MINUS)
    return [Span(f"{line.paper_psnr:.2f} / {line.paper_ssim:g}{difference}")]


def _mean_cost(lines: Sequence[Entry], field: str, form: str) -> str:
    values = [value for line in lines if (value := getattr(line, field)) is not None]
    return _text(sum(values) / len(values) if values else None, form)


def _text(value: float | None, form: str) -> str:
    return NOTHING if value is None else f"{value:{form}}"


def _notes(plan: Plan, rows: Mapping[Cell, Row], paper: PaperTable) -> Iterator[str]:
    yield (
        "PSNR in dB / SSIM; bold: the best of those measured on the same pictures. CPU s: seconds of processor time a "
        "picture, on one core. MB: memory of the process at its highest while it restores."
    )
    if paper.systems:
        yield "paper: what the paper prints, and in brackets by how much our PSNR lies above it."
    shown = [rows[cell] for cell in plan.cells() if cell in rows]
    for benchmark in plan.benchmarks:
        if of_it := [row.protocol for row in shown if row.benchmark == benchmark.name]:
            yield f"{benchmark.title}: {_protocol(of_it)}"
    if shown:
        protocol = shown[0].protocol
        yield f"PSNR: {protocol.psnr}. SSIM: {protocol.ssim}. Y: {protocol.y}."
    if slow := [method.shown for method in plan.methods if method.every > 1]:
        yield (
            f"Slow, and so measured on a part of the pictures only: {', '.join(slow)}. The others stand beside them on "
            "the same pictures; the paper's figures there are of all pictures, so no difference is given."
        )
    yield from plan.remarks
    yield from paper.remarks
    if shown:
        # a row may be of several machines and commits
        machines = {one for row in shown for one in re.split(r"(?<=cores), ", row.machine)}
        versions, commits = (
            {one for row in shown for one in getattr(row, of).split(", ")} for of in ("version", "commit")
        )
        by = f"aigan {', '.join(sorted(versions))}" + (
            f" ({', '.join(sorted(commits - {''}))})" if any(commits) else ""
        )
        yield f"Measured on {'; '.join(sorted(machines))}, by {by}."


def _protocol(protocols: Sequence[Protocol]) -> str:
    """In words, of all systems on a benchmark."""
    first = protocols[0]
    degraded = f"degraded {first.degraded}"
    if first.sigma_255 is not None:
        sigmas = ", ".join(f"{sigma:g}" for sigma in sorted({one.sigma_255 or 0 for one in protocols}))
        degraded = f"Gaussian noise, σ₂₅₅ {sigmas}, neither clipped nor rounded, seed {first.seed}"
    pictures = min((one.pictures for one in protocols), key=len)
    restored = "; ".join(dict.fromkeys(one.restored for one in protocols))
    return f"{pictures}; {degraded}; by convention measured on {first.measured_on}. Results: {restored}."


def _piped(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


_TEX = str.maketrans(
    {character: f"\\{character}" for character in "%&#_${}"}
    | {"\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", MINUS: "$-$"}
    | {"σ": "$\\sigma$", "×": "$\\times$", "ŷ": "$\\hat y$", "ỹ": "$\\tilde y$", "₂": "$_2$", "₅": "$_5$"}
)


def _tex(text: str) -> str:
    return text.translate(_TEX)

"""`aigan benchmark`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer


def benchmark(
    configuration: Annotated[Path, typer.Argument(help="A table; those of the paper are in configs/benchmark.")],
    data: Annotated[
        Optional[Path], typer.Option(envvar="AIGAN_DATA", help="The folder that holds the published sets.")
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for rows, tables, the plot and sheets.")] = Path(
        "results"
    ),
    jobs: Annotated[
        Optional[int], typer.Option(min=1, help="Processes, each with one core; as many as there are cores.")
    ] = None,
    only: Annotated[str, typer.Option(help="Measure these methods only, separated by commas.")] = "",
    tables_only: Annotated[
        bool, typer.Option("--tables-only", help="Measure nothing: make the tables anew from the rows.")
    ] = False,
    sheets: Annotated[
        bool, typer.Option("--sheets", help="Restore the pictures of the sheets, too, and draw them.")
    ] = False,
    into: Annotated[
        Optional[Path], typer.Option(help="Put the table into this Markdown document as well, at its place.")
    ] = None,
) -> None:
    """Measure a table: every method on every benchmark, beside what the paper prints.

    What is measured is kept: stopped at any moment and run again, it goes on. What cannot be measured is said, its
    place in the table stays empty, and the exit status is 1.
    """
    from rich.console import Console
    from rich.progress import Progress

    from aigan.cli.bars import counted
    from aigan.errors import AiganError
    from aigan.evaluate import figures, plan, runner, tables
    from aigan.evaluate.rows import read_rows
    from aigan.restore.backends.contract import cores

    table = plan.read_plan(configuration)
    paper = plan.read_paper(configuration, table)
    problems: list[str] = []
    if not tables_only:
        console = Console(stderr=True)
        with Progress(*counted(), console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task(table.name, total=None)
            problems += runner.measure(
                table,
                out,
                data=data,
                jobs=jobs or cores(),
                only=tuple(filter(None, map(str.strip, only.split(",")))),
                on_progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
    rows = read_rows(runner.rows_file(table, out))
    if tables_only and not rows:
        raise AiganError(
            f"there are no rows in {runner.rows_file(table, out)}: leave out --tables-only, and measure some"
        )
    paths = tables.write_tables(table, out, rows, paper)
    if into:
        tables.put_into(into, table.name, paths[0].read_text(encoding="utf-8"))
    try:
        figures.draw_costs(table, tables.entries(table, rows, paper), out / f"{table.name}.png")
        paths.append(out / f"{table.name}.png")
    except AiganError as error:
        problems.append(str(error))
    if sheets:
        drawn, missing = figures.draw_sheets(table, out, configuration=configuration, data=data)
        paths += drawn
        problems += missing
    for path in paths:
        typer.echo(path)
    for problem in problems:
        typer.echo(f"aigan: {problem}", err=True)
    if problems:
        raise typer.Exit(1)

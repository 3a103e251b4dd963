from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aigan.cli.commands import gather
from aigan.errors import AiganError, MissingExtra, UsageError
from aigan.evaluate import figures, runner
from aigan.evaluate.plan import Cell
from aigan.evaluate.rows import write_rows
from tests.evaluate.test_tables import row

TABLE = "{name: t, title: T, benchmarks: [{name: rain100l, title: Rain100L}], methods: [{name: input}, {name: dsc}]}"
Run = Callable[..., object]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "t.yaml"
    path.write_text(TABLE)
    return path


def measured(plan: object, folder: Path, **options: object) -> list[str]:
    """In place of `runner.measure`: one row, and one method that is missing."""
    assert options["jobs"] == 3
    assert options["only"] == ("input", "dsc")
    folder.mkdir()
    one = row("input", [26, 27])
    assert one.cell == Cell("input", "rain100l", None, None, 1)
    write_rows(folder / "t.rows.jsonl", [one])
    return ["dsc is left out: no such package"]


def test_it_measures_writes_tables_and_says_what_is_missing(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "measure", measured)
    monkeypatch.setattr(figures, "draw_costs", lambda plan, lines, path: path.touch())
    out, document = tmp_path / "out", tmp_path / "doc.md"
    document.write_text("<!-- t -->\n<!-- end of t -->\n")
    arguments = ["benchmark", str(table), "--out", str(out), "--jobs", "3", "--only", "input, dsc,"]
    ran = CliRunner().invoke(gather(), [*arguments, "--into", str(document)])
    assert ran.exit_code == 1
    assert ran.stdout.split() == [str(out / f"t.{extension}") for extension in ("md", "tex", "csv", "png")]
    assert ran.stderr == "aigan: dsc is left out: no such package\n"  # silent but for this: no terminal
    text = (out / "t.md").read_text(encoding="utf-8")
    assert "| input | 26.50 / 0.6625 |" in text
    assert text in document.read_text(encoding="utf-8")


def test_tables_alone_measure_nothing(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "measure", None)

    def no_matplotlib(*_: object) -> None:
        raise MissingExtra("the plot needs matplotlib")

    monkeypatch.setattr(figures, "draw_costs", no_matplotlib)
    write_rows(tmp_path / "t.rows.jsonl", [row("input", [30, 31])])
    ran = CliRunner().invoke(gather(), ["benchmark", str(table), "--out", str(tmp_path), "--tables-only"])
    assert (ran.exit_code, ran.stderr) == (1, "aigan: the plot needs matplotlib\n")
    assert "| input | 30.50 / 0.7625 |" in (tmp_path / "t.md").read_text(encoding="utf-8")


def test_tables_alone_want_rows(table: Path, tmp_path: Path) -> None:
    ran = CliRunner().invoke(gather(), ["benchmark", str(table), "--out", str(tmp_path), "--tables-only"])
    assert isinstance(ran.exception, AiganError)
    assert "there are no rows" in str(ran.exception)
    assert not (tmp_path / "t.md").exists()


def test_data_must_be_named(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIGAN_DATA", raising=False)
    ran = CliRunner().invoke(gather(), ["benchmark", str(table), "--out", str(tmp_path)])
    assert isinstance(ran.exception, UsageError)
    assert "AIGAN_DATA" in str(ran.exception)

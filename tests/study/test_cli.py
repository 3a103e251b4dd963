from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aigan.cli.commands import gather
from aigan.errors import UsageError
from aigan.study.ballots import Ballots
from aigan.study.manifest import read_study
from tests.study.conftest import Make, tokens_of


def study(*arguments: object):
    return CliRunner().invoke(gather(), ["study", *map(str, arguments)])


def test_options_reach_the_study(made: Make, tmp_path: Path) -> None:
    rainy = made(3, 2).parent / "rainy"
    (tmp_path / "consent.txt").write_text("Ask Ann.\n\nDo you agree?")
    options = ["--assessors", "7", "--task", "derain", "--question", "Best?", "--consent", tmp_path / "consent.txt"]
    methods = f"none,ready={made(3, 2).parent / 'jorder'}"
    call = ["create", "--methods", methods, "--pictures", rainy, "-o", tmp_path / "s", *options]
    done = study(*call, "--url", "https://example.org/study/")
    assert done.exit_code == 0, done.output
    assert str(tmp_path / "s/invitations.txt") in done.stdout
    links = (tmp_path / "s/invitations.txt").read_text().split()
    assert len(links) == 7
    assert all(link.startswith("https://example.org/study/") and link.endswith("/") for link in links)
    found = read_study(tmp_path / "s")
    assert (found.names, found.task, found.question) == (("none", "ready"), "derain", "Best?")
    assert found.consent == "Ask Ann.\n\nDo you agree?"
    assert study(*call).exit_code == 1  # never overwritten
    missing = study(*call[:-1], tmp_path / "none.txt")
    assert isinstance(missing.exception, UsageError)
    assert "name a text file" in str(missing.exception)


def test_report(make: Make) -> None:
    folder = make()
    assert "nobody has voted yet" in str(study("report", folder).exception)
    ballots = Ballots(folder / "ballots.sqlite3")
    assessor = ballots.assessor(tokens_of(folder)[0])
    assert assessor is not None
    ballots.vote(assessor, "00.png", "jorder")
    ballots.close()
    done = study("report", folder)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("jorder                   1  100.0%  (13.8% – 100.0%)")
    assert (folder / "report/report.png").exists()
    assert len(list((folder / "report").iterdir())) == 6


def test_a_port_that_is_taken_is_one_sentence(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "aigan", "study", "serve", make(), "--port", port], capture_output=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr.startswith(f"aigan: 127.0.0.1:{port} cannot be had".encode())
    assert done.stderr.count(b"\n") == 1


def test_what_is_no_study_exits_with_2(tmp_path: Path) -> None:
    for command in ("serve", "report"):
        done = study(command, tmp_path)
        assert isinstance(done.exception, UsageError)
        assert "holds no study" in str(done.exception)


def test_without_the_extra_it_says_what_to_install(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "pip install 'aigan[app]'" in str(study("serve", make()).exception)

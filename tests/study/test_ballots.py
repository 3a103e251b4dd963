from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from aigan.errors import AiganError
from aigan.study.ballots import Ballots


@pytest.fixture
def path(tmp_path: Path) -> Path:
    Ballots.create(tmp_path / "b.sqlite3", ["one", "two"])
    return tmp_path / "b.sqlite3"


def test_a_vote_stands_once_and_may_be_repeated(path: Path) -> None:
    ballots = Ballots(path)
    one, two = ballots.assessor("one"), ballots.assessor("two")
    assert one is not None
    assert two is not None
    assert ballots.vote(one, "a", "x")
    assert ballots.vote(one, "a", "x")
    assert not ballots.vote(one, "a", "y")
    assert ballots.vote(one, "b", "y")
    assert ballots.vote(two, "a", "y")
    assert ballots.chosen(one) == {"a": "x", "b": "y"}
    assert len(ballots.votes()) == 3
    assert ballots.invited() == 2
    assert ballots.assessor("three") is None
    ballots.close()


def test_the_database_itself_refuses_double_votes_and_strangers(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("INSERT INTO vote VALUES (1, 'a', 'x')")
    for row in ((1, "a", "y"), (3, "a", "x")):
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("INSERT INTO vote VALUES (?, ?, ?)", row)
    connection.close()


def test_each_vote_is_synced_and_can_be_read_by_others(path: Path) -> None:
    ballots, others = Ballots(path), Ballots(path)
    assert ballots._run("PRAGMA journal_mode") == [("wal",)]
    assert ballots._run("PRAGMA synchronous") == [(2,)]  # FULL
    one = ballots.assessor("one")
    assert one is not None
    ballots.vote(one, "a", "x")
    ballots.consent(one)
    assert others.chosen(one) == {"a": "x"}
    again = others.assessor("one")
    assert again is not None
    assert (one.consented, again.consented) == (False, True)
    ballots.close()
    others.close()


def test_nothing_is_stored_that_says_who_somebody_is(path: Path) -> None:
    connection = sqlite3.connect(path)
    columns = {
        table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    }
    connection.close()
    assert columns == {
        "assessor": ["id", "token_sha256", "seed", "consented"],
        "vote": ["assessor", "picture", "method"],
    }


def test_a_missing_or_damaged_database_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(AiganError, match=r"b\.sqlite3 is missing"):
        Ballots(tmp_path / "b.sqlite3")
    (tmp_path / "b.sqlite3").write_bytes(b"no database" * 100)
    with pytest.raises(AiganError, match=r"b\.sqlite3 cannot be read"):
        Ballots(tmp_path / "b.sqlite3")

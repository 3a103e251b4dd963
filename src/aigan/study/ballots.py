"""Who may vote, and every vote, in SQLite: on the disk before it is acknowledged, and never twice.

Nothing is kept that says who an assessor is: no name, address or time; of the secret in an invitation only its hash.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from aigan.errors import AiganError

_TABLES = """
CREATE TABLE IF NOT EXISTS assessor (
    id INTEGER PRIMARY KEY,
    token_sha256 TEXT NOT NULL UNIQUE,
    seed TEXT NOT NULL, -- of the order in which pictures and results are shown
    consented INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS vote (
    assessor INTEGER NOT NULL REFERENCES assessor,
    picture TEXT NOT NULL,
    method TEXT NOT NULL,
    PRIMARY KEY (assessor, picture)
) STRICT;
"""


class Assessor(NamedTuple):
    """Somebody who was invited."""

    id: int
    seed: str
    consented: bool


class Vote(NamedTuple):
    """`picture` and `method` are names; `seed` is the assessor's."""

    assessor: int
    seed: str
    picture: str
    method: str


class Ballots:
    """The database of a study; may be used from several threads, and read by other processes meanwhile."""

    def __init__(self, path: Path) -> None:
        """Open the database. AiganError where there is none or it is damaged."""
        if not path.is_file():
            raise AiganError(f"{path} is missing, and with it the invitations and votes: put it back, or make a study")
        self._lock = threading.Lock()
        try:
            self._connection = _connect(path)
        except sqlite3.DatabaseError as error:
            raise AiganError(f"{path} cannot be read ({error}): put back a copy of it") from None

    @classmethod
    def create(cls, path: Path, tokens: Iterable[str]) -> None:
        """Make the database of a new study. The assessors' numbers do not follow the order of the tokens."""
        connection = _connect(path)
        hashes = sorted(_hashed(token) for token in tokens)
        rows = [(hashed, secrets.token_hex(16)) for hashed in hashes]
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO assessor (token_sha256, seed) VALUES (?, ?)", rows)
        connection.execute("COMMIT")
        connection.close()

    def close(self) -> None:
        """Close the database; nothing is lost without it."""
        self._connection.close()

    def assessor(self, token: str) -> Assessor | None:
        """Who holds this invitation; None for an unknown one."""
        rows = self._run("SELECT id, seed, consented FROM assessor WHERE token_sha256 = ?", _hashed(token))
        return Assessor(rows[0][0], rows[0][1], bool(rows[0][2])) if rows else None

    def consent(self, assessor: Assessor) -> None:
        """Note that the assessor agrees to take part."""
        self._run("UPDATE assessor SET consented = 1 WHERE id = ?", assessor.id)

    def chosen(self, assessor: Assessor) -> dict[str, str]:
        """The method that the assessor voted for, by picture."""
        return dict(self._run("SELECT picture, method FROM vote WHERE assessor = ?", assessor.id))

    def vote(self, assessor: Assessor, picture: str, method: str) -> bool:
        """Vote, once a picture. Returns whether this vote stands: it is new, or repeats the one that was there.

        It is on the disk when this returns.
        """
        self._run("INSERT INTO vote VALUES (?, ?, ?) ON CONFLICT DO NOTHING", assessor.id, picture, method)
        rows = self._run("SELECT method FROM vote WHERE assessor = ? AND picture = ?", assessor.id, picture)
        return bool(rows == [(method,)])

    def votes(self) -> list[Vote]:
        """All votes, by assessor and picture."""
        rows = self._run(
            "SELECT id, seed, picture, method FROM vote JOIN assessor ON assessor = id ORDER BY id, picture"
        )
        return [Vote(*row) for row in rows]

    def invited(self) -> int:
        """How many invitations there are."""
        return int(self._run("SELECT count(*) FROM assessor")[0][0])

    def _run(self, statement: str, *values: object) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()


def _connect(path: Path) -> sqlite3.Connection:
    """A connection on which each statement is a transaction, on the disk when it returns."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    try:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "fullfsync = ON", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.executescript(_TABLES)
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

"""Many assessors at once, through real HTTP, with a server that dies."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aigan.study.ballots import Ballots
from tests.study.conftest import Make, tokens_of

pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")
ASSESSORS, PICTURES = 50, 10


@contextmanager
def served(folder: Path, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`aigan study serve` in a process of its own, and its port."""
    command = [sys.executable, "-m", "aigan", "study", "serve", folder, "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert "is served at http://127.0.0.1:" in line
            yield process, int(line.rpartition(":")[2].partition("/")[0])
        finally:
            process.terminate()
            process.wait(timeout=30)
    assert process.returncode in (143, -signal.SIGKILL)


class Browser:
    """An assessor's: asks again where the server does not answer, as the page does."""

    def __init__(self, port: int, token: str, give_up: float = 60) -> None:
        self.port, self.token, self.give_up = port, token, give_up
        self.connection = HTTPConnection("127.0.0.1", port, timeout=20)

    def ask(self, method: str, path: str) -> tuple[int, bytes]:
        deadline = time.monotonic() + self.give_up
        while True:
            try:
                self.connection.request(method, f"/{self.token}/{path}")
                answer = self.connection.getresponse()
                return answer.status, answer.read()
            except (OSError, HTTPException):
                self.connection.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def pages(self) -> list[dict[str, Any]]:
        status, body = self.ask("GET", "ballot")
        assert status == 200
        return msgspec.json.decode(body)["pages"]

    def close(self) -> None:
        self.connection.close()


def take_part(
    port: int, token: str, number: int, acknowledged: dict[tuple[int, str], str], lock: threading.Lock
) -> None:
    """All pictures, as people do: some close the page and return, some send twice, some change their mind too late."""
    habits = random.Random(number)
    browser = Browser(port, token)
    assert browser.ask("PUT", "consent")[0] == 204
    while waiting := [page for page in browser.pages() if not page["chosen"]]:
        for page in waiting:
            choice, other = habits.sample(page["outputs"], 2)
            status, _ = browser.ask("PUT", f"votes/{page['picture']}/{choice}")
            if status == 409:  # an earlier try was stored, but the answer to it was lost
                raise AssertionError("a retry of one's own vote is no other vote")
            assert status == 204
            with lock:
                assert (number, page["picture"]) not in acknowledged
                acknowledged[number, page["picture"]] = choice
            if number % 5 == 1:
                assert browser.ask("PUT", f"votes/{page['picture']}/{choice}")[0] == 204
            if number % 5 == 2:
                assert browser.ask("PUT", f"votes/{page['picture']}/{other}")[0] == 409
            if number % 5 == 3 and habits.random() < 0.4:
                browser.close()  # and return with the same link
                break
    browser.close()


def everybody(port: int, tokens: list[str], acknowledged: dict[tuple[int, str], str]) -> ThreadPoolExecutor:
    lock = threading.Lock()
    pool = ThreadPoolExecutor(len(tokens))
    pool.futures = [  # type: ignore[attr-defined]
        pool.submit(take_part, port, token, number, acknowledged, lock) for number, token in enumerate(tokens)
    ]
    return pool


def stored(folder: Path) -> Counter[tuple[int, str]]:
    ballots = Ballots(folder / "ballots.sqlite3")
    votes = Counter((vote.assessor, vote.picture) for vote in ballots.votes())
    ballots.close()
    return votes


def test_fifty_assessors_give_exactly_500_votes(make: Make) -> None:
    folder = make(pictures=PICTURES, assessors=ASSESSORS)
    tokens = tokens_of(folder)
    acknowledged: dict[tuple[int, str], str] = {}
    with served(folder) as (_, port):
        with everybody(port, tokens, acknowledged) as pool:
            for future in pool.futures:  # type: ignore[attr-defined]
                future.result()
        assert_all_there(port, tokens, acknowledged)
    votes = stored(folder)
    assert len(votes) == sum(votes.values()) == len(acknowledged) == 500


def test_a_killed_server_loses_no_acknowledged_vote(make: Make) -> None:
    folder = make(pictures=PICTURES, assessors=ASSESSORS)
    tokens = tokens_of(folder)
    acknowledged: dict[tuple[int, str], str] = {}
    with served(folder) as (process, port):
        pool = everybody(port, tokens, acknowledged)
        while len(acknowledged) < 150:
            time.sleep(0.005)
        process.kill()
        process.wait()
        before = dict(acknowledged)
    assert 150 <= len(before) < 500
    with served(folder, port):  # at the same address, where everybody keeps asking
        for future in pool.futures:  # type: ignore[attr-defined]
            future.result()
        pool.shutdown()
        assert before.items() <= acknowledged.items()
        assert_all_there(port, tokens, acknowledged)
    votes = stored(folder)
    assert len(votes) == sum(votes.values()) == len(acknowledged) == 500


def assert_all_there(port: int, tokens: list[str], acknowledged: dict[tuple[int, str], str]) -> None:
    """The server has, of each assessor, the votes that it acknowledged."""
    for number, token in enumerate(tokens):
        browser = Browser(port, token)
        assert {(number, page["picture"]): page["chosen"] for page in browser.pages()} == {
            key: choice for key, choice in acknowledged.items() if key[0] == number
        }
        browser.close()

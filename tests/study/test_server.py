from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aigan.study.ballots import Ballots
from aigan.study.manifest import read_study
from tests.study.conftest import METHODS, Make, tokens_of

pytest.importorskip("fastapi")
pytest.importorskip("httpx")
from fastapi.testclient import TestClient

from aigan.study import server


@pytest.fixture
def folder(make: Make) -> Path:
    return make(pictures=3, assessors=2)


@pytest.fixture
def client(folder: Path) -> Iterator[TestClient]:
    with TestClient(server.study_app(folder), follow_redirects=False) as client:
        yield client


@pytest.fixture
def token(folder: Path) -> str:
    return tokens_of(folder)[0]


def ballot_of(client: TestClient, token: str) -> dict[str, Any]:
    return client.get(f"/{token}/ballot").json()


def test_a_study_from_consent_to_the_last_vote(client: TestClient, folder: Path, token: str) -> None:
    ballot = ballot_of(client, token)
    assert not ballot["consented"]
    page = ballot["pages"][0]
    vote = f"/{token}/votes/{page['picture']}/{page['outputs'][2]}"
    assert client.put(vote).status_code == 403
    assert client.put(f"/{token}/consent").status_code == 204
    assert [client.put(vote).status_code for _ in range(2)] == [204, 204]  # a retry
    other = client.put(f"/{token}/votes/{page['picture']}/{page['outputs'][0]}")
    assert (other.status_code, other.text.count(".")) == (409, 1)
    again = ballot_of(client, token)  # after a closed tab
    assert again["consented"]
    assert [one["chosen"] for one in again["pages"]] == [page["outputs"][2], None, None]
    assert [one["outputs"] for one in again["pages"]] == [one["outputs"] for one in ballot["pages"]]
    ballots = Ballots(folder / "ballots.sqlite3")
    (stored,) = ballots.votes()
    ballots.close()
    shown = next(shown for shown in read_study(folder).pictures if shown.degraded == page["picture"])
    assert (stored.picture, shown.outputs[stored.method]) == (shown.name, page["outputs"][2])


def test_methods_never_reach_the_browser(client: TestClient, folder: Path, token: str) -> None:
    answers = [client.get(f"/{token}/"), client.get(f"/{token}/ballot")]
    answers += [client.get(f"/static/{name}") for name in server.STATIC]
    pictures = set()
    for page in ballot_of(client, token)["pages"]:
        pictures |= {page["picture"], *page["outputs"]}
    answers += [client.get(f"/{token}/pictures/{name}.png") for name in sorted(pictures)]
    assert len(pictures) == 15
    for answer in answers:
        assert answer.status_code == 200
        everything = (str(answer.headers).encode() + answer.content).lower()
        assert not any(name.encode() in everything for name in (*METHODS, "00.png", str(folder)))
    headers = {frozenset(answer.headers) for answer in answers}
    assert headers == {frozenset({"content-length", "content-type", *map(str.lower, server.HEADERS)})}


def test_nothing_comes_from_elsewhere_and_nothing_is_kept(client: TestClient, token: str) -> None:
    answers = [client.get(path) for path in (f"/{token}/", "/static/study.js", "/static/study.css", "/nowhere")]
    for answer in answers:
        assert "default-src 'none'; script-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in answer.headers
        assert not re.search(r"https?://|url\(|localStorage|cookie|style=|<script>", answer.text)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nobody",
        "/nobody/",
        "/nobody/ballot",
        "/nobody/pictures/{picture}.png",
        "/static/server.py",
        "/static/..%2Fserver.py",
        "/static/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/{token}/pictures/..%2Fstudy.json",
        "/{token}/pictures/..%2F..%2Frainy%2F00.png",
        "/{token}/pictures/%2Fetc%2Fpasswd.png",
        "/{token}/pictures/00000000000000000000000000000000.png",
        "/{token}/study.json",
        "/{token}/ballots.sqlite3",
        "/docs",
        "/openapi.json",
    ],
)
def test_what_is_not_there_is_404_and_one_sentence(client: TestClient, token: str, path: str) -> None:
    picture = ballot_of(client, token)["pages"][0]["picture"]
    answer = client.get(path.format(token=token, picture=picture))
    assert (answer.status_code, answer.text.count(".")) == (404, 1)
    assert answer.text in (server.UNKNOWN, server.NOTHING)


def test_votes_are_for_what_was_shown(client: TestClient, token: str) -> None:
    client.put(f"/{token}/consent")
    first, second = ballot_of(client, token)["pages"][:2]
    for picture, output in (
        (first["picture"], second["outputs"][0]),
        (first["picture"], first["picture"]),
        (first["outputs"][0], first["outputs"][0]),
        ("x", "s-gan"),
    ):
        assert client.put(f"/{token}/votes/{picture}/{output}").status_code == 404
    assert client.put("/nobody/consent").status_code == 404
    assert client.get(f"/{token}/votes/{first['picture']}/{first['outputs'][0]}").status_code == 405
    assert all(page["chosen"] is None for page in ballot_of(client, token)["pages"])


def test_a_link_without_its_slash(client: TestClient, token: str) -> None:
    answer = client.get(f"/{token}")
    assert answer.headers["location"] == f"{token}/"  # below whatever a proxy puts before it


def test_what_cannot_be_stored_is_not_acknowledged(
    client: TestClient, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.put(f"/{token}/consent")
    page = ballot_of(client, token)["pages"][0]

    def full(*_: object) -> bool:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Ballots, "vote", full)
    answer = client.put(f"/{token}/votes/{page['picture']}/{page['outputs'][0]}")
    assert (answer.status_code, answer.text.count(".")) == (503, 1)

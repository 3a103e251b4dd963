"""The study in the browser: whoever holds an invitation votes, and learns nothing of which method made what.

All that a browser gets below /TOKEN/: the page, the ballot as JSON, pictures by their Ids. Votes are PUT to
/TOKEN/votes/PICTURE/OUTPUT, both Ids, so that one that is sent twice counts once.
"""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path

import msgspec
import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from aigan.errors import AiganError
from aigan.study.ballots import Assessor, Ballots
from aigan.study.manifest import BALLOTS, HOST, PORT, Shown, methods_for, picture_file, pictures_for, read_study

PAGE = "index.html"
STATIC = {"study.css": "text/css", "study.js": "text/javascript", "icon.svg": "image/svg+xml"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
UNKNOWN = "This invitation is not known: check that the link is complete."
NOTHING = "There is nothing here: open the link of your invitation."


class Page(msgspec.Struct, frozen=True):
    """A picture as an assessor sees it; Ids. `outputs`: in the order A B C ... `chosen`: the one voted for."""

    picture: str
    width: int
    height: int
    outputs: list[str]
    chosen: str | None


class Ballot(msgspec.Struct, frozen=True):
    """All that the page shows."""

    question: str
    consent: str
    consented: bool
    pages: list[Page]


def study_app(folder: Path) -> FastAPI:
    """The application that serves a study. Errors as `read_study` and `Ballots`."""
    study, ballots = read_study(folder), Ballots(folder / BALLOTS)
    shown = {picture.degraded: picture for picture in study.pictures}
    known = {name for picture in study.pictures for name in (picture.degraded, *picture.outputs.values())}
    page = resources.files("aigan.study") / "page"

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        ballots.close()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False, lifespan=lifespan)

    @app.middleware("http")
    async def with_headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await answer(request)
        response.headers.update(HEADERS)
        return response

    @app.exception_handler(StarletteHTTPException)
    async def one_sentence(_: Request, error: StarletteHTTPException) -> Response:
        ours = isinstance(error, HTTPException)
        return PlainTextResponse(error.detail if ours else NOTHING, error.status_code, error.headers)

    @app.exception_handler(sqlite3.Error)
    async def not_stored(_: Request, error: sqlite3.Error) -> Response:
        return PlainTextResponse("The server cannot store this now: try again in a minute.", 503)

    @app.get("/static/{name}")
    def static(name: str) -> Response:
        if name not in STATIC:
            raise HTTPException(404, NOTHING)
        return Response((page / name).read_bytes(), media_type=STATIC[name])

    @app.get("/{token}")
    def without_slash(token: str) -> Response:
        _known(ballots, token)
        return RedirectResponse(f"{token}/")

    @app.get("/{token}/")
    def index(token: str) -> Response:
        _known(ballots, token)
        return Response((page / PAGE).read_bytes(), media_type="text/html")

    @app.get("/{token}/ballot")
    def ballot(token: str) -> Response:
        assessor = _known(ballots, token)
        chosen = ballots.chosen(assessor)
        pages = [_page(picture, assessor, chosen) for picture in pictures_for(study, assessor.seed)]
        answer = Ballot(study.question, study.consent, assessor.consented, pages)
        return Response(msgspec.json.encode(answer), media_type="application/json")

    @app.get("/{token}/pictures/{name}.png")
    def picture(token: str, name: str) -> Response:
        _known(ballots, token)
        if name not in known:
            raise HTTPException(404, NOTHING)
        # without the date and tag of a file, which would tell in which order the methods were rendered
        return Response(picture_file(folder, name).read_bytes(), media_type="image/png")

    @app.put("/{token}/consent", status_code=204)
    def consent(token: str) -> None:
        ballots.consent(_known(ballots, token))

    @app.put("/{token}/votes/{picture}/{output}", status_code=204)
    def vote(token: str, picture: str, output: str) -> None:
        assessor = _known(ballots, token)
        if not assessor.consented:
            raise HTTPException(403, "Agree to take part first.")
        outputs = shown[picture].outputs if picture in shown else {}
        method = next((method for method, name in outputs.items() if name == output), None)
        if method is None:
            raise HTTPException(404, "This study has no such result.")
        if not ballots.vote(assessor, shown[picture].name, method):
            raise HTTPException(409, "You have voted on this picture already, and a vote cannot be changed.")

    return app


def serve(
    folder: Path, *, host: str = HOST, port: int = PORT, on_ready: Callable[[str], None] = lambda url: None
) -> None:
    """Serve a study until SIGINT or SIGTERM. `port`: 0 takes a free one. `on_ready` is told the address.

    Nothing is logged of who asks. Errors as `study_app`; AiganError where the address cannot be had.
    """
    app = study_app(folder)
    try:
        server_socket = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise AiganError(f"{host}:{port} cannot be had ({error.strerror}): take another --host or --port") from None
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=3,
    )
    on_ready(f"http://{f'[{host}]' if ':' in host else host}:{server_socket.getsockname()[1]}/")
    with server_socket:
        uvicorn.Server(config).run(sockets=[server_socket])


def _known(ballots: Ballots, token: str) -> Assessor:
    assessor = ballots.assessor(token)
    if assessor is None:
        raise HTTPException(404, UNKNOWN)
    return assessor


def _page(shown: Shown, assessor: Assessor, chosen: dict[str, str]) -> Page:
    method = chosen.get(shown.name)
    return Page(
        picture=shown.degraded,
        width=shown.width,
        height=shown.height,
        outputs=[shown.outputs[name] for name in methods_for(shown, assessor.seed)],
        chosen=shown.outputs[method] if method else None,
    )

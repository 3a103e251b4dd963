"""Which requests are let in: those that the page and the documented API need, of bounded size, with uploaded files.

Gradio serves more than this app uses, among it routes that fetch addresses for whoever asks. So what is not listed here
is not there. A picture is one that was uploaded: neither an address nor a file of the server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aigan.app.folder import Folder

GET = re.compile(
    r"/(config|theme\.css|favicon\.ico|manifest\.json|robots\.txt)?"
    r"|/(assets|static)/.+"
    r"|/gradio_api/(info|openapi\.json|app_id|startup-events|upload_progress|queue/(data|status)|theme\.css)"
    r"|/gradio_api/(heartbeat|call)/.+"
    r"|/gradio_api/file=/.+"
)
POST = re.compile(r"/gradio_api/(upload|queue/join|call/.+|cancel|reset)/?")
JSON_BYTES = 1 << 20

# With it a browser loads nothing from anywhere else, whatever Gradio's pages may name.
HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; object-src 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


class Refused(Exception):
    """A request that is not let in: status, and a sentence for whoever sent it."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Guard:
    """The outermost layer of the server (ASGI)."""

    def __init__(self, app: ASGIApp, *, folder: Folder, upload_bytes: int) -> None:
        self.app, self.folder, self.upload_bytes = app, folder, upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it with a sentence."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            receive = await self._let_in(scope, receive)
        except Refused as refused:
            answer = JSONResponse({"detail": str(refused)}, refused.status, headers=HEADERS)
            await answer(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        await self.app(scope, receive, send_with_headers)

    async def _let_in(self, scope: Scope, receive: Receive) -> Receive:
        method, path = scope["method"], scope["path"]
        if method in ("GET", "HEAD") and GET.fullmatch(path):
            return receive
        if method != "POST" or not POST.fullmatch(path):
            raise Refused(404, "there is no such page here: see the documentation of the app's API")
        length = _length(scope)
        if path.rstrip("/").endswith("/upload"):
            if length > self.upload_bytes:
                allowed = self.upload_bytes >> 20
                raise Refused(413, f"this upload is larger than {allowed} megabytes: take a smaller picture")
            if self.folder.is_full():
                raise Refused(503, "the server holds as many pictures as it can: try again in a few minutes")
            return receive
        if length > JSON_BYTES:
            raise Refused(413, "this request is too long: upload pictures first, and name them by their paths")
        body = await _read(receive, length)
        self._check_files(body)
        return _replay(body, receive)

    def _check_files(self, body: bytes) -> None:
        try:
            sent = json.loads(body)
        except ValueError as error:
            raise Refused(400, "this request is no JSON: see the documentation of the app's API") from error
        if not all(isinstance(path, str) and self.folder.holds(path) for path in _paths(sent)):
            raise Refused(400, "this picture is not, or no longer, on the server: upload it, and name it by its path")


def _length(scope: Scope) -> int:
    value = dict(scope["headers"]).get(b"content-length", b"")
    if not value.isdigit():
        raise Refused(411, "this request does not say how long it is: send a Content-Length")
    return int(value)


async def _read(receive: Receive, length: int) -> bytes:
    body = b""
    while len(body) < length:
        message = await receive()
        if message["type"] != "http.request":
            raise Refused(400, "this request broke off: send it again")
        body += message.get("body", b"")
    return body


def _replay(body: bytes, receive: Receive) -> Receive:
    """A body that was read already, and then what follows it."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def _paths(sent: Any) -> Iterator[Any]:
    """The paths of all files that are named in a request."""
    if isinstance(sent, dict):
        if "path" in sent:
            yield sent["path"]
        sent = list(sent.values())
    if isinstance(sent, list):
        for value in sent:
            yield from _paths(value)

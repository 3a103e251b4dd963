"""The app over HTTP: what it serves, what it refuses, and that users are not mixed up."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

import aigan
from aigan.pictures import Form, read
from tests.app.conftest import picture

USERS = 20
HTTP = httpx.Client(verify=False, timeout=60, limits=httpx.Limits(max_connections=None))
SECRETS = ("root:", "[project]")


@pytest.fixture(scope="module", autouse=True)
def connections_are_closed() -> Iterator[None]:
    yield
    HTTP.close()


def upload(server: str, name: str, content: bytes) -> httpx.Response:
    return HTTP.post(f"{server}/gradio_api/upload", files={"files": (name, content)})


def call(server: str, name: str, *data: Any) -> tuple[int, str]:
    """Status and answer of a call; where it is let in, what its event says."""
    asked = HTTP.post(f"{server}/gradio_api/call/{name}", json={"data": data})
    if asked.status_code != 200:
        return asked.status_code, asked.text
    told = HTTP.get(f"{server}/gradio_api/call/{name}/{asked.json()['event_id']}")
    return told.status_code, told.text


def as_file(path: str) -> dict[str, Any]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def test_a_page_loads_nothing_from_anywhere_else(server: str) -> None:
    page = HTTP.get(server)
    loaded = re.findall(r"<(?:script|link|img|iframe)[^>]*?(?:src|href)=[\"']([^\"']+)", page.text)
    assert loaded
    assert not [address for address in loaded if re.match(r"(https?:)?//", address)]
    assert "default-src 'self'" in page.headers["content-security-policy"]
    styles = [address for address in loaded if address.endswith(".css")] + ["theme.css"]
    for address in styles:
        style = HTTP.get(f"{server}/{address.removeprefix('./')}")
        assert style.status_code == 200
        assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", style.text)


def test_nothing_is_told_to_anyone(server: str) -> None:
    config = HTTP.get(f"{server}/config").json()
    assert config["analytics_enabled"] is False
    assert not any(key in config["theme"] for key in ("url", "fonts"))
    assert not [sheet for sheet in config.get("stylesheets") or [] if sheet.startswith("http")]


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=//etc/passwd",
        "/gradio_api/file=/../../../../etc/passwd",
        "/gradio_api/file=../../../../etc/passwd",
        "/gradio_api/file=..%2f..%2f..%2fetc%2fpasswd",
        "/gradio_api/file=%2fetc%2fpasswd",
        "/gradio_api/file=pyproject.toml",
        f"/gradio_api/file={Path(__file__).parents[2] / 'pyproject.toml'}",
        "/gradio_api/file=file:///etc/passwd",
        "/gradio_api/file=http://127.0.0.1:1/",
        "/gradio_api/file/etc/passwd",
        "/gradio_api/proxy=http://127.0.0.1:1/",
        "/file=/etc/passwd",
        "/static/../../../../../../etc/passwd",
        "/static/..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/assets/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/monitoring",
        "/gradio_api/vibe-code",
        "/gradio_api/runs",
        "/docs",
    ],
)
def test_no_file_of_the_server_is_read(server: str, path: str) -> None:
    port = int(server.rsplit(":", 1)[1])
    answer = raw_get(port, path)
    assert re.match(r"HTTP/1.1 (400|403|404) ", answer), answer[:80]
    assert not any(secret in answer for secret in SECRETS)


def raw_get(port: int, path: str) -> str:
    """A request whose path no client has tidied up."""
    import socket

    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while received := connection.recv(65536):
            answer += received
    return answer.decode(errors="replace")


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "pyproject.toml",
        str(Path(__file__).parents[2] / "examples" / "cat-noise.png"),
        "http://127.0.0.1:1/a.png",
        "https://example.org/a.png",
        "file:///etc/passwd",
        "",
    ],
)
@pytest.mark.parametrize("route", ["call/restore", "queue/join"])
def test_a_picture_that_was_not_uploaded_is_refused(server: str, path: str, route: str) -> None:
    body = {"data": [as_file(path), "auto", 1], "fn_index": 0, "session_hash": "x"}
    answer = HTTP.post(f"{server}/gradio_api/{route}", json=body)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("this picture is not, or no longer, on the server")


def test_one_request_is_not_too_long(server: str) -> None:
    answer = HTTP.post(f"{server}/gradio_api/call/restore", content=b" " * (2 << 20))
    assert answer.status_code == 413
    answer = HTTP.post(f"{server}/gradio_api/call/restore", content=iter([b"{}"]))
    assert answer.status_code == 411
    assert HTTP.post(f"{server}/gradio_api/call/restore", content=b"no json").status_code == 400
    assert HTTP.post(f"{server}/gradio_api/component_server", json={}).status_code == 404


def test_an_upload_is_not_too_large(server: str) -> None:
    answer = upload(server, "a.png", bytes(2 << 20))
    assert answer.status_code == 413
    assert answer.json()["detail"] == "this upload is larger than 1 megabytes: take a smaller picture"


@pytest.mark.parametrize(
    ("name", "size", "said"),
    [
        ("large.png", (1001, 1000), "large.png has 1000 × 1001 pixels, more than the limit of 1,000,000"),
        ("text.png", None, "text.png is not a picture"),
    ],
)
def test_errors_are_one_sentence_without_a_folder(
    server: str, tmp_path: Path, name: str, size: tuple[int, int] | None, said: str
) -> None:
    if size:
        from PIL import Image

        Image.new("RGB", size[::-1]).save(tmp_path / name)
    else:
        (tmp_path / name).write_text("no picture")
    (path,) = upload(server, name, (tmp_path / name).read_bytes()).json()
    _, told = call(server, "restore", as_file(path), "auto", 1)
    assert "event: error" in told
    error = json.loads(told.split("data: ")[1])["error"]
    assert error.startswith(said)
    assert "/" not in error
    assert "Traceback" not in told


def test_a_clients_picture_comes_back_at_its_strength_and_with_its_metadata(client: Client, tmp_path: Path) -> None:
    form = Form(
        format="PNG", depth="uint16", exif=b"II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\x06\0\0\0\x1a\0\0\0\0\0\0\0Canon\0"
    )
    source = picture(tmp_path / "dusk.png", form=form)
    file, interference, error, found = client.predict(handle_file(source), "denoise", 0.6, api_name="/restore")
    after = read(file)
    wanted = aigan.load("denoise").restore(read(source).pixels).at_strength(0.6)
    assert np.abs(after.pixels - wanted).max() < 1 / 65535
    assert (after.form.depth, after.form.exif) == (read(source).form.depth, read(source).form.exif)
    assert Path(file).name == "dusk.restored.png"
    assert read(interference).pixels.shape == read(source).pixels.shape
    assert read(error).pixels.shape[:2] == read(source).pixels.shape[:2]
    assert found == "denoise-s; 56 × 40 px"


def test_auto_says_why(client: Client, tmp_path: Path) -> None:
    source = picture(tmp_path / "a.png", size=(64, 64))
    *_, found = client.predict(handle_file(source), "auto", 1, api_name="/restore")
    assert "noise" in found
    assert "> 3.0 gray levels" in found


def test_degrading_and_comparing(client: Client, tmp_path: Path) -> None:
    source = picture(tmp_path / "a.png", size=(64, 64))
    _, degraded = client.predict(handle_file(source), kind="noise", sigma_255=30, api_name="/degrade")
    assert not np.array_equal(read(degraded).pixels, read(source).pixels)
    files, figures = client.predict(handle_file(degraded), handle_file(source), ["denoise-s"], 30, api_name="/compare")
    assert [figure["method"] for figure in figures] == ["as given", "denoise-s"]
    assert all(figure["psnr"] > 10 and not figure["error"] for figure in figures)
    assert len(files) == 2
    with pytest.raises(AppError, match="there is no picture in this request"):
        client.predict(None, None, [], 30, api_name="/compare")


def test_no_picture_is_mixed_up_between_users(server: str, tmp_path: Path) -> None:
    sources = [picture(tmp_path / f"{number}.png", seed=number, size=(24, 24 + number)) for number in range(USERS)]

    def restored(source: Path) -> tuple[int, str]:
        (path,) = upload(server, "same-name.png", source.read_bytes()).json()
        return call(server, "restore", as_file(path), "denoise", 1)

    with ThreadPoolExecutor(USERS) as pool:
        answers = list(pool.map(restored, sources))
    model = aigan.load("denoise")
    for source, (status, told) in zip(sources, answers, strict=True):
        assert status == 200
        assert "event: complete" in told
        file = json.loads(told.split("event: complete\ndata: ")[1])[0]
        answer = HTTP.get(f"{server}/gradio_api/file={file['path']}")
        wanted = model.restore(read(source).pixels).original
        assert np.abs(read(answer.content).pixels - wanted.clip(0, 1)).max() < 1 / 255

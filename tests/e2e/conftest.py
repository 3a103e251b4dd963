"""A real browser: Debian's Chromium, driven by playwright. `make e2e` runs these tests; `make test` does not need one.

`page` is a page of a browser that sees nothing but this machine; `serve` starts a command of `aigan` that serves pages.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STARTS_WITHIN_S = 60

Serve = Callable[..., str]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window."""
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page of a new profile, 1280 × 900 px."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def serve() -> Iterator[Serve]:
    """Start `aigan ARGUMENTS --port PORT` on a free port: `serve("app")` gives its address when it answers."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str | Path) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "aigan", *map(str, arguments), "--port", str(port)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        started.append(process)
        address = f"http://127.0.0.1:{port}"
        _wait(address, process)
        return address

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=30)


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the server ended with status {process.returncode}"
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except urllib.error.HTTPError:  # it answers, if only that something is missing
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"{address} did not answer within {STARTS_WITHIN_S} s")

"""The app in a real browser, and the screenshots of docs/app.md: AIGAN_SCREENSHOTS=docs/img make e2e writes them."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from aigan.pictures import read
from tests.serving import served

EXAMPLES = Path(__file__).parents[2] / "examples"
SHOTS = os.environ.get("AIGAN_SCREENSHOTS")
LOADED = """name => {
  const images = [...document.querySelectorAll(`#${name} img`)];
  return images.length > 1 && images.every(image => image.complete && image.naturalWidth > 0);
}"""


@pytest.fixture(scope="module")
def app(serve: Callable[..., str]) -> str:
    return serve("app")


@pytest.fixture
def opened(app: str, page: Any) -> Iterator[Any]:
    """The page of the app, whose every request stays on this machine and whose console has no errors."""
    strangers: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: strangers.append(request.url))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(app)
    page.wait_for_selector("#restore-picture input", state="attached")
    yield page
    assert not [url for url in strangers if not url.startswith((app, "data:", "blob:"))]
    assert not errors


def shoot(page: Any, name: str) -> None:
    if SHOTS:
        page.wait_for_timeout(1000)
        page.screenshot(path=Path(SHOTS) / f"app-{name}.jpg", type="jpeg", quality=80, full_page=True)


def drop(page: Any, picture: Path) -> None:
    page.set_input_files("#restore-picture input[type=file]", str(picture))
    page.wait_for_function(LOADED, arg="restore-slider", timeout=60_000)


def after(page: Any) -> str:
    """The address of the restored picture that is shown."""
    return str(page.evaluate("() => [...document.querySelectorAll('#restore-slider img')].map(i => i.src).join(' ')"))


def test_a_picture_is_restored_and_the_strength_changes_it(opened: Any) -> None:
    drop(opened, EXAMPLES / "rocket-rain-heavy.png")
    opened.wait_for_selector("#found :text('derain-s: streaks')")
    shoot(opened, "restore")
    strength = opened.get_by_role("slider", name="range slider for Strength")
    full = after(opened)
    strength.fill("0.5")
    opened.wait_for_function(
        "full => ![...document.querySelectorAll('#restore-slider img')].every(i => full.includes(i.src))", arg=full
    )
    assert "strength-0.50" in after(opened)
    with opened.expect_download() as download:
        opened.click("#download")
    assert download.value.suggested_filename == "rocket-rain-heavy.restored.png"
    half = read(download.value.path().read_bytes()).pixels
    strength.fill("0")
    opened.wait_for_function(
        "() => [...document.querySelectorAll('#restore-slider img')].some(i => i.src.includes('strength-0.00') )"
    )
    given = read(EXAMPLES / "rocket-rain-heavy.png").pixels
    assert half.shape == given.shape
    assert 0.01 < np.abs(half - given).mean() < 0.2


def test_an_example_is_taken(opened: Any) -> None:
    opened.locator("button.gallery-item:visible").nth(1).click()
    opened.wait_for_function(LOADED, arg="restore-slider", timeout=60_000)
    opened.wait_for_selector("#found :text('dehaze-s: veil')")


def test_what_is_no_picture_is_said_so_in_a_sentence(opened: Any) -> None:
    opened.set_input_files("#restore-picture input[type=file]", str(EXAMPLES / "README.md"))
    message = opened.wait_for_selector(".toast-body").inner_text()
    assert "README.md is not a picture of a kind that is known" in message
    assert tempfile.gettempdir() not in message


def test_a_degraded_picture_is_compared(opened: Any) -> None:
    opened.get_by_role("tab", name="Degrade").click()
    opened.locator("button.gallery-item:visible").nth(1).click()
    opened.wait_for_function(LOADED, arg="degrade-slider", timeout=60_000)
    shoot(opened, "degrade")
    opened.get_by_role("button", name="Compare methods on it").click()
    opened.get_by_text("Point at a picture").wait_for()
    opened.get_by_text("temple-clean.degraded").locator("visible=true").first.wait_for()
    opened.get_by_role("button", name="Compare", exact=True).click()
    opened.wait_for_selector(".panel img", timeout=60_000)
    assert opened.locator(".panel").count() == 3
    assert "dB" in opened.locator(".panel figcaption").nth(1).inner_text()
    opened.locator(".panel img").nth(1).hover(position={"x": 100, "y": 60})
    places = opened.evaluate("() => [...document.querySelectorAll('.zoom')].map(z => z.style.backgroundPosition)")
    assert len(set(places)) == 1
    assert places[0]
    shoot(opened, "compare")


def test_a_phone_in_the_dark(app: str, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = context.new_page()
    page.goto(app)
    drop(page, EXAMPLES / "cat-noise.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.body.classList.contains('dark')")
    context.close()


def test_two_users_see_their_own_pictures(app: str, browser: Any) -> None:
    users = [browser.new_context() for _ in range(2)]
    pages = [user.new_page() for user in users]
    for page, name in zip(pages, ("cat-noise.png", "temple-haze.png"), strict=True):
        page.goto(app)
        drop(page, EXAMPLES / name)
    widths = [page.evaluate("() => document.querySelector('#restore-slider img').naturalWidth") for page in pages]
    assert widths == [read(EXAMPLES / name).pixels.shape[1] for name in ("cat-noise.png", "temple-haze.png")]
    for user in users:
        user.close()


def test_a_full_queue_is_said_to_be_full_and_nothing_is_left_behind() -> None:
    before = {*Path(tempfile.gettempdir()).glob("aigan-app-*")}
    with served("app", "--max-waiting", "1") as address, httpx.Client(verify=False, timeout=60) as http:
        content = (EXAMPLES / "temple-haze.png").read_bytes()
        (path,) = http.post(f"{address}/gradio_api/upload", files={"files": ("a.png", content)}).json()
        data = [{"path": path, "meta": {"_type": "gradio.FileData"}}, "all", 1]

        def ask(number: int) -> httpx.Response:
            return http.post(f"{address}/gradio_api/call/restore", json={"data": data})

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(ask, range(20)))
        assert {answer.status_code for answer in answers} == {200, 503}
        refused = next(answer for answer in answers if answer.status_code == 503)
        assert refused.json()["detail"].startswith("Queue is full")
        assert {*Path(tempfile.gettempdir()).glob("aigan-app-*")} - before
    assert not {*Path(tempfile.gettempdir()).glob("aigan-app-*")} - before


def test_cancel_ends_the_work(app: str, page: Any, tmp_path: Path) -> None:
    from aigan.pictures import write

    pixels = np.random.default_rng(0).uniform(0, 1, (2500, 2500, 3)).astype(np.float32)
    write(pixels, tmp_path / "large.jpg")
    page.goto(app)
    page.wait_for_selector("#restore-picture input", state="attached")
    page.set_input_files("#restore-picture input[type=file]", str(tmp_path / "large.jpg"))
    page.wait_for_selector("text=Restoring", timeout=60_000)
    page.get_by_role("button", name="Cancel").locator("visible=true").click()
    started = time.monotonic()
    drop_small = page.context.new_page()
    drop_small.goto(app)
    drop(drop_small, EXAMPLES / "cat-noise.png")  # waits for the work before it, which is over
    assert page.locator("#restore-slider img").count() == 0
    assert time.monotonic() - started < 60

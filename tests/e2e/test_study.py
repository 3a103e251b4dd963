"""An assessor in a real browser: the study by keyboard alone, zoom in step, and the way back after a closed tab."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aigan.pictures import write
from aigan.study.ballots import Ballots
from aigan.study.create import create_study
from aigan.study.manifest import read_study

METHODS = ("w", "x", "y", "z")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A study of three pictures, one of them upright, for two assessors."""
    rng = np.random.default_rng(0)
    for name in ("rainy", *METHODS):
        (tmp_path / name).mkdir()
        for number, size in enumerate(((80, 120), (120, 80), (60, 160))):
            write(rng.random((*size, 3), np.float32), tmp_path / name / f"{number}.png")
    methods = [f"{name}={tmp_path / name}" for name in METHODS]
    create_study(tmp_path / "study", methods=methods, pictures=tmp_path / "rainy", assessors=2)
    return tmp_path / "study"


@pytest.fixture
def link(serve: Any, folder: Path) -> str:
    """An invitation."""
    token = (folder / "invitations.txt").read_text().split()[0].rstrip("/").rpartition("/")[2]
    return f"{serve('study', 'serve', folder)}/{token}/"


@pytest.fixture
def page(page: Any) -> Any:
    """A page on which nothing goes wrong in silence."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    yield page
    assert [problem for problem in problems if "Failed to load resource" not in problem] == []


def chosen(folder: Path) -> list[str]:
    """The Ids of the results that were voted for."""
    outputs = {shown.name: shown.outputs for shown in read_study(folder).pictures}
    ballots = Ballots(folder / "ballots.sqlite3")
    votes = [outputs[vote.picture][vote.method] for vote in ballots.votes()]
    ballots.close()
    return votes


def start(page: Any, link: str) -> None:
    page.goto(link)
    page.get_by_role("button", name="I agree, start").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Picture 1 of 3").wait_for()


def checked(page: Any) -> str:
    return page.evaluate("document.querySelector('input:checked')?.value ?? ''")


def zoom(page: Any) -> list[float]:
    style = "getComputedStyle(document.getElementById('panels'))"
    return page.evaluate(f"['--zoom', '--x', '--y'].map((name) => Number({style}.getPropertyValue(name)))")


def test_the_study_is_completed_by_keyboard_alone(page: Any, link: str, folder: Path) -> None:
    start(page, link)
    page.keyboard.press("Enter")  # nothing is chosen yet
    assert chosen(folder) == []
    votes = []
    for number, keys in enumerate((["3"], ["ArrowDown", "ArrowRight"], ["Tab", "Space", "2"]), 1):
        page.get_by_text(f"Picture {number} of 3").wait_for()
        for key in keys:
            page.keyboard.press(key)
        votes.append(checked(page))
        letter = "ABCD"[page.evaluate("[...document.querySelectorAll('input')].findIndex((one) => one.checked)")]
        assert letter == "CBB"[number - 1]
        assert page.get_by_role("button", name=f"Vote for {letter}").is_enabled()
        ring = "getComputedStyle(document.querySelector('.panel:has(:checked)')).outlineStyle"
        assert page.evaluate(ring) == "solid"  # focus can be seen
        page.keyboard.press("Enter")
    page.get_by_role("heading", name="Thank you").wait_for()
    assert sorted(chosen(folder)) == sorted(votes)
    assert page.context.cookies() == []


def test_zoom_is_the_same_in_all_panels(page: Any, link: str) -> None:
    start(page, link)
    for key in ("+", "+", "Shift+ArrowRight", "Shift+ArrowDown"):
        page.keyboard.press(key)
    by_keys = zoom(page)
    assert by_keys[0] == pytest.approx(2.25)
    assert by_keys[1:] == pytest.approx([0.5 - 0.5 / 2.25 + 0.1 / 2.25] * 2)
    transforms = page.evaluate(
        "[...document.querySelectorAll('.view img')].map((image) => getComputedStyle(image).transform)"
    )
    assert len(transforms) == 5
    assert len(set(transforms)) == 1
    page.keyboard.press("0")
    assert zoom(page) == [1, 0, 0]
    box = page.locator(".view").nth(2).bounding_box()
    x, y = box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"]
    page.mouse.move(x, y)
    page.mouse.wheel(0, -300)
    page.wait_for_function("getComputedStyle(document.getElementById('panels')).getPropertyValue('--zoom') > 2.7")
    e = float(np.e)
    assert zoom(page) == pytest.approx([e, 0.75 * (1 - 1 / e), 0.25 * (1 - 1 / e)], abs=2e-3)  # what is below it stays
    page.mouse.down()
    page.mouse.move(x + 0.1 * box["width"], y, steps=4)
    page.mouse.up()
    assert zoom(page)[1] == pytest.approx(0.75 * (1 - 1 / e) - 0.1 / e, abs=2e-3)
    assert checked(page) == ""  # a drag is no choice
    page.mouse.click(x, y)
    assert checked(page) != ""


def test_a_closed_tab_goes_on_where_it_was(page: Any, link: str, folder: Path) -> None:
    start(page, link)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.get_by_text("Picture 2 of 3").wait_for()
    shown = "[...document.querySelectorAll('input')].map((one) => one.value)"
    order = page.evaluate(shown)
    page.reload()
    page.get_by_text("Picture 2 of 3").wait_for()
    assert page.evaluate(shown) == order
    other = page.context.new_page()
    other.goto(link)
    other.get_by_text("Picture 2 of 3").wait_for()
    for tab, key in ((page, "1"), (other, "2")):
        tab.keyboard.press(key)
        tab.keyboard.press("Enter")
        tab.get_by_text("Picture 3 of 3").wait_for()
    assert "voted on this picture already" in other.get_by_role("alert").inner_text()
    assert len(chosen(folder)) == 2
    assert order[0] in chosen(folder)


def test_a_vote_waits_for_a_server_that_is_away(page: Any, link: str, folder: Path) -> None:
    start(page, link)
    page.route("**/votes/**", lambda route: route.fulfill(status=503))
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    page.get_by_text("Trying again").wait_for()
    assert chosen(folder) == []
    page.unroute("**/votes/**")
    page.get_by_text("Picture 2 of 3").wait_for()
    assert len(chosen(folder)) == 1


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844), (1920, 1000)])
def test_all_panels_fit_into_the_window(page: Any, link: str, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    start(page, link)
    for _ in range(3):
        boxes = [panel.bounding_box() for panel in page.locator(".panel").all()]
        footer = page.locator("footer").bounding_box()
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
        assert all(box["y"] + box["height"] <= footer["y"] for box in boxes)
        assert page.evaluate("document.documentElement.scrollHeight") <= height
        assert max(max(box["width"], box["height"]) for box in boxes) > 150
        page.keyboard.press("1")
        heading = page.title()
        page.keyboard.press("Enter")
        page.wait_for_function("(heading) => document.title !== heading || !thanks.hidden", arg=heading)

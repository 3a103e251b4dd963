"""What happens on the page and in the API: from what was sent to the work, and back to what is shown."""

from __future__ import annotations

import time
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr
import msgspec

from aigan.app import comparing, degrading
from aigan.app.folder import Folder
from aigan.app.limits import Limits
from aigan.app.restoring import Restored, restore
from aigan.app.sentences import in_one_sentence, without_folders
from aigan.app.work import Work
from aigan.errors import AiganError
from aigan.interference import Interference
from aigan.restore import untouched

_PROGRESS = gr.Progress()  # Gradio finds it as a default, and gives each call its own

Shown = tuple[str, str]  # before and after


class Handlers:
    """One for a server; what belongs to a user is in the arguments, so that no two are mixed up."""

    def __init__(self, folder: Folder, limits: Limits) -> None:
        self.folder, self.limits = folder, limits
        self.work = Work(seconds=limits.seconds)

    @in_one_sentence
    def show_restored(
        self, picture: str | None, task: str, strength: float, request: gr.Request, progress: gr.Progress = _PROGRESS
    ) -> tuple[Restored | None, Shown | None, str | None, str | None, str]:
        """For the page: what is kept, before and after, the maps, what was found; nothing where nothing is given."""
        if picture is None:
            return None, None, None, None, ""
        started = time.perf_counter()
        result = self._restore(picture, task, request, progress)
        found = f"{_found(result)} ({time.perf_counter() - started:.1f} s)"
        error = result.expected_error
        return (
            result,
            self.show_strength(result, strength),
            str(result.interference),
            str(error) if error else None,
            found,
        )

    @in_one_sentence
    def show_strength(self, result: Restored | None, strength: float) -> Shown | None:
        """For the page: before and after, at another strength."""
        return (str(result.shown(0)), str(result.shown(strength))) if result else None

    @in_one_sentence
    def file(self, result: Restored | None, strength: float) -> str:
        """For the page: the file to download."""
        if result is None:
            raise AiganError("there is nothing to download yet: drop a picture or take an example")
        return str(result.file(strength))

    @in_one_sentence
    def restore(
        self, picture: str | None, task: str, strength: float, request: gr.Request, progress: gr.Progress = _PROGRESS
    ) -> tuple[str, str, str | None, str]:
        """For the API: the restored picture, the maps, and what was found."""
        result = self._restore(_given(picture), task, request, progress)
        error = result.expected_error
        return str(result.file(strength)), str(result.interference), str(error) if error else None, _found(result)

    def _restore(self, picture: str, task: str, request: gr.Request, progress: gr.Progress) -> Restored:
        progress(0, desc="Looking at the picture")
        with self.work.under_way(_session(request)) as watch:
            return restore(
                Path(picture),
                self.folder.new(),
                task=task,
                max_pixels=self.limits.pixels,
                watch=watch,
                on_progress=lambda share: progress(share, desc="Restoring"),
            )

    @in_one_sentence
    def degrade(
        self,
        picture: str | None,
        kind: degrading.Kind,
        sigma_255: float,
        amount: float,
        length_px: float,
        angle_deg: float,
        brightness: float,
        thickness: float,
        air_light: float,
        seed: float,
    ) -> tuple[Shown | None, str | None]:
        """Before and after, and the file; nothing where nothing is given."""
        if picture is None:
            return None, None
        model: Interference
        if kind == "haze":
            model = degrading.haze(thickness=thickness, air_light=air_light)
        elif kind == "noise":
            model = degrading.noise(sigma_255=sigma_255)
        else:
            model = degrading.rain(amount=amount, length_px=length_px, angle_deg=angle_deg, brightness=brightness)
        result = degrading.degrade(
            Path(picture), self.folder.new(), model, seed=int(seed), max_pixels=self.limits.pixels_in_memory
        )
        return (str(result.clean_shown), str(result.degraded_shown)), str(result.file)

    @in_one_sentence
    def show_compared(
        self,
        picture: str | None,
        clean: str | None,
        methods: list[str],
        sigma_255: float,
        request: gr.Request,
        progress: gr.Progress = _PROGRESS,
    ) -> str:
        """For the page: the pictures side by side, each with its zoom box; nothing where nothing is given."""
        if picture is None:
            return ""
        return _panels(list(self._compare(picture, clean, methods, sigma_255, request, progress)))

    @in_one_sentence
    def compare(
        self,
        picture: str | None,
        clean: str | None,
        methods: list[str],
        sigma_255: float,
        request: gr.Request,
        progress: gr.Progress = _PROGRESS,
    ) -> tuple[list[str], list[dict[str, Any]]]:
        """For the API: a picture for each method that did not fail, and a figure for each."""
        results = list(self._compare(_given(picture), clean, methods, sigma_255, request, progress))
        files = [str(result.picture) for result in results if result.picture]
        figures = [
            {"method": result.method, "psnr": result.psnr, "seconds": result.seconds, "error": result.error}
            for result in results
        ]
        return files, figures

    def _compare(
        self,
        picture: str,
        clean: str | None,
        methods: list[str],
        sigma_255: float,
        request: gr.Request,
        progress: gr.Progress,
    ) -> Iterator[comparing.Compared]:
        chosen = list(dict.fromkeys(methods))
        with self.work.under_way(_session(request)) as watch:
            for result in comparing.compare(
                Path(picture),
                Path(clean) if clean else None,
                self.folder.new(),
                chosen=chosen,
                sigma_255=sigma_255,
                max_pixels=self.limits.pixels_in_memory,
                watch=watch,
                on_method=lambda number, method: progress(number / len(chosen), desc=method),
            ):
                yield msgspec.structs.replace(result, error=without_folders(result.error))

    def stop(self, request: gr.Request) -> None:
        """Stop what is under way for the session that asks: its Cancel was pressed, or its page was closed."""
        self.work.stop(_session(request))


def _given(picture: str | None) -> str:
    if picture is None:
        raise AiganError("there is no picture in this request: upload one, and name it by its path")
    return picture


def _session(request: gr.Request) -> str:
    return request.session_hash or ""


def _found(result: Restored) -> str:
    """What was found and done, in words."""
    height, width = result.size
    reason = f": {result.reason}" if result.reason else ""
    notes = "".join(f"; {note}" for note in result.form.notes)
    if result.model == untouched.NAME:
        return f"left as it is{reason} (if you see some, say what to remove); {width} × {height} px{notes}"
    return f"{result.model}{reason}; {width} × {height} px{notes}"


def _panels(results: list[comparing.Compared]) -> str:
    return f'<div class="panels">{"".join(map(_panel, results))}</div>'


def _panel(result: comparing.Compared) -> str:
    """A picture that page.js zooms into, under its name and its figures."""
    name = escape(result.method)
    if result.picture is None:
        return f'<figure class="panel"><figcaption><b>{name}</b> {escape(result.error)}</figcaption></figure>'
    address = f"gradio_api/file={quote(str(result.picture))}"
    figures = "" if result.psnr is None else f" {result.psnr:.2f} dB"
    seconds = f", {result.seconds:.1f} s" if result.seconds else ""
    return (
        f'<figure class="panel"><figcaption><b>{name}</b>{figures}{seconds}</figcaption>'
        f'<img src="{address}" alt="{name}" draggable="false"><div class="zoom" aria-hidden="true"></div></figure>'
    )

"""What is seen: three tabs, and which handler answers what is done in them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import gradio as gr

from aigan.app.comparing import PROTOCOL, methods
from aigan.app.examples import examples
from aigan.app.folder import Folder
from aigan.app.handlers import Handlers
from aigan.app.limits import Limits
from aigan.app.restoring import write_shown
from aigan.pictures import thumbnail
from aigan.restore.comparison import ERROR_GAIN

TASKS = [("Auto", "auto"), ("Rain", "derain"), ("Haze", "dehaze"), ("Noise", "denoise"), ("Any of them", "all")]
COMPARED = ["derain-s", "all-s"]  # until others are chosen
THUMBNAIL_PX = 240

HERE = Path(__file__).parent
STYLE = (HERE / "page.css").read_text(encoding="utf-8")
SCRIPT = f"<script>{(HERE / 'page.js').read_text(encoding='utf-8')}</script>"
# fonts of the system, for nothing is loaded from anywhere else
FONTS = [gr.themes.Font(name) for name in ("Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif")]
MONOSPACE = [gr.themes.Font(name) for name in ("Consolas", "Menlo", "DejaVu Sans Mono", "monospace")]
THEME = gr.themes.Soft(font=FONTS, font_mono=MONOSPACE)

# How events are answered: HEAVY ones wait for each other, and so do LONG ones; QUICK ones only take what was computed.
HEAVY: dict[str, Any] = {"concurrency_id": "heavy", "concurrency_limit": 1}
LONG: dict[str, Any] = {"concurrency_id": "long", "concurrency_limit": 1}
QUICK: dict[str, Any] = {"concurrency_id": "quick", "concurrency_limit": 4, "show_progress": "hidden"}
OF_THE_PAGE: dict[str, Any] = {"api_visibility": "private"}


class RestoreTab(NamedTuple):
    """What other tabs reach in this one."""

    picture: gr.File


class DegradeTab(NamedTuple):
    """What other tabs reach in this one."""

    clean: gr.File
    degraded: gr.File
    to_restore: gr.Button
    to_compare: gr.Button


class CompareTab(NamedTuple):
    """What other tabs reach in this one."""

    picture: gr.File
    clean: gr.File


def page(folder: Folder, limits: Limits) -> gr.Blocks:
    """The page, which keeps its files in `folder`; it is not served yet."""
    handlers = Handlers(folder, limits)
    blocks = gr.Blocks(title="AI-GAN", analytics_enabled=False, fill_width=True)
    with blocks:
        gr.Markdown(
            "# AI-GAN\nTakes rain, haze and noise out of photographs. What you upload is deleted after an hour."
        )
        with gr.Tabs() as tabs:
            with gr.Tab("Restore", id="restore"):
                restore = _restore_tab(handlers, folder)
            with gr.Tab("Degrade", id="degrade"):
                degrade = _degrade_tab(handlers, folder)
            with gr.Tab("Compare", id="compare"):
                compare = _compare_tab(handlers, folder)
        degrade.to_restore.click(
            lambda degraded: (degraded, gr.Tabs(selected="restore")),
            degrade.degraded,
            [restore.picture, tabs],
            **QUICK,
            **OF_THE_PAGE,
        )
        degrade.to_compare.click(
            lambda degraded, clean: (degraded, clean, gr.Tabs(selected="compare")),
            [degrade.degraded, degrade.clean],
            [compare.picture, compare.clean, tabs],
            **QUICK,
            **OF_THE_PAGE,
        )
        blocks.unload(handlers.stop)
    blocks.queue(max_size=limits.waiting, default_concurrency_limit=1, api_open=False)
    return blocks


def _restore_tab(handlers: Handlers, folder: Folder) -> RestoreTab:
    kept = gr.State(None)
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            picture = gr.File(label="Drop a picture", height=160, elem_id="restore-picture")
            example = _examples([pair.degraded for pair in examples()], folder)
            task = gr.Radio(TASKS, value="auto", label="What to remove")
        with gr.Column(scale=2, min_width=320):
            slider = _before_and_after("restore-slider")
            strength = gr.Slider(
                0, 2, 1, step=0.05, label="Strength", info="0 leaves the picture, 1 removes all that was found"
            )
            found = gr.Markdown(elem_id="found")
            with gr.Row():
                download = gr.Button("Download", variant="primary", elem_id="download")
                cancel = gr.Button("Cancel")
            with gr.Row():
                interference = _map("What was removed (gray: nothing)")
                error = _map(f"Expected error, {ERROR_GAIN} times (bright: unsure)")
    file = gr.DownloadButton(visible="hidden", elem_id="restored-file")
    restoring = gr.on(
        [picture.change, task.input],
        handlers.show_restored,
        [picture, task, strength],
        [kept, slider, interference, error, found],
        show_progress_on=slider,
        trigger_mode="always_last",
        **HEAVY,
        **OF_THE_PAGE,
    )
    strength.input(handlers.show_strength, [kept, strength], slider, trigger_mode="always_last", **QUICK, **OF_THE_PAGE)
    download.click(handlers.file, [kept, strength], file, **QUICK, **OF_THE_PAGE).success(
        None, js="() => document.querySelector('#restored-file').click()"
    )
    cancel.click(handlers.stop, cancels=restoring, queue=False, **OF_THE_PAGE)
    example.click(lambda number: _path(folder, examples()[number].degraded), example, picture, **QUICK, **OF_THE_PAGE)
    _for_the_api(
        handlers.restore,
        [picture, task, strength],
        [_file("restored"), _file("interference"), _file("expected error"), gr.Textbox(label="found", visible=False)],
        "restore",
        HEAVY,
    )
    return RestoreTab(picture)


def _degrade_tab(handlers: Handlers, folder: Folder) -> DegradeTab:
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            clean = gr.File(label="Drop a clean picture", height=160)
            example = _examples([pair.clean for pair in examples()], folder)
            kind = gr.Radio([("Rain", "rain"), ("Haze", "haze"), ("Noise", "noise")], value="rain", label="What to add")
            with gr.Group() as rain:
                amount = gr.Slider(0.05, 1, 0.3, step=0.05, label="Amount")
                length_px = gr.Slider(5, 120, 40, step=1, label="Length of the streaks in pixels")
                angle_deg = gr.Slider(-45, 45, 10, step=1, label="Angle in degrees")
                brightness = gr.Slider(0, 1, 0.5, step=0.05, label="Brightness")
            with gr.Group(visible=False) as haze:
                thickness = gr.Slider(0, 4, 1.2, step=0.1, label="Thickness at the farthest point")
                air_light = gr.Slider(0.5, 1, 0.9, step=0.01, label="Brightness of the haze")
            with gr.Group(visible=False) as noise:
                sigma_255 = gr.Slider(0, 100, 25, step=1, label="Standard deviation in gray levels of 255")
            seed = gr.Slider(0, 99, 0, step=1, label="Seed")
        with gr.Column(scale=2, min_width=320):
            slider = _before_and_after("degrade-slider")
            degraded = gr.File(label="The degraded picture", interactive=False, height=90)
            with gr.Row():
                to_restore = gr.Button("Restore it")
                to_compare = gr.Button("Compare methods on it")
    sliders = [sigma_255, amount, length_px, angle_deg, brightness, thickness, air_light, seed]
    gr.on(
        [clean.change, kind.input, *(slider.release for slider in sliders)],
        handlers.degrade,
        [clean, kind, *sliders],
        [slider, degraded],
        trigger_mode="always_last",
        show_progress_on=slider,
        api_name="degrade",
        **HEAVY,
    )
    groups = {"rain": rain, "haze": haze, "noise": noise}
    kind.input(
        lambda chosen: [gr.Group(visible=name == chosen) for name in groups],
        kind,
        list(groups.values()),
        **QUICK,
        **OF_THE_PAGE,
    )
    example.click(lambda number: _path(folder, examples()[number].clean), example, clean, **QUICK, **OF_THE_PAGE)
    return DegradeTab(clean, degraded, to_restore, to_compare)


def _compare_tab(handlers: Handlers, folder: Folder) -> CompareTab:
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            picture = gr.File(label="Drop a picture", height=160)
            clean = gr.File(label="The same, clean, if there is one", height=160)
        with gr.Column(scale=2, min_width=320):
            example = _examples([pair.degraded for pair in examples()], folder)
            chosen = gr.CheckboxGroup(methods(), value=COMPARED, label="Methods")
            sigma_255 = gr.Slider(0, 100, 25, step=1, label="Noise, for methods that must be told it (gray levels)")
            with gr.Row():
                start = gr.Button("Compare", variant="primary")
                cancel = gr.Button("Cancel")
    gr.Markdown(f"Point at a picture to enlarge the same place in all. {PROTOCOL}.")
    panels = gr.HTML(elem_id="panels", min_height=200)
    comparing = start.click(
        handlers.show_compared,
        [picture, clean, chosen, sigma_255],
        panels,
        show_progress="full",
        **HEAVY,
        **OF_THE_PAGE,
    )
    cancel.click(handlers.stop, cancels=comparing, queue=False, **OF_THE_PAGE)
    example.click(
        lambda number: [_path(folder, file) for file in examples()[number]],
        example,
        [picture, clean],
        **QUICK,
        **OF_THE_PAGE,
    )
    _for_the_api(
        handlers.compare,
        [picture, clean, chosen, sigma_255],
        [_file("pictures", file_count="multiple"), gr.JSON(label="figures", visible=False)],
        "compare",
        LONG,
    )
    return CompareTab(picture, clean)


def _before_and_after(name: str) -> gr.ImageSlider:
    return gr.ImageSlider(
        label="Before and after",
        type="filepath",
        interactive=False,
        elem_id=name,
        max_height=640,
        buttons=["fullscreen"],
    )


def _map(label: str) -> gr.Image:
    return gr.Image(label=label, type="filepath", interactive=False, min_width=200, buttons=["fullscreen"])


def _path(folder: Folder, example: Path) -> str:
    return str(folder.fixed / example.name)


def _examples(pictures: list[Path], folder: Folder) -> gr.Dataset:
    """Pictures to click on, which are copied to where uploads are."""
    samples = []
    for picture in pictures:
        shutil.copy(picture, _path(folder, picture))
        small = folder.fixed / f"{picture.stem}-small.jpg"
        write_shown(thumbnail(picture, longest_side=THUMBNAIL_PX).pixels, small)
        samples.append([str(small)])
    image = gr.Image(render=False)
    return gr.Dataset(label="or take an example", components=[image], samples=samples, type="index")


def _file(label: str, *, file_count: Literal["single", "multiple"] = "single") -> gr.File:
    return gr.File(label=label, file_count=file_count, visible=False)


def _for_the_api(
    handler: Callable[..., Any], inputs: list[Any], outputs: list[Any], name: str, answered: dict[str, Any]
) -> None:
    """Offer a handler to clients of the API alone; nothing of it is seen."""
    gr.Button(visible=False).click(handler, inputs, outputs, api_name=name, **answered)

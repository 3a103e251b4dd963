"""Make the pictures of docs/tutorial.md and docs/limits.md out of examples/: python docs/example_pictures.py.

Those of the tutorial are what its own commands write, run as they stand there.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import aigan
from aigan.decomposition import Array
from aigan.degrade import degrade
from aigan.evaluate.metrics import psnr
from aigan.interference import Camera
from aigan.pictures import sheet

DOCS = Path(__file__).parent
EXAMPLES = DOCS.parent / "examples"
QUALITY = 88

Box = tuple[int, int, int, int]  # left, top, right, bottom, px
TOWERS: Box = (380, 100, 560, 260)
WHISKERS: Box = (240, 0, 400, 130)
FACE: Box = (100, 60, 280, 200)
ISLAND: Box = (370, 170, 550, 280)
PETALS: Box = (250, 80, 430, 220)


def picture(name: str) -> Array:
    """An example, (H, W, 3) float32 in [0, 1]."""
    with Image.open(EXAMPLES / name) as opened:
        return np.asarray(opened.convert("RGB"), np.float32) / 255


def save(path: Path, pixels: Array) -> None:
    """Write (H, W, 3) in [0, 1] as JPEG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.round(255 * pixels).astype(np.uint8)).save(path, quality=QUALITY)


def tutorial() -> None:
    """Run the tutorial's commands, and keep the sheets that it shows: NAME.comparison.png as NAME.jpg."""
    text = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    aigan ((?:restore|degrade) .*)$", text, re.MULTILINE)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(EXAMPLES, Path(folder) / "examples")
        for command in commands:
            words = shlex.split(command, comments=True)
            run = [sys.executable, "-m", "aigan", *words]
            notes = subprocess.run(run, cwd=folder, check=True, stderr=subprocess.PIPE, text=True).stderr.splitlines()
            if missing := [note for note in notes if note not in text]:
                print(f"the tutorial does not show: {missing}", file=sys.stderr)
        for target in re.findall(r"img/tutorial/([\w-]+)\.jpg", text):
            with Image.open(next(Path(folder).rglob(f"{target}.comparison.png"))) as made:
                save(DOCS / "img" / "tutorial" / f"{target}.jpg", np.asarray(made.convert("RGB"), np.float32) / 255)


def snow() -> None:
    """Run the code of docs/own-interference.md, and keep the temple."""
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "own-interference.md").read_text(encoding="utf-8"), re.DOTALL)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        shutil.copytree(EXAMPLES, "examples")
        exec("".join(blocks), {"__name__": "snow"})
        with Image.open("my-pictures/pairs/degraded/temple-clean.png") as made:
            save(DOCS / "img" / "snow.jpg", np.asarray(made, np.float32) / 255)


def failure(name: str, task: str, given: Array, clean: Array, box: Box | None, *, gain: int = 1) -> None:
    """A sheet of what was given, what came out, and what was taken out; with PSNR against the clean picture, whole."""
    result = aigan.load(task).restore(given)
    before, after = (np.round(255 * np.clip(pixels, 0, 1)) for pixels in (given, np.asarray(result.original)))
    left, top, right, bottom = box or (0, 0, given.shape[1], given.shape[0])
    removed = f"taken out, {gain} times" if gain > 1 else "taken out"
    start = "clean" if given is clean else f"degraded, {psnr(before, 255 * clean):.1f} dB"
    panels = {
        start: before / 255,
        f"{task}, {psnr(after, 255 * clean):.1f} dB": after / 255,
        removed: np.clip(0.5 + 0.5 * gain * result.interference, 0, 1),
    }
    if given is not clean:
        panels["clean"] = clean
    shown = [(caption, pixels[top:bottom, left:right].astype(np.float32)) for caption, pixels in panels.items()]
    save(DOCS / "img" / "limits" / f"{name}.jpg", sheet(shown))


def limits() -> None:
    """The failures of docs/limits.md."""
    rocket, cat = picture("rocket-clean.jpg"), picture("cat-clean.png")
    temple, flower = picture("temple-clean.jpg"), picture("flower-clean.jpg")
    failure("derain-towers", "derain", rocket, rocket, TOWERS, gain=2)
    failure("derain-whiskers", "derain", cat, cat, WHISKERS, gain=2)
    failure("dehaze-island", "dehaze", picture("temple-haze.png"), temple, ISLAND)
    failure("dehaze-clear", "dehaze", rocket, rocket, None, gain=2)
    failure("all-clear", "all", rocket, rocket, None, gain=2)
    failure("denoise-strong", "denoise", degrade(cat, kind="noise", sigma_255=50), cat, FACE)
    camera = degrade(flower, kind=Camera(shot=(0.012, 0.012), quality=(70, 70)))
    failure("denoise-camera", "denoise", camera, flower, PETALS, gain=2)
    failure("denoise-photo-camera", "denoise-photo", camera, flower, PETALS, gain=2)


if __name__ == "__main__":
    tutorial()
    snow()
    limits()

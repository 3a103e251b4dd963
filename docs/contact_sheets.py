"""Make the contact sheets of docs/interference.md: python docs/contact_sheets.py (needs the extra "dev")."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from skimage import data
from sklearn.datasets import load_sample_image

from aigan.interference import HEAVY, LIGHT, Camera, Haze, Interference, Noise, Rain
from aigan.interference.draws import KeyedDraws
from aigan.interference.haze import Scene

FOLDER = Path(__file__).parent / "interference"
SIZE = (270, 400)  # of a cell: height, width
LABEL = 20


def scene(name: str, corner: tuple[int, int]) -> np.ndarray:
    """A cell's clean picture, (1, C, H, W) in [0, 1], cut at its own resolution."""
    whole = load_sample_image(f"{name}.jpg") if name in ("china", "flower") else getattr(data, name)()
    whole = whole[..., None] if whole.ndim == 2 else whole
    cut = whole[corner[0] : corner[0] + SIZE[0], corner[1] : corner[1] + SIZE[1]]
    return np.moveaxis(cut, -1, 0)[None].astype(np.float32) / 255


CHINA, FLOWER = scene("china", (60, 120)), scene("flower", (80, 120))
COFFEE, CHELSEA, CAMERAMAN = scene("coffee", (60, 100)), scene("chelsea", (10, 30)), scene("camera", (40, 60))
ROCKET = scene("rocket", (150, 160))


def transmission(scene: Scene) -> Interference:
    """Shows t instead of the hazy picture."""
    return lambda clean, draws: Haze(beta=(2, 2), scenes=(scene,)).draw(clean, draws).transmission


Cell = tuple[str, np.ndarray, Interference | None]

SHEETS: dict[str, list[Cell]] = {
    "noise": [
        ("clean", CHELSEA, None),
        ("Gaussian, sigma 15", CHELSEA, Noise(sigma_255=(15, 15))),
        ("Gaussian, sigma 25", CHELSEA, Noise(sigma_255=(25, 25))),
        ("Gaussian, sigma 50", CHELSEA, Noise(sigma_255=(50, 50))),
        ("gray, sigma 25", CAMERAMAN, Noise(sigma_255=(25, 25))),
        ("camera, little light", COFFEE, Camera(shot=(0.012, 0.012), quality=(90, 90))),
        ("camera, medium", COFFEE, Camera(shot=(0.002, 0.002), quality=(90, 90))),
        ("camera, JPEG quality 30", COFFEE, Camera(shot=(0.002, 0.002), quality=(30, 30))),
        ("camera, gray", CAMERAMAN, Camera(shot=(0.006, 0.006))),
    ],
    "rain": [
        ("clean", CHINA, None),
        ("rain-light", CHINA, LIGHT),
        ("rain-light", FLOWER, LIGHT),
        ("rain-light", ROCKET, LIGHT),
        ("rain-heavy", CHINA, HEAVY),
        ("rain-heavy", CHINA, HEAVY),
        ("rain-heavy", ROCKET, HEAVY),
        ("rain-heavy, a layer alone", 0 * CHINA, HEAVY),
        ("veil 0.2 to 0.3", ROCKET, Rain(veil=(0.2, 0.3))),
    ],
    "haze": [
        ("clean", CHINA, None),
        ("beta 0.5", CHINA, Haze(beta=(0.5, 0.5), scenes=("ground",))),
        ("beta 1", CHINA, Haze(beta=(1, 1), scenes=("ground",))),
        ("beta 2", CHINA, Haze(beta=(2, 2), scenes=("ground",))),
        ("beta 1", FLOWER, Haze(beta=(1, 1), scenes=("plane",))),
        ("transmission of a plane, beta 2", CHINA, transmission("plane")),
        ("ground under a sky", CHINA, transmission("ground")),
        ("a smooth field", CHINA, transmission("smooth")),
        ("silhouettes", CHINA, transmission("silhouettes")),
    ],
}


def draw(cells: list[Cell]) -> Image.Image:
    """Three cells a row, each with its label; the number of the cell is the key of its draws."""
    height, width = SIZE[0] + LABEL, SIZE[1]
    sheet = Image.new("RGB", (3 * width, -(-len(cells) // 3) * height), "white")
    for number, (label, clean, kind) in enumerate(cells):
        degraded = kind(clean, KeyedDraws(np.array([number]))) if kind else clean
        pixels = np.rint(255 * np.clip(np.moveaxis(degraded[0], 0, -1), 0, 1)).astype(np.uint8)
        left, top = number % 3 * width, number // 3 * height
        sheet.paste(Image.fromarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)).copy()), (left, top + LABEL))
        ImageDraw.Draw(sheet).text((left + 4, top + 4), label, fill="black")
    return sheet


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, cells in SHEETS.items():
        draw(cells).save(FOLDER / f"{name}.jpg", quality=85)

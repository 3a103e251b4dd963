"""How surely test scenes are recognised: run as a script on ../shared/data, this prints the table of docs/data.md."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from aigan.data.folders import list_pictures, read_json, read_rgb
from aigan.data.layouts import find_layout
from aigan.data.test_scenes import (
    BENCHMARKS,
    SAME,
    Signs,
    fingerprint,
    fingerprint_of,
    known_scenes,
    likeness,
    make_scenes,
)

Change = Callable[[Image.Image], Image.Image]


def jpeg(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=15)
    return Image.open(buffer)


def noise(image: Image.Image) -> Image.Image:
    noisy = np.asarray(image) + np.random.default_rng(0).normal(0, 50, (image.height, image.width, 3))
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def fog(image: Image.Image) -> Image.Image:
    t = np.linspace(0.1, 0.4, image.width)[None, :, None]
    return Image.fromarray((np.asarray(image) * t + 230 * (1 - t)).astype(np.uint8))


def crop(share: float) -> Change:
    def crop(image: Image.Image) -> Image.Image:
        dx, dy = round(image.width * share), round(image.height * share)
        return image.crop((dx, dy, image.width - dx, image.height - dy))

    return crop


CHANGES: dict[str, Change] = {
    "JPEG, quality 15": jpeg,
    "gray": lambda image: image.convert("L"),
    "a third of the size": lambda image: image.resize((image.width // 3, image.height // 3), Image.Resampling.BICUBIC),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "mirrored and turned": lambda image: image.transpose(Image.Transpose.TRANSVERSE),
    "last row and column cut": lambda image: image.crop((0, 0, image.width - 1, image.height - 1)),
    "gamma 1.8": lambda image: image.point(lambda value: round(255 * (value / 255) ** 1.8)),
    "noise, σ₂₅₅ 50": noise,
    "fog, t = 0.1 to 0.4": fog,
    "1 % cut on each side": crop(0.01),
    "2.5 % cut on each side": crop(0.025),
    "5 % cut on each side": crop(0.05),
}
PAIRS = ("rain/rain100l", "rain/rain100h", "haze/outdoor", "haze/indoor")


def bsds(data: Path, *, of_benchmarks: bool) -> list[Path]:
    roles = read_json(data / "splits.json", dict[str, list[str]])
    return [
        data / "bsds500" / name for name, of in roles.items() if bool({"cbsd68", "rain100"} & set(of)) == of_benchmarks
    ]


def pictures(data: Path, *folders: str) -> list[Path]:
    return [path for folder in folders for path in list_pictures(data / folder)]


def squeezed(image: Image.Image) -> Signs:
    return fingerprint_of(np.asarray(image.convert("L").resize((64, 64), Image.Resampling.BOX)))


def pairwise(ones: list[Signs], others: list[Signs]) -> np.ndarray:
    return np.array([likeness(one[None], other[None])[0, 0] for one, other in zip(ones, others, strict=True)])


def likeness_when_changed(data: Path, *, every: int = 1) -> Iterator[tuple[str, np.ndarray]]:
    """(what happened to the test scenes, likeness of each to itself)."""
    paths = bsds(data, of_benchmarks=True) + pictures(data, "haze/outdoor/clean", "haze/indoor/clean")
    images = [Image.fromarray(read_rgb(path)) for path in paths[::every]]
    originals = [squeezed(image) for image in images]
    for name, change in CHANGES.items():
        yield name, pairwise(originals, [squeezed(change(image)) for image in images])
    for folder in PAIRS:
        pairs = [pair.read() for pair in find_layout(data / folder).pairs()[::every]]
        yield folder, pairwise(*([squeezed(Image.fromarray(p)) for p in side] for side in zip(*pairs, strict=True)))


def likeness_to_others(data: Path, *, every: int = 1) -> np.ndarray:
    """(N, M): pictures that show no test scene, and the test scenes."""
    paths = bsds(data, of_benchmarks=False) + pictures(
        data, "photos", "haze/train-outdoor/clean", "haze/train-indoor/clean"
    )
    return likeness(np.array([fingerprint(path) for path in paths[::every]]), known_scenes()[1])


def test_test_scenes_are_recognised_whatever_happened_to_them(shared_data):
    for name, like in likeness_when_changed(shared_data, every=20):
        if not name.startswith("5 %"):
            assert np.mean(like > SAME) >= (0.8 if name == "rain/rain100h" else 1), name


def test_other_pictures_are_not_taken_for_test_scenes(shared_data):
    assert likeness_to_others(shared_data, every=2).max() < SAME


def test_the_committed_fingerprints_are_those_of_the_data(shared_data):
    scenes, signs = known_scenes()
    assert {benchmark for scene in scenes for benchmark in scene.benchmarks} == set(BENCHMARKS)
    made = make_scenes(shared_data)
    assert [(scene.benchmarks, scene.name) for scene in made] == [(scene.benchmarks, scene.name) for scene in scenes]
    path = shared_data / "set12/01.png"
    place = [scene.name for scene in scenes if scene.benchmarks == ("set12",)].index("01")
    known = np.array([s for scene, s in zip(scenes, signs, strict=True) if scene.benchmarks == ("set12",)])
    assert likeness(fingerprint(path)[None], known)[0, place] > 0.95


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for what, like in likeness_when_changed(folder):
        print(f"| {what} | {len(like)} | {np.mean(like > SAME):.1%} | {like.min():.2f} |")
    like = likeness_to_others(folder)
    print(f"others: {like.shape}, {np.sum(like > SAME)} taken for test scenes, at most {like.max():.2f}")

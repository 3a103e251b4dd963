r"""Measures the rule of `--task auto` (aigan.restore.inspect): what it decides on pictures of which it is known what is
wrong with them.

    python tools/auto_rule.py DATA                        # pictures for training, degraded here: both halves
    python tools/auto_rule.py DATA --benchmarks FOLDER    # the test pictures, once the rule stands

DATA holds bsds500, splits.json, photos, photos.csv, rain and haze. A row is a kind of picture; the columns say on how
many each decision was made, as if every model were shipped; thresholds are chosen on the even pictures of each kind
and hold on the odd ones. For clean pictures that are treated it then prints what the shipped model changes in them.
"""

from __future__ import annotations

import argparse
import csv
import io
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
from PIL import Image

from aigan.data.folders import (
    Bytes,
    Haze,
    Pair,
    add_haze,
    add_streak,
    depth_scenes,
    list_pictures,
    read_depth,
    read_rgb,
    read_streak,
    streak_layers,
)
from aigan.evaluate.benchmarks import find_benchmark
from aigan.interference import HEAVY, LIGHT, Camera, Interference
from aigan.interference.draws import GeneratorDraws
from aigan.restore import registry, tiles
from aigan.restore.inspect import BLIND, PHOTO, Choice, Measurement, choose, inspect
from aigan.restore.loading import open_restorer

Item = TypeVar("Item")
Made = tuple[str, Callable[[], Bytes]]  # a picture's name, and how it is made
Degrade = Callable[[Bytes, int], Bytes]  # what degrades a picture; the number is its place, and seeds what is drawn
EVERY_MODEL = ("derain", "dehaze", "denoise", PHOTO, BLIND)
DECISIONS = ("left", "derain", "denoise", PHOTO, "dehaze", BLIND)


def training_sets(data: Path, every: int) -> Iterator[tuple[str, list[Made]]]:
    """Kinds of pictures, none of them a test picture; each is one of `every` of its kind."""
    roles = msgspec.json.decode((data / "splits.json").read_bytes(), type=dict[str, list[str]])
    photos = [data / "photos" / row["file"] for row in rows(data / "photos.csv") if row["natural_haze"] != "1"]
    bsds = [data / "bsds500" / name for name, role in sorted(roles.items()) if not {"cbsd68", "rain100"} & {*role}]
    scenes = depth_scenes(data / "haze/train-outdoor")
    light, heavy = (streak_layers(data / "rain" / name, data / "bsds500") for name in ("raintrainl", "heavy"))
    pictures = photos + bsds
    layers = [pair.streak for pair in light if pair.streak]

    def hazy(number: int) -> Bytes:
        """A scene under one of the hazes of SOTS."""
        random = np.random.default_rng((0, number))
        haze = Haze(air_light=random.choice([0.8, 0.85, 0.9, 0.95, 1]), beta=random.choice([0.08, 0.12, 0.16, 0.2]))
        clean = read_rgb(scenes[number].clean)
        return add_haze(clean, read_depth(scenes[number].depth, clean.shape[:2]), haze)  # type: ignore[arg-type]

    def rainy(picture: Bytes, number: int) -> Bytes:
        """With a layer of light rain, repeated where it is too small."""
        layer = read_streak(layers[number % len(layers)])
        times = [-(-side // part) for side, part in zip(picture.shape[:2], layer.shape, strict=True)]
        return add_streak(picture, np.tile(layer, times)[: picture.shape[0], : picture.shape[1]])

    def each(items: list[Path], make: Degrade = unchanged) -> list[Made]:
        made: list[Made] = [
            (path.name, partial(made_of, read_rgb, path, make, number)) for number, path in enumerate(items)
        ]
        return made[::every]

    def of_pairs(items: list[Pair], make: Degrade = unchanged) -> list[Made]:
        made: list[Made] = [
            (pair.name, partial(made_of, first, pair, make, number)) for number, pair in enumerate(items)
        ]
        return made[::every]

    def of_hazy(start: int, make: Degrade = unchanged) -> list[Made]:
        numbers = range(start, len(scenes), 3)
        made: list[Made] = [(scenes[n].name, partial(made_of, hazy, n, make, n)) for n in numbers]
        return made[::every]

    yield "clean: photos", each(photos)
    yield "clean: bsds500", each(bsds)
    yield "clean: scenes of haze", each([one.clean for one in scenes])
    yield "clean: indoor", each(list_pictures(data / "haze/train-indoor/clean"))
    yield "clean: gray", each(photos[::2], lambda picture, _: as_gray(picture))
    yield "clean: JPEG q 50", each(photos[::2], lambda picture, _: as_jpeg(picture, 50))
    yield "clean: JPEG q 75", each(photos[1::2], lambda picture, _: as_jpeg(picture, 75))
    yield "rain: RainTrainL", of_pairs(light)
    yield "rain: heavy", of_pairs(heavy)
    yield "rain: drawn, light", each(pictures[::4], by(LIGHT, 1))
    yield "rain: drawn, heavy", each(pictures[1::4], by(HEAVY, 2))
    for start in range(3):
        yield f"haze: outdoor {start + 1}", of_hazy(start)
    yield "haze: indoor", each(list_pictures(data / "haze/train-indoor/hazy"))
    for sigma in (5, 10, 15, 25, 50):
        yield f"noise: σ {sigma}", each(pictures[sigma % 3 :: 5], noisy(sigma))
    for sigma in (10, 25):
        yield (
            f"noise: σ {sigma}, JPEG q 95",
            each(photos[::2], partial(noisy_jpeg, sigma)),
        )
    yield "noise: gray, σ 15", each(photos[1::2], lambda picture, number: noisy(15)(as_gray(picture), number))
    yield "noise: camera, strong", each(photos, by(Camera(shot=(3e-3, 1.2e-2)), 3))
    yield "noise: camera, faint", each(photos, by(Camera(shot=(1e-4, 3e-3)), 4))
    yield "two: rain, noise σ 15", of_pairs(light[::2], noisy(15))
    yield "two: heavy rain, noise σ 15", of_pairs(heavy[::2], noisy(15))
    yield "two: haze, noise σ 15", of_hazy(0, noisy(15))
    yield "two: haze, rain", of_hazy(1, rainy)
    yield "three", of_hazy(2, lambda picture, number: noisy(15)(rainy(picture, number), number))


def test_sets(data: Path, benchmarks: Path, every: int) -> Iterator[tuple[str, list[Made]]]:
    """The benchmarks' pictures, and real ones without ground truth."""

    def pairs(name: str) -> list[Pair]:
        return find_benchmark(name).pairs(benchmarks)[::every]

    def made(items: list[Pair], which: Callable[[Pair], Bytes], make: Degrade = unchanged) -> list[Made]:
        return [(pair.name, partial(made_of, which, pair, make, number)) for number, pair in enumerate(items)]

    names = ("rain100l", "rain100h", "reside-outdoor", "reside-indoor", "polyu")
    for name in ("cbsd68", *names):
        yield f"clean: {name}", made(pairs(name), second)
    for name in names:
        yield f"degraded: {name}", made(pairs(name), first)
    for sigma in (5, 15, 25, 50):
        yield f"noise: cbsd68, σ {sigma}", made(pairs("cbsd68"), second, noisy(sigma))
    for kind in ("rain", "haze"):
        real = list_pictures(data / kind / "real")
        yield f"real: {kind}", [(path.name, partial(read_rgb, path)) for path in real]


def made_of(read: Callable[[Item], Bytes], item: Item, make: Degrade, number: int) -> Bytes:
    """Read what is given and degrade it."""
    return make(read(item), number)


def first(pair: Pair) -> Bytes:
    """The degraded picture."""
    return pair.read()[0]


def second(pair: Pair) -> Bytes:
    """The clean picture."""
    return pair.read()[1]


def unchanged(picture: Bytes, number: int) -> Bytes:
    """The picture itself."""
    return picture


def by(kind: Interference, seed: int) -> Degrade:
    """Degrade by a model of interference."""

    def degrade(picture: Bytes, number: int) -> Bytes:
        batch = np.moveaxis(picture, -1, 0)[None].astype(np.float32) / np.float32(255)
        return rounded(np.moveaxis(kind(batch, GeneratorDraws(np.random.default_rng((seed, number))))[0], 0, -1))

    return degrade


def noisy(sigma: float) -> Degrade:
    """Add white noise."""

    def degrade(picture: Bytes, number: int) -> Bytes:
        gray = (picture == picture[..., :1]).all()
        shape = (*picture.shape[:2], 1 if gray else 3)
        return rounded(picture / 255 + sigma / 255 * np.random.default_rng((5, number)).standard_normal(shape))

    return degrade


def noisy_jpeg(sigma: float, picture: Bytes, number: int) -> Bytes:
    """White noise, saved as JPEG."""
    return as_jpeg(noisy(sigma)(picture, number), 95)


def rounded(picture: np.ndarray) -> Bytes:
    """As a file has it."""
    pixels: Bytes = np.round(255 * picture.clip(0, 1)).astype(np.uint8)
    return pixels


def as_jpeg(picture: Bytes, quality: int) -> Bytes:
    """After JPEG, colours at half the resolution."""
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "JPEG", quality=quality, subsampling=2)
    return np.array(Image.open(data))


def as_gray(picture: Bytes) -> Bytes:
    """A gray picture in three channels."""
    return np.array(Image.fromarray(picture).convert("L").convert("RGB"))


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, by their first column."""
    with path.open(newline="") as file:
        return sorted(csv.DictReader(file), key=lambda row: next(iter(row.values())))


def measured(picture: Bytes) -> Measurement:
    """As it is measured in a file; gray ones as files of one channel."""
    gray = (picture == picture[..., :1]).all()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.bmp"
        Image.fromarray(picture[..., 0] if gray else picture).save(path)
        return inspect(path)


def changed(picture: Bytes, model: str) -> tuple[float, float]:
    """(mean absolute change, largest change of a channel's mean) by a model, in gray levels of 255."""
    pixels = picture.astype(np.float32) / np.float32(255)
    difference = np.round(255 * tiles.decompose(open_restorer(model, channels=3, parts=()), pixels).original.clip(0, 1))
    difference -= picture
    return float(np.abs(difference).mean()), float(np.abs(difference.mean(axis=(0, 1))).max())


def decision(choice: Choice) -> str:
    """The column."""
    return choice.model or "left"


def report(sets: Iterable[tuple[str, list[Made]]], *, halves: bool, names: bool) -> None:
    """Print the tables."""
    print(f"{'':32}{'n':>5}" + "".join(f"{one:>15}" for one in DECISIONS))
    treated: list[tuple[str, Measurement, Bytes]] = []
    for kind, pictures in sets:
        found = []
        for name, make in pictures:
            picture = make()
            measurement = measured(picture)
            choice = choose(measurement, shipped=EVERY_MODEL)
            found.append(decision(choice))
            if kind.startswith("clean") and choice.task:
                treated.append((f"{kind}, {name}", measurement, picture))
            if names:
                print(f"    {name}: {decision(choice)} ({measurement})")
        for part, decisions in (("even", found[::2]), ("odd", found[1::2])) if halves else (("", found),):
            counts = Counter(decisions)
            numbers = "".join(f"{counts[one] or '·':>15}" for one in DECISIONS)
            print(f"{f'{kind} {part}':32}{len(decisions):5}{numbers}", flush=True)
    print("\nWhat the shipped models change in clean pictures that are treated: mean absolute, of a channel's mean")
    for name, measurement, picture in treated:
        choice = choose(measurement, shipped=registry.shipped())
        change, cast = changed(picture, choice.model)
        print(f"{change:6.2f} {cast:6.2f}  {name}: {choice.model}, {choice.reason}", flush=True)


def main() -> None:
    """Read the arguments and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--benchmarks", type=Path, help="folder of the benchmarks' pictures: measure these")
    parser.add_argument(
        "--every", type=int, default=1, help="only each n-th picture of a kind (an odd n keeps the halves)"
    )
    parser.add_argument("--names", action="store_true", help="print every picture's measurement")
    given = parser.parse_args()
    if given.benchmarks:
        report(test_sets(given.data, given.benchmarks, given.every), halves=False, names=given.names)
    else:
        report(training_sets(given.data, given.every), halves=True, names=given.names)


if __name__ == "__main__":
    main()

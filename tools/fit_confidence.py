r"""Fits the confidence map of a model (aigan.restore.confidence) on the validation pictures of its task.

    python tools/fit_confidence.py DATA dehaze                        # prints the coefficients
    python tools/fit_confidence.py DATA dehaze --write                # and writes them into its weights' header
    python tools/fit_confidence.py DATA dehaze --check BENCHMARKS     # and says how well they do on test pictures

DATA holds photos, photos.csv, rain, haze and bsds500. After --write, `aigan export` makes the ONNX file anew.
The check prints, for the coefficients in the ONNX file and for those fitted now, the rank correlation with the true
error over all blocks and within a picture, and the mean error of a block as predicted and as it is.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import describe
import msgspec
import numpy as np
from PIL import Image

from aigan.data.folders import Bytes, list_pictures, read_rgb
from aigan.data.layouts import find_layout
from aigan.decomposition import Array, Confidence, ModelSpec
from aigan.evaluate.benchmarks import find_benchmark, read_samples
from aigan.interference import HEAVY, LIGHT, Camera, Haze, Interference
from aigan.interference.draws import GeneratorDraws
from aigan.restore import confidence, registry
from aigan.restore.backends import onnx
from aigan.restore.backends.contract import ESTIMATES

CROP = 256  # px, the middle of each picture
SIGMAS = (5, 15, 25, 50)
Sample = tuple[Array, Array]  # degraded and clean, (H, W, C) in [0, 1]
Fitted = tuple[Array, list[Array], Array]  # degraded, estimates of O, clean

# A test picture in so many, to keep the check short.
BENCHMARKS = {
    "denoise": {"cbsd68": 5},
    "denoise-gray": {"bsd68": 5},
    "denoise-photo": {"polyu": 2},
    "derain": {"rain100l": 9, "rain100h": 9},
    "dehaze": {"reside-outdoor": 5, "reside-indoor": 5},
    "all": {"cbsd68": 5, "rain100l": 9, "rain100h": 9, "reside-outdoor": 5, "reside-indoor": 5},
}


def validation(kind: str, data: Path) -> Iterator[Sample]:
    """The pictures of ../shared/PROTOCOLS.md, "Validation", for a kind of model."""
    paths = list_pictures(data / "photos")[::10]
    photos = [middle(read_rgb(path)) for path in paths]
    if kind in ("denoise", "denoise-gray", "all"):
        for number, picture in enumerate(photos):
            clean = gray(picture) if kind == "denoise-gray" else unit(picture)
            noise = np.random.default_rng((0, number)).standard_normal(clean.shape, np.float32)
            yield clean + np.float32(SIGMAS[number % len(SIGMAS)] / 255) * noise, clean
    if kind == "denoise-photo":
        yield from degraded(photos, Camera(), 1)
    if kind in ("derain", "all"):
        for name in ("raintrainl", "heavy"):
            yield from (pair_middle(pair.read()) for pair in find_layout(data / "rain" / name).pairs()[::20])
        yield from degraded(photos[::2], LIGHT, 2)
        yield from degraded(photos[1::2], HEAVY, 3)
    if kind in ("dehaze", "all"):
        yield from (pair_middle(pair.read()) for pair in find_layout(data / "haze/train-outdoor").pairs()[::20])
        indoor = find_layout(data / "haze/train-indoor").pairs()
        last = sorted({pair.clean for pair in indoor})[-4:]
        yield from (pair_middle(pair.read()) for pair in indoor if pair.clean in last)
        clear = [picture for picture, path in zip(photos, paths, strict=True) if path.name not in natural_haze(data)]
        yield from degraded(clear, Haze(scenes=("plane", "ground")), 4)


def natural_haze(data: Path) -> set[str]:
    """The photographs with haze of their own, which are no targets."""
    with (data / "photos.csv").open(newline="") as file:
        return {row["file"] for row in csv.DictReader(file) if row["natural_haze"] == "1"}


def test_middles(kind: str, benchmarks: Path) -> Iterator[tuple[str, list[Sample]]]:
    """The middles of some test pictures of each benchmark."""
    for name, every in BENCHMARKS[kind].items():
        benchmark = find_benchmark(name)
        pairs = benchmark.pairs(benchmarks)[::every]
        yield (
            name,
            [
                (middle(sample.degraded), unit(middle(sample.clean)))
                for sample in read_samples(benchmark, pairs, sigma_255=25, seed=0)
            ],
        )


def degraded(pictures: Sequence[Bytes], kind: Interference, seed: int) -> Iterator[Sample]:
    """Pictures under a model of interference."""
    for number, picture in enumerate(pictures):
        clean = unit(picture)
        draws = GeneratorDraws(np.random.default_rng((seed, number)))
        batch = kind(np.moveaxis(clean, -1, 0)[None], draws)
        yield np.ascontiguousarray(np.moveaxis(batch[0], 0, -1), np.float32), clean


def pair_middle(pair: tuple[Bytes, Bytes]) -> Sample:
    """The middle of a pair."""
    return unit(middle(pair[0])), unit(middle(pair[1]))


def middle(picture: np.ndarray) -> np.ndarray:
    """The middle CROP px."""
    top, left = (max(side - CROP, 0) // 2 for side in picture.shape[:2])
    return picture[top : top + CROP, left : left + CROP]


def unit(picture: Bytes) -> Array:
    """In [0, 1]."""
    return picture.astype(np.float32) / np.float32(255)


def gray(picture: Bytes) -> Array:
    """A gray picture, (H, W, 1)."""
    return unit(np.array(Image.fromarray(picture).convert("L")))[..., None]


def run(path: Path, samples: Iterator[Sample] | list[Sample]) -> list[Fitted]:
    """The model's estimates of O for each picture."""
    restorer = onnx.load(path)
    return [(given, [*restorer.run(given, ESTIMATES).values()], clean) for given, clean in samples]


def kind_of(spec: ModelSpec) -> str:
    """What BENCHMARKS and `validation` call it: its name without the size."""
    return next(kind for kind in sorted(BENCHMARKS, key=len, reverse=True) if spec.name.startswith(kind))


def ranks(values: Array) -> Array:
    """Places in order, which no two blocks of a real picture share."""
    return values.ravel().argsort().argsort().astype(np.float32)


def row(pictures: list[Fitted], given: Confidence) -> str:
    """Spearman over all blocks, within a picture; mean error predicted and true."""
    weights = np.array(given.weights, np.float32)
    predicted = [np.exp(confidence.features(I, estimates) @ weights) for I, estimates, _ in pictures]
    true = [confidence.true_errors(estimates[0], clean) for _, estimates, clean in pictures]

    def spearman(a: Array, b: Array) -> float:
        return float(np.corrcoef(ranks(a), ranks(b))[0, 1])

    flat = [np.concatenate([one.ravel() for one in each]) for each in (predicted, true)]
    within = np.mean([spearman(a, b) for a, b in zip(predicted, true, strict=True)])
    return f"{spearman(*flat):6.2f} {within:8.2f} {flat[0].mean():12.1f} {flat[1].mean():8.1f}"


def main() -> None:
    """Read the arguments, fit, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("model", help="a name of `aigan models`, or an ONNX file with its safetensors file beside it")
    parser.add_argument("--write", action="store_true", help="into the header of the safetensors file")
    parser.add_argument("--check", type=Path, metavar="BENCHMARKS", help="folder of the benchmarks' pictures")
    given = parser.parse_args()
    path = registry.find(given.model)
    spec = onnx.read_spec(path)
    fitted = confidence.fit(run(path, validation(kind_of(spec), given.data)))
    coefficients = msgspec.json.encode(fitted).decode()
    print(f"{spec.name}: {coefficients}")
    if given.check:
        print(f"{'':32}   all   within    predicted     true")
        pooled: dict[str, list[Fitted]] = {}
        for name, samples in test_middles(kind_of(spec), given.check):
            pooled[name] = run(path, samples)
        if len(pooled) > 1:
            pooled["together"] = [picture for pictures in pooled.values() for picture in pictures]
        for name, pictures in pooled.items():
            for which, coefficients_of in (("in the file", spec.confidence), ("fitted", fitted)):
                print(f"{f'{name} ({len(pictures)}), {which}':32}{row(pictures, coefficients_of)}")
    if given.write:
        describe.main(path.with_suffix(".safetensors"), f"confidence={coefficients}")


if __name__ == "__main__":
    main()

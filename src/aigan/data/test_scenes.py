"""Fingerprints of the benchmarks' test scenes, by which a picture is recognised as one of them.

A fingerprint is the signs of the low-frequency cosine coefficients of the picture squeezed into a square (Zauner,
"Implementation and benchmarking of perceptual image hash functions", 2010), in a ring that leaves out the lowest
frequencies: those are what haze and exposure change. Signs do not depend on contrast, and those of a mirrored or
turned picture follow from the picture's own. docs/data.md has the error rates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from aigan.data.folders import list_pictures, read_gray, read_json
from aigan.errors import AiganError

Signs = npt.NDArray[np.float32]  # (331,) of -1 and 1

SAME = 0.36  # likeness of two pictures of one scene; 1 is equal, different scenes scatter around 0 by 0.055

# Benchmarks that are measured on the pictures of a role in splits.json, or below a folder.
_OF_ROLE = {"cbsd68": ("cbsd68", "bsd68", "ybsd68"), "rain100": ("rain100l", "rain100h")}
_OF_FOLDER = {
    "set12": "set12",
    "polyu": "polyu",
    "reside-outdoor": "haze/outdoor/clean",
    "reside-indoor": "haze/indoor/clean",
    "real-rain": "rain/real",
    "real-haze": "haze/real",
}
BENCHMARKS = (*_OF_ROLE["cbsd68"], *_OF_ROLE["rain100"], *_OF_FOLDER)

_FILE = Path(__file__).with_suffix(".json")
_SIDE, _LOWEST, _HIGHEST = 64, 2, 20
_V, _U = np.mgrid[: _HIGHEST + 1, : _HIGHEST + 1]
_RING = (np.hypot(_U, _V) >= _LOWEST) & (np.hypot(_U, _V) <= _HIGHEST)
BITS = int(_RING.sum())
_COSINES = np.cos(np.pi / _SIDE * np.arange(_HIGHEST + 1)[:, None] * (np.arange(_SIDE) + 0.5))


class Scene(msgspec.Struct, frozen=True):
    """A test scene: the benchmarks it belongs to, its name there, and its fingerprint in hexadecimal."""

    benchmarks: tuple[str, ...]
    name: str
    fingerprint: str


def fingerprint(path: Path) -> Signs:
    """The fingerprint of a picture file."""
    now = path.stat() if path.exists() else None
    return _fingerprint(path, now and (now.st_mtime_ns, now.st_size))


@cache
def _fingerprint(path: Path, version: tuple[int, int] | None) -> Signs:
    """Kept, since several sources name the same pictures; of this version of the file."""
    return fingerprint_of(read_gray(path, _SIDE))


def fingerprint_of(gray: npt.NDArray[np.uint8]) -> Signs:
    """The fingerprint of a picture squeezed into 64×64 gray values."""
    spectrum = _COSINES @ gray.astype(np.float64) @ _COSINES.T
    return np.where(spectrum[_RING] >= 0, 1, -1).astype(np.float32)


def likeness(some: Signs, others: Signs) -> npt.NDArray[np.float32]:
    """(N, M) in [−1, 1] for fingerprints (N, 331) and (M, 331): the best over the eight ways to mirror and turn."""
    best = np.full((len(some), len(others)), -1, np.float32)
    grid = np.zeros((len(others), *_RING.shape), np.float32)
    grid[:, _RING] = others
    for upright in (grid, grid.transpose(0, 2, 1)):
        for mirror in (1, (-1.0) ** _U, (-1.0) ** _V, (-1.0) ** (_U + _V)):
            np.maximum(best, some @ (upright * mirror)[:, _RING].astype(np.float32).T / BITS, out=best)
    return best


def recognise(fingerprints: Signs, benchmarks: Iterable[str]) -> Iterator[tuple[int, str, str]]:
    """Yield (index, benchmark, scene) for each test scene that the pictures, given as (N, 331), show."""
    scenes, known = known_scenes()
    asked = set(benchmarks)
    if unknown := asked - set(BENCHMARKS):
        raise AiganError(f"there is no benchmark {min(unknown)}: name some of {', '.join(BENCHMARKS)}")
    for index, scene in np.argwhere(likeness(fingerprints, known) > SAME):
        for benchmark in scenes[scene].benchmarks:
            if benchmark in asked:
                yield int(index), benchmark, scenes[scene].name


@cache
def known_scenes() -> tuple[list[Scene], Signs]:
    """The committed scenes and their fingerprints, (M, 331)."""
    scenes = read_json(_FILE, list[Scene])
    packed = np.array([np.frombuffer(bytes.fromhex(scene.fingerprint), np.uint8) for scene in scenes])
    bits = np.unpackbits(packed, axis=1, count=BITS)
    return scenes, (2.0 * bits - 1).astype(np.float32)


def make_scenes(data: Path) -> list[Scene]:
    """The fingerprints of all test scenes in the project's data folder (`aigan data fingerprint`)."""
    roles = read_json(data / "splits.json", dict[str, list[str]])
    scenes = []
    for name, of in roles.items():
        if benchmarks := tuple(benchmark for role in of for benchmark in _OF_ROLE.get(role, ())):
            scenes.append(_scene(benchmarks, data / "bsds500" / name))
    for benchmark, folder in _OF_FOLDER.items():
        pictures = (path for path in list_pictures(data / folder) if not path.stem.endswith("_real"))
        scenes += [_scene((benchmark,), path) for path in pictures]
    return scenes


def encode_scenes(scenes: Iterable[Scene]) -> bytes:
    """As JSON, a line for each scene."""
    return b"[\n" + b",\n".join(map(msgspec.json.encode, scenes)) + b"\n]\n"


def _scene(benchmarks: tuple[str, ...], path: Path) -> Scene:
    return Scene(benchmarks, path.stem, np.packbits(fingerprint(path) > 0).tobytes().hex())

"""Degrade clean pictures reproducibly: test data that anyone can make again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from aigan.decomposition import Array
from aigan.errors import AiganError
from aigan.files import make_folder
from aigan.interference import HEAVY, LIGHT, Haze, Interference
from aigan.interference.draws import GeneratorDraws
from aigan.interference.noise import add_gaussian
from aigan.pictures import read, write
from aigan.restore import naming
from aigan.restore.naming import Item

Kind = Literal["noise", "rain-light", "rain-heavy", "haze"]
Part = Literal["degraded", "interference"]

# Silhouettes, which train a network well, are at odds with what a picture shows.
_KINDS: dict[str, Interference] = {"rain-light": LIGHT, "rain-heavy": HEAVY, "haze": Haze(scenes=("plane", "ground"))}


def degrade(clean: Array, *, kind: Kind | Interference, sigma_255: float = 25, seed: int = 0, index: int = 0) -> Array:
    """Degrade a picture, (H, W, C) float32 in [0, 1], C = 1 or 3; noise may leave [0, 1]. `kind`: by name, or a model.

    All draws come from numpy's generator of (seed, index): the same picture on every machine, to rounding. `noise` is
    `sigma_255` gray levels of 255 times its standard_normal((C, H, W)).
    """
    draws = GeneratorDraws(np.random.default_rng((seed, index)))
    batch = np.moveaxis(clean, -1, 0)[None]
    if kind == "noise":  # of the generator's first numbers, so that anyone can check it
        degraded = add_gaussian(batch, np.array([sigma_255], np.float32), draws)
    else:
        model = _KINDS[kind] if isinstance(kind, str) else kind
        degraded = model(batch, draws)
    return np.ascontiguousarray(np.moveaxis(degraded[0], 0, -1), np.float32)


@dataclass(frozen=True)
class Result:
    """What became of a picture: the files written, or why there are none."""

    source: Path
    outputs: tuple[Path, ...] = ()
    error: str = ""


def degrade_files(
    inputs: Sequence[str | Path],
    output: str | Path,
    *,
    kind: Kind = "noise",
    sigma_255: float = 25,
    seed: int = 0,
    save: Sequence[Part] = ("degraded",),
    overwrite: bool = False,
    on_result: Callable[[Result, int], None] = lambda result, count: None,
) -> list[Result]:
    """Degrade files, folders or patterns of clean pictures; named as by `restore.naming.plan`, depth as the source's.

    The picture at place i in name order is degraded with the draws of (seed, i). The interference T = I − O is stored
    as 0.5 + T/2 in NAME.interference.EXT. A picture that fails does not stop the rest. `on_result` is called after
    each with the number of pictures. UsageError where the inputs and the output do not fit together.
    """
    parts: tuple[naming.Part, ...] = ("original", "interference") if "interference" in save else ("original",)
    items = sorted(naming.plan(inputs, output, parts=parts), key=lambda item: item.source)
    results = []
    for index, item in enumerate(items):
        try:
            outputs = _degrade_file(item, kind, sigma_255, (seed, index), save, overwrite)
            result = Result(item.source, outputs)
        except AiganError as error:
            result = Result(item.source, error=str(error))
        results.append(result)
        on_result(result, len(items))
    return results


def _degrade_file(
    item: Item, kind: Kind, sigma_255: float, key: tuple[int, int], save: Sequence[Part], overwrite: bool
) -> tuple[Path, ...]:
    if item.target.exists() and item.target.samefile(item.source):
        raise AiganError(f"{item.source} would be overwritten by its own result: name another output")
    clean = read(item.source)
    degraded = degrade(clean.pixels, kind=kind, sigma_255=sigma_255, seed=key[0], index=key[1])
    interference = np.float32(0.5) * (1 + degraded - clean.pixels)
    parts = {"degraded": (item.target, degraded), "interference": (item.output("interference"), interference)}
    outputs = [parts[part] for part in save]
    for path, pixels in outputs:
        make_folder(path.parent)
        write(pixels, path, form=clean.form, alpha=clean.alpha, overwrite=overwrite)
    return tuple(path for path, _ in outputs)

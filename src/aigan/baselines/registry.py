"""The baselines by name. Each is a class in a module of its own, which is imported when it is first opened.

A class is called with `channels`, 1 or 3, and, where it removes noise, with `sigma_255`, the standard deviation of the
noise, which such systems must be told. Its spec says how many channels it takes.
"""

from __future__ import annotations

import importlib
from typing import Literal, NamedTuple, cast

from aigan.decomposition import Restorer
from aigan.errors import AiganError, MissingExtra


class Baseline(NamedTuple):
    """Where a system is, and what it is for."""

    task: Literal["derain", "dehaze", "denoise"]
    module: str
    cls: str


BASELINES = {
    "dcp": Baseline("dehaze", "classical.dcp", "DCP"),
    "bccr": Baseline("dehaze", "classical.bccr", "BCCR"),
    "bm3d": Baseline("denoise", "classical.bm3d", "BM3D"),
    "epll": Baseline("denoise", "classical.epll", "EPLL"),
    "wnnm": Baseline("denoise", "classical.wnnm", "WNNM"),
    "ksvd": Baseline("denoise", "classical.ksvd", "KSVD"),
    "id": Baseline("derain", "classical.id", "ID"),
    "dsc": Baseline("derain", "classical.dsc", "DSC"),
    "lp": Baseline("derain", "classical.lp", "LP"),
}


def open_baseline(name: str, *, channels: Literal[1, 3] = 3, sigma_255: float | None = None) -> Restorer:
    """A baseline for pictures of so many channels; it may take another number, which its spec says.

    `sigma_255`: of the noise, in gray levels; only for denoising. MissingExtra where a package that it needs is not
    installed.
    """
    baseline = BASELINES[name]
    try:
        cls = getattr(importlib.import_module(f"aigan.baselines.{baseline.module}"), baseline.cls)
    except ImportError as missing:
        raise MissingExtra(f"{name} needs {missing.name}: install it with  pip install 'aigan[baselines]'") from missing
    if baseline.task != "denoise":
        return cast("Restorer", cls(channels=channels))
    if sigma_255 is None:
        raise AiganError(f"{name} must be told how strong the noise is: measure it where noise of --sigma-255 is added")
    return cast("Restorer", cls(channels=channels, sigma_255=sigma_255))

"""The baselines by name. Each is in a module of its own, which is imported when it is first opened.

A classical system is a class, called with `channels`, 1 or 3, and, where it must be told the noise, with `sigma_255`,
its standard deviation. Its spec says how many channels it takes. A learned one is a `learned.restorer.System`, which
needs weights.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

from aigan.allocator import keep_freed_memory
from aigan.decomposition import Restorer
from aigan.errors import AiganError, MissingExtra, UsageError


class Baseline(NamedTuple):
    """Where a system is, and what it is for."""

    task: Literal["derain", "dehaze", "denoise"]
    module: str  # below aigan.baselines
    attribute: str  # the class, or the System, in it
    told_noise: bool = False  # must be told the standard deviation of the noise

    @property
    def learned(self) -> bool:
        """Whether it is a network, which needs torch and weights."""
        return self.module.startswith("learned.")

    def find(self) -> Any:
        """The class or System itself; ImportError where a package that it needs is not installed."""
        if self.learned:
            keep_freed_memory()  # as our own networks: else page faults take as long again
        return getattr(importlib.import_module(f"aigan.baselines.{self.module}"), self.attribute)


BASELINES = {
    "dcp": Baseline("dehaze", "classical.dcp", "DCP"),
    "bccr": Baseline("dehaze", "classical.bccr", "BCCR"),
    "bm3d": Baseline("denoise", "classical.bm3d", "BM3D", told_noise=True),
    "epll": Baseline("denoise", "classical.epll", "EPLL", told_noise=True),
    "wnnm": Baseline("denoise", "classical.wnnm", "WNNM", told_noise=True),
    "ksvd": Baseline("denoise", "classical.ksvd", "KSVD", told_noise=True),
    "id": Baseline("derain", "classical.id", "ID"),
    "dsc": Baseline("derain", "classical.dsc", "DSC"),
    "lp": Baseline("derain", "classical.lp", "LP"),
    "ssda": Baseline("denoise", "learned.ssda", "AUTO_ENCODER"),
    "dncnn-s": Baseline("denoise", "learned.dncnn", "S"),
    "dncnn-b": Baseline("denoise", "learned.dncnn", "B"),
    "cdncnn-b": Baseline("denoise", "learned.dncnn", "COLOUR_B"),
    "ffdnet": Baseline("denoise", "learned.ffdnet", "FFDNET", told_noise=True),
    "adnet": Baseline("denoise", "learned.adnet", "ADNET"),
    "dehazenet": Baseline("dehaze", "learned.dehazenet", "DEHAZENET"),
    "mscnn": Baseline("dehaze", "learned.mscnn", "MULTI_SCALE"),
    "aod-net": Baseline("dehaze", "learned.aodnet", "AOD_NET"),
    "famed-net": Baseline("dehaze", "learned.famednet", "FAMED_NET"),
    "gcanet": Baseline("dehaze", "learned.gcanet", "GCANET"),
    "ld-net": Baseline("dehaze", "learned.ldnet", "LD_NET"),
    "lkd-t": Baseline("dehaze", "learned.lkdnet", "LKD_T"),
    "eigen": Baseline("derain", "learned.eigen", "EIGEN"),
    "ddn": Baseline("derain", "learned.ddn", "DETAIL_NET"),
    "ddn-bn": Baseline("derain", "learned.ddn", "DETAIL_NET_BN"),
    "jorder": Baseline("derain", "learned.jorder", "STREAKS"),
    "did-mdn": Baseline("derain", "learned.didmdn", "DENSITY_AWARE"),
    "prenet": Baseline("derain", "learned.prenet", "PRENET"),
    "prenet-r": Baseline("derain", "learned.prenet", "PRENET_R"),
    "prn": Baseline("derain", "learned.prenet", "PRN"),
    "prn-r": Baseline("derain", "learned.prenet", "PRN_R"),
}


def open_baseline(
    name: str, *, channels: Literal[1, 3] = 3, sigma_255: float | None = None, weights: Path | None = None
) -> Restorer:
    """A baseline for pictures of so many channels; it may take another number, which its spec says.

    `sigma_255`: of the noise, in gray levels; for those that must be told it. `weights`: a safetensors file for a
    learned one, in place of those that are shipped, if any. MissingExtra where a package that it needs is not
    installed; AiganError where noise or weights are missing, or are of another network.
    """
    baseline = BASELINES[name]
    if weights is not None and not baseline.learned:
        raise UsageError(f"{name} has learned no weights: leave out --weights")
    try:
        found = baseline.find()
    except ImportError as missing:
        extra = "train" if baseline.learned else "baselines"
        raise MissingExtra(
            f"{name} cannot be loaded ({missing}): install what it needs with  pip install 'aigan[{extra}]'"
        ) from missing
    if baseline.told_noise and sigma_255 is None:
        raise AiganError(f"{name} must be told how strong the noise is: measure it where noise of --sigma-255 is added")
    told = {"sigma_255": sigma_255} if baseline.told_noise else {}
    if baseline.learned:
        from aigan.baselines.learned.restorer import open_system

        return open_system(name, baseline.task, found, channels=channels, weights=weights_of(name, weights), **told)
    return cast("Restorer", found(channels=channels, **told))


def shipped_weights(name: str) -> Path:
    """Where the file of a learned baseline's weights lies, if they are shipped."""
    return Path(__file__).parent / "learned/weights" / f"{name}.safetensors"


def weights_of(name: str, given: Path | None = None) -> Path:
    """The file of a learned baseline's weights, the given one or that which is shipped. AiganError where none is."""
    file = given or shipped_weights(name)
    if not file.is_file():
        reason = f"{file} does not exist" if given else f"no weights of {name} are shipped"
        raise AiganError(f"{reason}: name a file of {name}'s weights with --weights, or train it")
    return file

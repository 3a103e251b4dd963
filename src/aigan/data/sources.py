"""Where training samples come from: clean pictures degraded on the fly, published pairs, real rain on other pictures.

A source is configured by a frozen struct and becomes an object on the training device that turns draws into a batch
(y_O, I): the original and the degraded signal, (B, C, size, size) float32.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import numpy as np
import torch
from torch import Tensor

from aigan.data.check import test_scenes_seen
from aigan.data.folders import Pair, in_threads, list_pictures, read_depth, read_rgb, read_streak
from aigan.data.layouts import find_layout
from aigan.data.store import Bytes, PictureStore, as_channels
from aigan.errors import AiganError
from aigan.interference.draws import Draws
from aigan.interference.haze import Haze
from aigan.interference.noise import Camera, Noise
from aigan.interference.rain import Rain, Recombination, add_rain

log = logging.getLogger(__name__)

Seed = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class Folder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pictures, pairs or layers below the data folder; some are never trained on."""

    folder: str
    without: tuple[str, ...] = ()  # benchmarks whose test scenes are left out
    leave_out: tuple[str, ...] = ()  # names that are left out
    # of the scenes by name order those at 0, n, 2n ... or the last n are for validation, with all pairs of each
    hold_out_every: Annotated[int, msgspec.Meta(ge=0)] = 0
    hold_out_last: Annotated[int, msgspec.Meta(ge=0)] = 0


class Degrade(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What degrades a clean picture: one of these, or several in the order in which light meets them."""

    haze: Haze | None = None
    rain: Rain | None = None
    camera: Camera | None = None
    noise: Noise | None = None

    def __post_init__(self) -> None:
        if all(kind is None for kind in (self.haze, self.rain, self.camera, self.noise)):
            raise ValueError("name at least one of haze, rain, camera, noise")

    def __call__(self, clean: Tensor, draws: Draws) -> Tensor:
        """The degraded batch, of the clean one's shape."""
        degraded = clean
        for kind in (self.haze, self.rain, self.camera, self.noise):
            if kind is not None:
                degraded = kind(degraded, draws)
        return degraded


class Clean(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="clean"):
    """Clean pictures, degraded on the fly."""

    share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0  # of each batch
    folders: Annotated[tuple[Folder, ...], msgspec.Meta(min_length=1)]
    degrade: Degrade
    gray: bool = False  # as gray pictures, in as many equal channels as the network has


class Pairs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="pairs"):
    """Published pairs, in any layout that data/layouts.py knows."""

    share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    folders: Annotated[tuple[Folder, ...], msgspec.Meta(min_length=1)]
    turn: bool = True  # else they are mirrored only: rain does not fall sideways


class Streaks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="streaks"):
    """Rain layers of published pairs, recombined, on other clean pictures."""

    share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    folders: Annotated[tuple[Folder, ...], msgspec.Meta(min_length=1)]  # clean pictures
    layers: Annotated[tuple[Folder, ...], msgspec.Meta(min_length=1)]  # folders with streak/ in them
    recombine: Recombination = Recombination()
    together: Annotated[int, msgspec.Meta(ge=1, le=8)] = 1  # layers that may fall on one picture


class Depths(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="depths"):
    """Haze by measured depth maps: on the pictures that they were measured of, or on other clean ones."""

    share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    depths: Annotated[tuple[Folder, ...], msgspec.Meta(min_length=1)]  # folders with clean/ and depth/ in them
    folders: tuple[Folder, ...] = ()  # other clean pictures; none: those of `depths`
    haze: Haze = Haze()


Source = Clean | Pairs | Streaks | Depths


class Validation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pictures that are held out, or all of a folder that holds none out; the middle of each is measured.

    The noise of picture i is that of key (seed, i).
    """

    name: str
    folders: Annotated[tuple[Folder, ...], msgspec.Meta(min_length=1)]
    degrade: Degrade | None = None  # None: the folders hold pairs
    gray: bool = False  # as gray pictures, in as many equal channels as the network has
    crop: Annotated[int, msgspec.Meta(ge=8)] = 256
    seed: Seed = 0


Item = TypeVar("Item", Path, Pair)
Given = TypeVar("Given")
Sample = Callable[[Draws, int], tuple[Tensor, Tensor]]


class Stores:
    """The pictures on one device: what several sources, or networks side by side, have in common is read once."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._kept: dict[object, list[PictureStore]] = {}
        self.clean_paths, self.kept_pairs = cache(clean_paths), cache(kept_pairs)

    def large(
        self,
        data: Path,
        folders: tuple[Folder, ...],
        what: str,
        items: Iterable[Given],
        read: Callable[[Given], tuple[Bytes, ...]],
        *,
        channels: int,
        smallest: int,
    ) -> list[PictureStore]:
        """Of pictures, or of pairs that have one size, with no side below `smallest` px: a store for each of a pair.

        AiganError where there is none.
        """
        key = data, folders, what, channels, smallest
        if key in self._kept:
            return self._kept[key]
        count, kept = 0, []
        for count, pictures in enumerate(in_threads(read, items), start=1):  # noqa: B007
            if min(pictures[0].shape[:2]) >= smallest:
                kept.append(pictures)
        names = ", ".join(str(data / folder.folder) for folder in folders)
        if not count:
            raise AiganError(f"{names}: there are no {what} to train on: add some, or hold out and leave out fewer")
        if not kept:
            raise AiganError(f"{names}: none of {count} {what} has {smallest} px a side: use smaller crops (stages)")
        if len(kept) < count:
            log.warning("%s: %d of %d %s are left out: below %d px", names, count - len(kept), count, what, smallest)
        self._kept[key] = [PictureStore(side, self._device) for side in zip(*kept, strict=True)]
        return self._kept[key]


def make_source(source: Source, data: Path, channels: int, stores: Stores, smallest: int) -> Sample:
    """(draws, size) -> (y_O, I) for a configured source. Pictures with a side below `smallest` px are left out.

    AiganError where none is left to train on.
    """

    large = partial(stores.large, data, channels=channels, smallest=smallest)

    def clean_store(channels: int = channels) -> PictureStore:
        paths = stores.clean_paths(source.folders, data)

        def read(path: Path) -> tuple[Bytes]:
            return (as_channels(read_rgb(path), channels),)

        return large(source.folders, "clean pictures", paths, read, channels=channels)[0]

    if isinstance(source, Clean):
        clean = clean_store(1 if source.gray else channels)
        degrade = source.degrade

        def sample(draws: Draws, size: int) -> tuple[Tensor, Tensor]:
            y_O = clean.crops(*_which(clean, draws), size)
            I = degrade(y_O, draws)
            return y_O.expand(-1, channels, -1, -1), I.expand(-1, channels, -1, -1)

    elif isinstance(source, Pairs):
        pairs = stores.kept_pairs(source.folders, data)
        degraded, targets = large(
            source.folders, "pairs", pairs, lambda pair: tuple(as_channels(side, channels) for side in pair.read())
        )
        symmetries = 8 if source.turn else 4

        def sample(draws: Draws, size: int) -> tuple[Tensor, Tensor]:
            which = _which(targets, draws, symmetries=symmetries)
            return targets.crops(*which, size), degraded.crops(*which, size)

    elif isinstance(source, Depths):
        scenes = [pair for pair in stores.kept_pairs(source.depths, data) if pair.depth is not None]
        haze, own = source.haze, not source.folders

        def read(scene: Pair) -> tuple[Bytes, Bytes]:
            whole = read_rgb(scene.clean)
            return _relative_depth(scene, whole.shape), as_channels(whole, channels)

        depths, wholes = large(source.depths, "scenes with depth", scenes, read)
        clean = wholes if own else clean_store()

        def sample(draws: Draws, size: int) -> tuple[Tensor, Tensor]:
            which = _which(clean, draws)
            y_O = clean.crops(*which, size)
            depth = depths.crops(*(which if own else _which(depths, draws, symmetries=4)), size)
            return y_O, haze.draw(y_O, draws, depth=depth).degraded

    else:
        clean = clean_store()
        paths = [
            path
            for folder in source.layers
            for path in _kept(folder, list_pictures(data / folder.folder / "streak"), held_out=False)
        ]
        (layers,) = large(source.layers, "layers", paths, lambda path: (read_streak(path)[..., None],), smallest=1)
        recombine, together = source.recombine, source.together

        def sample(draws: Draws, size: int) -> tuple[Tensor, Tensor]:
            y_O = clean.crops(*_which(clean, draws), size)
            reach = min(2 * size, *(min(layer) for layer in layers.sizes))
            # mirrored only: rain does not fall sideways
            fallen = [layers.crops(*_which(layers, draws, symmetries=4), reach) for _ in range(together)]
            streaks = torch.cat(fallen, dim=1)
            return y_O, add_rain(y_O, recombine.layer(streaks, draws, (size, size)))

    return sample


def clean_paths(folders: Iterable[Folder], data: Path, *, held_out: bool = False) -> list[Path]:
    """The clean pictures that may be trained on, or those held out for validation."""
    return [
        path
        for folder in folders
        for path in _unseen(folder, _kept(folder, list_pictures(data / folder.folder), held_out))
    ]


def kept_pairs(folders: Iterable[Folder], data: Path, *, held_out: bool = False) -> list[Pair]:
    """The pairs that may be trained on, or those held out for validation. AiganError where a folder holds none."""
    return [
        pair for folder in folders for pair in _unseen(folder, _kept(folder, _pairs(data / folder.folder), held_out))
    ]


def _pairs(directory: Path) -> list[Pair]:
    pairs = find_layout(directory).pairs()
    if any(len(pair.paths) == 1 for pair in pairs):
        raise AiganError(f"{directory} holds no pairs, only clean pictures: see `aigan data layouts` for names")
    return pairs


def clean_pictures_of(source: Source, data: Path, stores: Stores) -> list[Path]:
    """The clean pictures that a source trains on."""
    if isinstance(source, Clean | Streaks):
        return stores.clean_paths(source.folders, data)
    if isinstance(source, Pairs):
        return [pair.clean for pair in stores.kept_pairs(source.folders, data)]
    return stores.clean_paths(source.folders, data) or [pair.clean for pair in stores.kept_pairs(source.depths, data)]


def _unseen(folder: Folder, items: list[Item]) -> list[Item]:
    """Those that show no test scene of the benchmarks that the folder is `without`."""
    if not folder.without:
        return items
    seen = {path for path, _, _ in test_scenes_seen([_clean(item) for item in items], folder.without)}
    return [item for item in items if _clean(item) not in seen]


def _kept(folder: Folder, items: list[Item], held_out: bool) -> list[Item]:
    places = {scene: place for place, scene in enumerate(dict.fromkeys(map(_clean, items)))}
    last = len(places) - folder.hold_out_last
    if held_out and not folder.hold_out_every and not folder.hold_out_last:
        last = 0  # a folder for validation alone

    def is_held_out(place: int) -> bool:
        return place >= last or (folder.hold_out_every > 0 and place % folder.hold_out_every == 0)

    names = set(folder.leave_out)
    return [
        item
        for item in items
        if is_held_out(places[_clean(item)]) == held_out
        and (item.stem if isinstance(item, Path) else item.name) not in names
    ]


def _clean(item: Path | Pair) -> Path:
    """The clean picture, or the layer, that is the scene."""
    return item if isinstance(item, Path) else item.clean


def _which(store: PictureStore, draws: Draws, *, symmetries: int = 8) -> tuple[Tensor, Tensor, Tensor]:
    """Which picture, which place, which of the eight symmetries (the first four only mirror)."""
    u = draws.uniform(4)
    return (u[:, 0] * len(store)).long(), u[:, 1:3], (u[:, 3] * symmetries).long()


def _relative_depth(scene: Pair, size: tuple[int, ...]) -> Bytes:
    """uint8 (H, W, 1), 255 at the farthest point."""
    assert scene.depth is not None
    depth = read_depth(scene.depth, size)
    if depth.max() <= 0:
        raise AiganError(f"{scene.depth} says no distance, it is black: take this scene out")
    relative: Bytes = np.round(255 / depth.max() * depth).astype(np.uint8)
    return relative[..., None]

"""Pictures in folders: plain ones, pairs, rain stored as streak layers, haze stored as depth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from aigan.errors import AiganError

Bytes = npt.NDArray[np.uint8]
Keyed = list[tuple[str, Path]]  # pictures, each with what ties it to its partner
Row = TypeVar("Row")
Given = TypeVar("Given")
Result = TypeVar("Result")

EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".ppm", ".pgm"})


class Haze(msgspec.Struct, frozen=True):
    """Homogeneous haze: I = J·t + A(1 − t), t = exp(−β·d); A in [0, 1]."""

    air_light: Annotated[float, msgspec.Meta(ge=0, le=1)] = msgspec.field(name="A")
    beta: Annotated[float, msgspec.Meta(ge=0)]


@dataclass(frozen=True)
class Pair:
    """One example on disk: a clean picture and what degrades it, which is one of three or nothing.

    `degraded`: the degraded picture itself. `streak`: a rain layer that is added, with `fix`, single pixels
    (y, x, R, G, B) that it does not explain. `depth`: a depth map (gray, d = value / 10, of any size) with its `haze`.
    """

    name: str
    clean: Path
    degraded: Path | None = None
    streak: Path | None = None
    fix: tuple[tuple[int, int, int, int, int], ...] = ()
    depth: Path | None = None
    haze: Haze | None = None

    def read(self) -> tuple[Bytes, Bytes]:
        """(degraded, clean), both uint8 (H, W, 3); where nothing degrades the picture, the clean one twice."""
        clean = read_rgb(self.clean)
        if self.streak is not None:
            streak = read_streak(self.streak)
            clean = clean[: streak.shape[0], : streak.shape[1]]
            _same_size(self.streak, streak, self.clean, clean)
            return add_streak(clean, streak, self.fix), clean
        if self.depth is not None and self.haze is not None:
            return add_haze(clean, read_depth(self.depth, clean.shape[:2]), self.haze), clean
        if self.degraded is None:
            return clean, clean
        degraded = read_rgb(self.degraded)
        _same_size(self.degraded, degraded, self.clean, clean)
        return degraded, clean

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files of the pair, the clean picture first."""
        return tuple(path for path in (self.clean, self.degraded, self.streak, self.depth) if path is not None)


def list_pictures(directory: Path) -> list[Path]:
    """All pictures below a folder in the order of their paths; hidden files and folders are left out."""
    if not directory.is_dir():
        raise AiganError(f"{directory} is no folder: name one that holds pictures")
    found = (path for path in directory.rglob("*") if path.suffix.lower() in EXTENSIONS and path.is_file())
    return sorted(path for path in found if not any(part[0] == "." for part in path.relative_to(directory).parts))


def read_rgb(path: Path) -> Bytes:
    """uint8 (H, W, 3): turned as its EXIF says, 16 bit reduced to 8, gray repeated, transparency dropped."""
    with _opened(path) as image:
        return np.array(ImageOps.exif_transpose(_eight_bit(image)).convert("RGB"))


def in_threads(function: Callable[[Given], Result], items: Iterable[Given]) -> Iterator[Result]:
    """The function of each item, in order; several at a time, since decoding does not hold the interpreter's lock."""
    with ThreadPoolExecutor() as pool:
        yield from pool.map(function, items)


def read_gray(path: Path, size: int) -> Bytes:
    """A quick look: uint8 (size, size), the whole picture squeezed into a square, its EXIF rotation ignored."""
    with _opened(path) as image:
        image.draft("L", (2 * size, 2 * size))  # JPEGs are decoded at a fraction of their size
        return np.array(_eight_bit(image).convert("L").resize((size, size), Image.Resampling.BOX))


def read_streak(path: Path) -> Bytes:
    """A rain layer, uint8 (H, W): what is added to all three channels of the clean picture."""
    return read_rgb(path)[..., 0]


def read_depth(path: Path, shape: Sequence[int]) -> npt.NDArray[np.float32]:
    """A depth map, float32 (H, W) = `shape`, enlarged bilinearly; in the unit in which the haze's β is given."""
    with _opened(path) as image:
        depth = image.convert("F").resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
    return np.asarray(depth, np.float32) / np.float32(10)


def add_streak(clean: Bytes, streak: Bytes, fix: Iterable[Sequence[int]] = ()) -> Bytes:
    """min(255, clean + streak), uint8 (H, W, 3), with the pixels (y, x, R, G, B) of `fix` set."""
    rainy: Bytes = np.minimum(255, clean.astype(np.uint16) + streak[..., None]).astype(np.uint8)
    for y, x, *colour in fix:
        rainy[y, x] = colour
    return rainy


def add_haze(clean: Bytes, depth: npt.NDArray[np.float32], haze: Haze) -> Bytes:
    """J·t + A(1 − t) with t = exp(−β·d), rounded to uint8 (H, W, 3)."""
    t = np.exp(-haze.beta * depth)[..., None]
    hazy: Bytes = np.round(clean * t + 255 * haze.air_light * (1 - t)).astype(np.uint8)
    return hazy


def paired(degraded: Path, clean: Path) -> list[Pair]:
    """Match two folders by the paths of their pictures without the extensions; the errors name what is missing."""
    pairs, widowed, unused = match_folders(degraded, clean)
    for folder, alone in ((clean, widowed), (degraded, unused)):
        if alone:
            names = some([path.name for path in alone])
            raise AiganError(f"{folder} lacks partners of {names}: add them, or take those out of the other folder")
    return pairs


def match_folders(degraded: Path, clean: Path) -> tuple[list[Pair], list[Path], list[Path]]:
    """(pairs, degraded pictures without a clean one, clean pictures without a degraded one) of two folders."""
    return match(_by_stem(degraded), _by_stem(clean))


def match(degraded: Keyed, clean: Keyed) -> tuple[list[Pair], list[Path], list[Path]]:
    """Tie pictures by their keys; several degraded ones may share a clean one. Returns what `match_folders` does."""
    of_key = dict(clean)
    pairs = [Pair(path.stem, clean=of_key[key], degraded=path) for key, path in degraded if key in of_key]
    used = {pair.clean for pair in pairs}
    widowed = [path for key, path in degraded if key not in of_key]
    return pairs, widowed, [path for _, path in clean if path not in used]


def _by_stem(directory: Path) -> Keyed:
    return [(path.relative_to(directory).with_suffix("").as_posix(), path) for path in list_pictures(directory)]


class _Rain(msgspec.Struct, frozen=True):
    clean: str
    fix: tuple[tuple[int, int, int, int, int], ...] = ()


def streak_layers(rain_dir: Path, bsds_dir: Path) -> list[Pair]:
    """The pairs of a folder with `streak/NAME` and `pairs.json`, which names the BSDS picture of each layer."""
    rows = read_json(rain_dir / "pairs.json", dict[str, _Rain])
    return [
        Pair(Path(name).stem, clean=bsds_dir / row.clean, streak=rain_dir / "streak" / name, fix=row.fix)
        for name, row in sorted(rows.items())
    ]


def depth_scenes(directory: Path) -> list[Pair]:
    """The pairs of a folder with `clean/NAME`, `depth/NAME.png` and `index.json`, which gives A and β of each."""
    rows = read_json(directory / "index.json", dict[str, Haze])
    clean = {path.stem: path for path in list_pictures(directory / "clean")}
    if missing := sorted(rows.keys() - clean.keys()):
        raise AiganError(f"{directory / 'clean'} lacks {some(missing)}, which index.json names: get the folder again")
    return [
        Pair(name, clean=clean[name], depth=directory / "depth" / f"{name}.png", haze=haze)
        for name, haze in sorted(rows.items())
    ]


def read_json(path: Path, kind: type[Row]) -> Row:
    """A JSON file as the given type."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError) as error:
        raise AiganError(f"{path} does not describe the pictures beside it ({error}): get it again") from error


def some(names: Sequence[str], *, limit: int = 3) -> str:
    """How people name many: the first few and how many more."""
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more} more" if more > 0 else "")


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path) as image:
            yield image
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise AiganError(f"{path} cannot be read as a picture ({error}): get it again or take it out") from error


def _eight_bit(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise ValueError("floating-point gray")
    if image.mode == "P":  # straight to RGB, Pillow warns of transparent palettes
        return image.convert("RGBA")
    if not image.mode.startswith("I"):
        return image
    gray = np.asarray(image).astype(np.uint32)  # Pillow's own conversion clips 16-bit gray at 255
    return Image.fromarray(((gray * 255 + 32767) // 65535).astype(np.uint8))


def _same_size(path: Path, picture: Bytes, clean_path: Path, clean: Bytes) -> None:
    if picture.shape[:2] != clean.shape[:2]:
        one, other = (f"{p.shape[1]}×{p.shape[0]}" for p in (picture, clean))
        raise AiganError(f"{path} ({one}) and {clean_path} ({other}) differ in size: mend the pair or take it out")

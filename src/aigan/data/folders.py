"""Pictures in folders: plain ones, paired ones, and rain stored as streak layers over clean pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from aigan.errors import AiganError

Picture = npt.NDArray[np.uint8]  # (H, W, 3), RGB in [0, 255]
EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".ppm", ".pgm"})


@dataclass(frozen=True)
class Pair:
    """One example on disk: a clean picture, and beside it the degraded one or the streak layer that makes it.

    Both None: a clean picture alone (denoising sets). `fix`: single pixels (y, x, R, G, B) of the rainy picture that
    the streak layer does not explain.
    """

    name: str
    clean: Path
    degraded: Path | None = None
    streak: Path | None = None
    fix: tuple[tuple[int, int, int, int, int], ...] = ()

    def read(self) -> tuple[Picture, Picture]:
        """(degraded, clean), both uint8 (H, W, 3); where nothing degrades the picture, it stands for both."""
        clean = read_rgb(self.clean)
        if self.streak is not None:
            streak = read_streak(self.streak)
            clean = crop_to(clean, streak, self)
            return add_streak(clean, streak, self.fix), clean
        if self.degraded is None:
            return clean, clean
        degraded = read_rgb(self.degraded)
        if degraded.shape != clean.shape:
            raise AiganError(
                f"{self.degraded} is {size(degraded)} and its clean picture {self.clean} {size(clean)} pixels: "
                "make the sizes equal or take the pair out"
            )
        return degraded, clean


@dataclass(frozen=True)
class DepthScene:
    """A haze-free picture with its depth: I = J·t + A(1 − t), t = exp(−β·d) gives the published hazy one."""

    name: str
    clean: Path
    depth: Path  # gray, d = value / 10, at a quarter of the picture's resolution
    air_light: float  # A
    beta: float


def list_pictures(directory: Path) -> list[Path]:
    """All pictures below a folder, by their path from there; hidden files and folders are left out."""
    if not directory.is_dir():
        raise AiganError(f"{directory} is no folder: name one that holds pictures")
    found = (p for p in directory.rglob("*") if p.suffix.lower() in EXTENSIONS and p.is_file())
    return sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(directory).parts))


def read_rgb(path: Path) -> Picture:
    """uint8 (H, W, 3): turned as its EXIF says, 16 bit reduced to 8, transparency dropped, gray repeated."""
    try:
        with Image.open(path) as image:
            if image.mode.startswith("I"):  # 16-bit gray; Pillow's own conversion would clip it at 255
                gray = np.asarray(image).astype(np.uint32)
                image = Image.fromarray(((gray * 255 + 32767) // 65535).astype(np.uint8))
            return np.array(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise AiganError(f"{path} cannot be read as a picture ({error}): take it out or get it again") from error


def read_streak(path: Path) -> npt.NDArray[np.uint8]:
    """A rain layer, uint8 (H, W): what is added to all three channels of the clean picture."""
    return read_rgb(path)[..., 0]


def add_streak(clean: Picture, streak: npt.NDArray[np.uint8], fix: Iterable[tuple[int, ...]] = ()) -> Picture:
    """min(255, clean + streak), (H, W, 3), with the pixels (y, x, R, G, B) of `fix` set."""
    rainy = np.minimum(255, clean.astype(np.uint16) + streak[..., None]).astype(np.uint8)
    for y, x, *value in fix:
        rainy[y, x] = value
    return rainy


def paired(degraded: Path, clean: Path) -> list[Pair]:
    """Match two folders by the pictures' paths without their extensions.

    Errors name what is missing: every degraded picture wants a clean one and the reverse.
    """
    sides = [{p.relative_to(d).with_suffix("").as_posix(): p for p in list_pictures(d)} for d in (degraded, clean)]
    for here, there, folder in ((*sides, clean), (*sides[::-1], degraded)):
        if missing := sorted(here.keys() - there.keys()):
            raise AiganError(f"{folder} lacks {len(missing)} of the pictures that its partner has ({some(missing)})")
    return [Pair(name=name, clean=sides[1][name], degraded=path) for name, path in sorted(sides[0].items())]


class _Rain(msgspec.Struct, frozen=True):
    clean: str
    fix: tuple[tuple[int, int, int, int, int], ...] = ()


def streak_layers(rain_dir: Path, bsds_dir: Path) -> list[Pair]:
    """The pairs of a folder of streak layers: `streak/NAME.png` and `pairs.json` naming the clean picture of each."""
    rows = read_json(rain_dir / "pairs.json", dict[str, _Rain])
    return [
        Pair(name=Path(name).stem, clean=bsds_dir / row.clean, streak=rain_dir / "streak" / name, fix=row.fix)
        for name, row in sorted(rows.items())
    ]


def streak_pairs(rain_dir: Path, bsds_dir: Path) -> Iterator[tuple[str, Picture, Picture, npt.NDArray[np.uint8]]]:
    """Yield (name, clean, rainy, streak), the layer being (H, W) and the clean picture cut to its size."""
    for pair in streak_layers(rain_dir, bsds_dir):
        assert pair.streak is not None
        rainy, clean = pair.read()
        yield pair.name, clean, rainy, read_streak(pair.streak)


class _Haze(msgspec.Struct, frozen=True):
    air_light: float = msgspec.field(name="A")
    beta: float


def depth_scenes(directory: Path) -> list[DepthScene]:
    """The scenes of a folder with `clean/NAME`, `depth/NAME.png` and `index.json` (A and β of each)."""
    rows = read_json(directory / "index.json", dict[str, _Haze])
    clean = {p.stem: p for p in list_pictures(directory / "clean")}
    if missing := sorted(rows.keys() - clean.keys()):
        raise AiganError(f"{directory / 'clean'} lacks {len(missing)} pictures that index.json names ({some(missing)})")
    return [
        DepthScene(name, clean[name], directory / "depth" / f"{name}.png", row.air_light, row.beta)
        for name, row in sorted(rows.items())
    ]


def read_json(path: Path, kind: Any) -> Any:
    """A JSON file of the given msgspec type."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError as error:
        raise AiganError(f"{path} is missing: it says which clean picture belongs to which file here") from error
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise AiganError(f"{path} is not what is expected there ({error})") from error


def crop_to(clean: Picture, layer: npt.NDArray[np.uint8], pair: Pair) -> Picture:
    """The top-left part of the clean picture of the layer's size."""
    height, width = layer.shape[:2]
    if clean.shape[0] < height or clean.shape[1] < width:
        raise AiganError(f"{pair.streak} is larger than its clean picture {pair.clean}: pairs.json names another one")
    return clean[:height, :width]


def size(picture: Picture) -> str:
    """Width × height, as people say it."""
    return f"{picture.shape[1]}×{picture.shape[0]}"


def some(names: list[str], *, limit: int = 3) -> str:
    """The first few of many names."""
    return ", ".join(names[:limit]) + (", …" if len(names) > limit else "")

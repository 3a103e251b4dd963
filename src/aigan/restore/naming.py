"""Which picture becomes which file: inputs of all kinds, mirrored trees, names that never collide."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal

from aigan.errors import UsageError
from aigan.pictures import is_picture
from aigan.pictures.kinds import FORMATS, RAW_EXTENSIONS

Part = Literal["original", "interference", "error", "comparison"]
PARTS: tuple[Part, ...] = ("original", "interference", "error", "comparison")
WRITABLE = frozenset(extension for format in FORMATS for extension in format.extensions)


@dataclass(frozen=True)
class Item:
    """A picture and the file that its restored version goes to."""

    source: Path
    target: Path

    def output(self, part: Part) -> Path:
        """The file of a part: the target for the original, NAME.PART.EXT beside it for the rest."""
        return self.target if part == "original" else self.target.with_suffix(f".{part}{self.target.suffix}")


def plan(
    inputs: Sequence[str | Path],
    output: str | Path,
    *,
    suffix: str = "",
    ext: str = "auto",
    parts: Sequence[Part] = ("original",),
    place: Callable[[str | Path], str | Path] = str,
    find: Callable[[str, Path], list[tuple[Path, Path]]] | None = None,
) -> list[Item]:
    """Name the output of each picture.

    `inputs`: files, folders (all pictures below, but hidden ones and those in `output`), patterns such as "**/*.jpg".
    `output`: a file if it has a picture's extension and there is one input that is no folder, else a folder, in which
    the tree below each folder or pattern is mirrored. `suffix` goes behind the name, `ext` is the extension or "auto"
    for the source's. Where two sources of one folder differ in their extension alone, the output keeps the source's
    extension in its name (a.jpg.png beside a.png).
    What an earlier call with the same arguments wrote is not taken for a picture to restore. `parts`: what will be
    written of each. Where names may be of elsewhere than disks, `place` says what path stands for one, and `find` is
    called instead of `pictures`.
    UsageError where a name is empty, where nothing is found, or where parts of two sources would go to one file.
    """
    if "" in (*inputs, output):  # a shell's variable that is not set; as a path it would be the working directory
        raise UsageError("a name is empty: name each picture or folder, . for this one")
    if Path(suffix).name != suffix:
        raise UsageError(f"the suffix {suffix} is no part of a file's name: leave out what parts folders")
    inputs, output = [place(name) for name in inputs], Path(place(output))
    if ext != "auto" and _extension(output, ext) not in WRITABLE:
        raise UsageError(f"{ext} is not the extension of a picture that can be written: take png, jpg, tif or the like")
    found = dict(pair for name in inputs for pair in (find or pictures)(str(name), output))
    if is_picture(output) and not output.is_dir():
        if len(found) != 1 or Path(inputs[0]).is_dir():
            raise UsageError(f"{output} is one file and there are {len(found)} pictures: name a folder for them")
        return [Item(source, output) for source in found]
    items = _without_earlier_outputs(_distinct(found, output, suffix, ext))
    taken: dict[Path, Path] = {}
    for item, part in product(items, parts):
        path = item.output(part)
        if (first := taken.setdefault(path, item.source)) != item.source:
            raise UsageError(f"{first} and {item.source} would both become {path}: give each a folder of its own")
    return items


def pictures(name: str, output: Path) -> list[tuple[Path, Path]]:
    """The pictures that an input stands for, each with its path below the output folder."""
    path = Path(name)
    if path.is_dir():
        found = _pictures_below(path, output)
        root = path
    elif glob.has_magic(name) and not path.exists():
        matches = map(Path, glob.glob(name, recursive=True))
        found = sorted(match for match in matches if is_picture(match) and not match.is_dir())
        root = before_magic(path)
    else:
        return [(path, Path(path.name))]  # a missing file is found out, and named, when its turn comes
    if not found:
        raise UsageError(f"{name}: there is no picture of this name or below it; check the name")
    return [(picture, picture.relative_to(root)) for picture in found]


def _pictures_below(folder: Path, output: Path) -> list[Path]:
    found = []
    for parent, folders, files in os.walk(folder):
        here = Path(parent)
        folders[:] = [name for name in folders if not name.startswith(".") and not _same(here / name, output)]
        found += [here / name for name in files if is_picture(name) and not name.startswith(".")]
    return sorted(found)


def _same(one: Path, other: Path) -> bool:
    return other.exists() and one.samefile(other)


def before_magic(pattern: Path) -> Path:
    """The fixed part of a pattern, below which the tree is mirrored."""
    parts = list(pattern.parts[:-1])
    return Path(*parts[: next((n for n, part in enumerate(parts) if glob.has_magic(part)), len(parts))])


def _extension(source: Path, ext: str) -> str:
    """The output's extension, in lower case: the source's but for kinds that cannot hold the result."""
    if ext != "auto":
        return f".{ext.lower().removeprefix('.')}"
    extension = source.suffix.lower()
    if extension in WRITABLE - {".gif"}:
        return extension
    return ".tif" if extension in RAW_EXTENSIONS else ".png"


def _distinct(found: dict[Path, Path], output: Path, suffix: str, ext: str) -> list[Item]:
    """Targets of the sources, whose paths below `output` are given; an equal name keeps the source's extension."""
    targets = {
        source: output / place.with_name(f"{place.stem}{suffix}{_extension(source, ext)}")
        for source, place in found.items()
    }
    shared = Counter(targets.values())
    return [
        Item(source, target.with_name(f"{source.stem}{suffix}{source.suffix}{target.suffix}"))
        if shared[target] > 1 and source.suffix != target.suffix
        else Item(source, target)
        for source, target in targets.items()
    ]


def _without_earlier_outputs(items: list[Item]) -> list[Item]:
    made = {item.output(part).absolute(): item for item in items for part in PARTS}
    return [item for item in items if made.get(item.source.absolute(), item) is item]

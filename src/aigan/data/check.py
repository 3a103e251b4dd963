"""What is wrong with a folder of training data, found before anyone trains on it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from aigan.data.folders import Pair, in_threads, match_folders, read_rgb
from aigan.data.layouts import find_layout
from aigan.data.test_scenes import BENCHMARKS, BITS, SAME, Signs, fingerprint, likeness, recognise
from aigan.errors import AiganError

Kind = Literal["unreadable", "no partner", "sizes differ", "equal", "test scene", "alike", "unused", "incomplete"]

# One can train on data with these; all else is wrong with it.
REMARKS: frozenset[Kind] = frozenset({"alike", "unused", "incomplete"})


@dataclass(frozen=True)
class Problem:
    """Something found in the data: which files, and what about them."""

    kind: Kind
    paths: tuple[Path, ...]
    detail: str = ""


@dataclass(frozen=True)
class Report:
    """What `check` found."""

    directory: Path
    layout: str  # the published set, or how the files lie
    examples: int  # pairs, or clean pictures where there are no others
    files: int
    problems: tuple[Problem, ...]

    @property
    def sound(self) -> bool:
        """Nothing found but remarks."""
        return all(problem.kind in REMARKS for problem in self.problems)


class Seen(NamedTuple):
    """A picture that shows a test scene."""

    path: Path
    benchmark: str
    scene: str


def test_scenes_seen(paths: Sequence[Path], benchmarks: Iterable[str]) -> list[Seen]:
    """Which of the pictures show test scenes of the benchmarks, also mirrored, turned, resized, recompressed or gray.

    AiganError for an unreadable picture or an unknown benchmark.
    """
    return [Seen(paths[index], *found) for index, *found in recognise(_fingerprints(paths), benchmarks)]


def check(
    directory: Path,
    *,
    clean: str = "",
    degraded: str = "",
    benchmarks: Iterable[str] = BENCHMARKS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Look at every picture of a set: its layout is found, or given by the names of two folders below `directory`.

    Every file is decoded in full; `progress` is told how many of how many are done.
    """
    if clean and degraded:
        pairs, widowed, unused = match_folders(directory / degraded, directory / clean)
        name, expected = f"{degraded} and {clean}", 0
    else:
        layout = find_layout(directory)
        pairs, widowed, unused = layout.match()
        name = layout.published.name if layout.published else layout.form.files
        expected = layout.published.count if layout.published else 0

    files = sorted({path for pair in pairs for path in pair.paths}.union(widowed, unused))
    looks: dict[Path, _Look] = {}
    problems = []
    for path, look in zip(files, in_threads(_look, files), strict=True):
        if isinstance(look, _Look):
            looks[path] = look
        else:
            problems.append(Problem("unreadable", (path,), look))
        progress(len(looks) + len(problems), len(files))

    problems += [Problem("no partner", (path,)) for path in widowed]
    problems += _sizes(pairs, looks)
    equal = defaultdict(list)
    for path, look in looks.items():
        equal[look.digest].append(path)
    problems += [Problem("equal", tuple(paths)) for paths in equal.values() if len(paths) > 1]

    firsts = {paths[0] for paths in equal.values()}
    originals = sorted({pair.clean for pair in pairs}.union(unused) & firsts)
    fingerprints = _fingerprints(originals)
    shown = defaultdict(list)
    for index, benchmark, scene in recognise(fingerprints, benchmarks):
        shown[originals[index], scene].append(benchmark)
    problems += [Problem("test scene", (path,), f"{scene} of {', '.join(of)}") for (path, scene), of in shown.items()]
    problems += [Problem("alike", tuple(originals[i] for i in group)) for group in _alike(fingerprints)]
    problems += [Problem("unused", (path,), "nothing belongs to it") for path in unused]
    if len(pairs) < expected:
        problems.append(Problem("incomplete", (directory,), f"{len(pairs)} of {expected}"))
    return Report(directory, name, len(pairs), len(files), tuple(problems))


class _Look(NamedTuple):
    height: int
    width: int
    digest: bytes


def _look(path: Path) -> _Look | str:
    """What a picture is, or why it cannot be read."""
    try:
        picture = read_rgb(path)
    except AiganError as error:
        return str(error.__cause__)
    height, width, _ = picture.shape
    return _Look(height, width, hashlib.blake2b(picture.tobytes() + width.to_bytes(4), digest_size=16).digest())


def _sizes(pairs: Sequence[Pair], looks: dict[Path, _Look]) -> Iterator[Problem]:
    for pair in pairs:
        other = pair.degraded or pair.streak
        if other is None or other not in looks or pair.clean not in looks:
            continue
        clean, partner = looks[pair.clean], looks[other]
        larger = partner.height > clean.height or partner.width > clean.width
        if larger or (pair.degraded and partner[:2] != clean[:2]):
            detail = f"{partner.width}×{partner.height} and {clean.width}×{clean.height}"
            yield Problem("sizes differ", (other, pair.clean), detail)


def _alike(fingerprints: Signs, *, block: int = 1000) -> list[list[int]]:
    """Groups of pictures that show one scene: chains of likeness."""
    group = {index: [index] for index in range(len(fingerprints))}
    for start in range(0, len(fingerprints), block):
        like = likeness(fingerprints[start : start + block], fingerprints[start:]) > SAME
        for one, other in np.argwhere(like) + start:
            if group[one] is not group[other]:
                group[one] += group[other]
                group |= dict.fromkeys(group[other], group[one])
    return [members for index, members in group.items() if len(members) > 1 and members[0] == index]


def _fingerprints(paths: Sequence[Path]) -> Signs:
    return np.array(list(in_threads(fingerprint, paths)), np.float32).reshape(len(paths), BITS)

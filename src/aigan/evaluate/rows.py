"""Figures as they are kept: a line of JSON for each picture as soon as it is measured, and a row for each whole set.

What is in these files was measured by the very method that its `identity` names; all else is measured anew.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

import aigan
from aigan.baselines.registry import BASELINES, weights_of
from aigan.errors import AiganError
from aigan.evaluate.measure import INPUT, Evaluation, Item
from aigan.evaluate.plan import Cell
from aigan.files import writable, write_whole
from aigan.restore import registry
from aigan.restore.backends.contract import cores

SYSTEMS = ("bm3d",)  # packages that are what is measured, and not only helpers
_PREFIX = "aigan.baselines."
Kind = TypeVar("Kind")


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """By which code a figure was measured, and on what."""

    version: str
    commit: str  # "" outside a checkout; ends in -dirty where files had changed
    machine: str


class Measured(Where, frozen=True, kw_only=True):
    """A picture that was measured."""

    method: str
    identity: str
    benchmark: str
    sigma_255: float | None
    seed: int | None
    peak_memory_bytes: int | None
    item: Item

    @property
    def key(self) -> tuple[object, ...]:
        """What it is a figure of."""
        return self.method, self.identity, self.benchmark, self.sigma_255, self.seed, self.item.name


class Row(Evaluation, frozen=True, kw_only=True):
    """A cell of a table that was measured to its end. `seconds` and `cpu_seconds` are those of all its pictures."""

    method: str
    identity: str
    every: int
    version: str
    commit: str
    machine: str
    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int | None  # of a process while it restores a picture, at its highest

    @property
    def cell(self) -> Cell:
        """What it is the row of."""
        return Cell(self.method, self.benchmark, self.protocol.sigma_255, self.protocol.seed, self.every)

    @property
    def pictures(self) -> list[Measured]:
        """Its pictures, one by one."""
        return [
            Measured(
                method=self.method,
                identity=self.identity,
                benchmark=self.benchmark,
                sigma_255=self.protocol.sigma_255,
                seed=self.protocol.seed,
                peak_memory_bytes=self.peak_memory_bytes,
                item=item,
                version=self.version,
                commit=self.commit,
                machine=self.machine,
            )
            for item in self.items
        ]


def row_of(cell: Cell, evaluation: Evaluation, pictures: list[Measured]) -> Row:
    """The row of a cell whose pictures are all measured; commits and machines are all those that had a part in it."""
    peaks = [picture.peak_memory_bytes for picture in pictures if picture.peak_memory_bytes]

    def all_of(field: str) -> str:
        return ", ".join(sorted({getattr(picture, field) for picture in pictures}))

    return Row(
        **{field: getattr(evaluation, field) for field in Evaluation.__struct_fields__},
        method=cell.method,
        identity=all_of("identity"),
        every=cell.every,
        version=all_of("version"),
        commit=all_of("commit"),
        machine=all_of("machine"),
        seconds=round(sum(item.seconds for item in evaluation.items), 3),
        cpu_seconds=round(sum(item.cpu_seconds for item in evaluation.items), 3),
        peak_memory_bytes=max(peaks, default=None),
    )


def read_rows(path: Path) -> dict[Cell, Row]:
    """The rows of a file, none where there is no file."""
    return {row.cell: row for row in _read_lines(path, Row)}


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write all rows, a line each; the file is there in full, before and after."""
    write_whole(path, b"".join(msgspec.json.encode(row) + b"\n" for row in rows))


class Journal:
    """The pictures that were measured, appended one by one: what a run that was killed had finished."""

    def __init__(self, path: Path) -> None:
        self.pictures = _read_lines(path, Measured)
        with writable(path):
            self._file: BinaryIO = path.open("r+b" if path.exists() else "xb")
            self._file.truncate(len(_whole_lines(path.read_bytes())))  # a line that a kill cut short goes
            self._file.seek(0, os.SEEK_END)

    def append(self, picture: Measured) -> None:
        """Add a picture; it is on the disk when this returns."""
        self._file.write(msgspec.json.encode(picture) + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def identity_of(model: str, weights: Path | None = None, *, gray: bool) -> str:
    """What a model's figures depend on: the version of aigan, and the hashes of its weights and a baseline's source.

    AiganError where there is no such model.
    """
    version = f"aigan {aigan.__version__}"
    if model == INPUT:
        return version
    if model not in BASELINES:
        return f"{version}, weights {_hash([registry.find(str(weights or model), gray=gray)])}"
    files, packages = _sources(f"{_PREFIX}{BASELINES[model].module}")
    learned = [f"weights {_hash([weights_of(model, weights)])}"] if BASELINES[model].learned else []
    return ", ".join([version, f"source {_hash(sorted(files))}", *learned, *sorted(packages)])


def here() -> Where:
    """This code and this machine."""
    return Where(version=aigan.__version__, commit=_commit(), machine=_machine())


def _sources(module: str) -> tuple[set[Path], set[str]]:
    """What a module of the baselines consists of: its file, data of the same name beside it, those of the baselines'
    modules that it imports, and the packages in `SYSTEMS` with their versions.
    """
    files: set[Path] = set()
    packages: set[str] = set()
    waiting = [module]
    while waiting:
        path = _file_of(waiting.pop())
        if path is None or path in files:
            continue
        files |= {*path.parent.glob(f"{path.stem}.*")}
        for name in _imported(path):
            if name.startswith(_PREFIX):
                waiting.append(name)
            elif name in SYSTEMS:
                with suppress(metadata.PackageNotFoundError):
                    packages.add(f"{name} {metadata.version(name)}")
    return files, packages


def _file_of(module: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:  # not a module, but something in one
        return None
    return Path(spec.origin) if spec and spec.origin else None


def _imported(path: Path) -> Iterator[str]:
    """Whatever a source file imports, also things that are no modules."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _hash(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _commit() -> str:
    root = Path(aigan.__file__).parents[2]
    if not (root / ".git").exists():
        return ""
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _machine() -> str:
    model = platform.processor() or platform.machine()
    try:
        if found := re.search(r"^model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(), re.MULTILINE):
            model = found[1].strip()
    except OSError:
        pass
    return f"{model}, {cores()} cores"


def _read_lines(path: Path, kind: type[Kind]) -> list[Kind]:
    if not path.exists():
        return []
    try:
        return [msgspec.json.decode(line, type=kind) for line in _whole_lines(path.read_bytes()).splitlines()]
    except msgspec.MsgspecError as error:
        raise AiganError(f"{path} is damaged ({error}): delete it, and what it held is measured anew") from None


def _whole_lines(content: bytes) -> bytes:
    """All up to the last end of a line."""
    return content[: content.rfind(b"\n") + 1]

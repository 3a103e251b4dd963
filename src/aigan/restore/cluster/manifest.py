"""What became of each picture: `manifest.jsonl` in the output folder, a line a picture, whoever is killed on the way.

One writer, the driver. Buckets cannot append, and half a line must never be read: a running job adds small files
below `.manifest/`, each of which appears whole, and puts all into one at its end. Later rows of a picture replace
earlier ones.
"""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from aigan.errors import AiganError
from aigan.restore.cluster import places
from aigan.restore.job import FileResult

NAME, PARTS = "manifest.jsonl", ".manifest"
SECONDS = 1.0  # between two parts: what a killed driver may fail to have written down


class Manifest:
    """The rows in a folder; `add` new ones, and `close` at the end."""

    def __init__(self, folder: Path) -> None:
        """Read what earlier jobs left, those that were killed too. AiganError where it is damaged."""
        self._file, self._parts = folder / NAME, sorted(places.files_below(folder / PARTS))
        self._rows = {
            row.source: msgspec.json.encode(row) for path in (self._file, *self._parts) for row in _rows(path)
        }
        self._folder, self._number = folder / PARTS, int(self._parts[-1].stem) + 1 if self._parts else 0
        self._new: list[bytes] = []
        self._written = time.monotonic()

    def add(self, result: FileResult) -> None:
        """Take down what became of a picture; for one that was left out, what is known of it stands."""
        known = self._rows.get(result.source)
        if result.status == "skipped" and known and _row(known).status == "restored":
            return
        self._rows[result.source] = row = msgspec.json.encode(result)
        self._new.append(row)
        if time.monotonic() > self._written + SECONDS:
            self._write_part()

    def close(self) -> None:
        """Put all rows into the one file."""
        if not self._new and not self._parts:
            return
        places.write(self._file, b"".join(row + b"\n" for row in self._rows.values()))
        places.delete(self._folder, self._parts)

    def _write_part(self) -> None:
        part = self._folder / f"{self._number:08d}.jsonl"
        places.write(part, b"".join(row + b"\n" for row in self._new))
        self._parts.append(part)
        self._number += 1
        self._new.clear()
        self._written = time.monotonic()


def _rows(path: Path) -> list[FileResult]:
    try:
        return [_row(line) for line in places.read(path).splitlines()]
    except msgspec.MsgspecError as error:
        raise AiganError(f"{places.shown(path)} is damaged ({error}): delete it, and add --resume") from error


def _row(line: bytes) -> FileResult:
    return msgspec.json.decode(line, type=FileResult)

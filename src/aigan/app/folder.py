"""The temporary folder: uploads and results, each for an hour and not more than so many bytes in all; then they go."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

KEPT_S = 3600
KEPT_BYTES = 2 << 30
SWEPT_EVERY_S = 60
YOUNG_S = 10  # what may still be in use is left alone
_FIXED = "fixed"


class _Entry(NamedTuple):
    used: float
    size: int
    path: Path


class Folder:
    """What lies below `path`; made by `temporary_folder`. Its entries are folders with names that cannot be guessed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def new(self) -> Path:
        """A new folder in it, for what belongs together."""
        self.sweep()
        folder = self.path / secrets.token_hex(16)
        folder.mkdir()
        return folder

    @property
    def fixed(self) -> Path:
        """A folder in it that stays as long as it does."""
        folder = self.path / _FIXED
        folder.mkdir(exist_ok=True)
        return folder

    def sweep(self, *, kept_s: float = KEPT_S, kept_bytes: int = KEPT_BYTES) -> None:
        """Remove what was not used for `kept_s` seconds, and of the rest the oldest, until `kept_bytes` are left."""
        now = time.time()
        total = 0
        for entry in sorted(self._entries(), reverse=True):
            total += entry.size
            age = now - entry.used
            if age > kept_s or (total > kept_bytes and age > YOUNG_S):
                if entry.path.is_dir():
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    entry.path.unlink(missing_ok=True)
                total -= entry.size

    def is_full(self) -> bool:
        """Whether it holds so much that no more is taken in, even after sweeping."""
        self.sweep()
        return sum(entry.size for entry in self._entries()) > KEPT_BYTES

    def holds(self, path: str) -> bool:
        """Whether a path, as a client gave it, is that of a file in it."""
        resolved = Path(path).resolve()
        return Path(path).is_absolute() and resolved.is_relative_to(self.path) and resolved.is_file()

    def _entries(self) -> Iterator[_Entry]:
        for path in self.path.iterdir():
            if path.name == _FIXED:
                continue
            try:
                files = [file.stat() for file in (path, *path.rglob("*"))]
            except OSError:  # it has just gone
                continue
            yield _Entry(max(file.st_mtime for file in files), sum(file.st_size for file in files), path)


@contextmanager
def temporary_folder() -> Iterator[Folder]:
    """A folder that is swept as long as the block lasts, and gone when it ends."""
    with tempfile.TemporaryDirectory(prefix="aigan-app-", ignore_cleanup_errors=True) as name:
        folder = Folder(Path(name).resolve())
        ended = threading.Event()

        def sweep_now_and_then() -> None:
            while not ended.wait(SWEPT_EVERY_S):
                folder.sweep()

        threading.Thread(target=sweep_now_and_then, daemon=True).start()
        try:
            yield folder
        finally:
            ended.set()

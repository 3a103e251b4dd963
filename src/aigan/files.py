"""Outputs appear whole or not at all: written to a temporary neighbour, fsynced, renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aigan.errors import AiganError


@contextmanager
def replacing(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """A temporary file beside `path` to write to; it takes the place of `path` when the block ends without an error.

    AiganError where `path` exists and may not be overwritten, or where its folder cannot be written to.
    """
    if path.exists() and not overwrite:
        raise AiganError(f"{path} exists already: choose another name or allow overwriting")
    with temporary_neighbour(path) as temporary:
        yield temporary
        with writable(path):
            with temporary.open("r+b") as file:
                os.fsync(file.fileno())
            temporary.replace(path)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, over what is there, in full or not at all. AiganError where it cannot be written."""
    with replacing(path, overwrite=True) as temporary, writable(path):
        temporary.write_bytes(data)


@contextmanager
def temporary_neighbour(path: Path) -> Iterator[Path]:
    """An empty file beside `path`, on the same disk, that is gone when the block ends."""
    temporary = path.with_name(f".aigan-{os.urandom(8).hex()}.tmp")
    with writable(path):
        temporary.touch(exist_ok=False)
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, where they are missing. AiganError where that cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AiganError(f"the folder {path} cannot be made ({error.strerror}): name another one") from error


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """Errors of the disk, in one sentence about `path`."""
    try:
        yield
    except OSError as error:
        raise AiganError(f"{path} cannot be written ({error.strerror}): check its folder and the free space") from error

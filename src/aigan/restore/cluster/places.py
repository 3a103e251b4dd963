"""Where pictures lie: folders that all machines see, and buckets (s3://, gs:// ...), through fsspec.

A name in a bucket is a `Path` like any other, so that `naming` treats all alike: s3://bucket/a.png is the path
s3:/bucket/a.png, which `shown` turns back. Local names are absolute, for workers have other working directories.
"""

from __future__ import annotations

import glob
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from aigan.errors import AiganError, MissingExtra, UsageError, telling
from aigan.files import write_whole
from aigan.pictures import is_picture
from aigan.restore import naming
from aigan.restore.naming import Part

PROTOCOL = re.compile(r"^([a-z][a-z0-9+.-]+):/+")  # two letters and more: C:/ is a disk


def place(name: str | Path) -> Path:
    """The path that stands for a file, a folder or the name of one in a bucket."""
    name = str(name).removeprefix("file://")
    return Path(name) if is_bucket(name) else Path(os.path.abspath(name))


def is_bucket(name: str | Path) -> bool:
    """Whether a name, or the path that stands for it, lies in a bucket."""
    return PROTOCOL.match(str(name)) is not None


def shown(path: str | Path) -> str:
    """The name as users write it."""
    return PROTOCOL.sub(r"\1://", str(path))


def _pictures(name: str, output: Path) -> list[tuple[Path, Path]]:
    path = Path(name)
    if not is_bucket(path):
        return naming.pictures(name, output)
    if glob.has_magic(name):
        root = naming.before_magic(path)
        found = _listing(path, lambda files, key: files.glob(key))
    elif is_picture(path):
        return [(path, Path(path.name))]  # a missing file is found out, and named, when its turn comes
    else:
        root = path
        below = output if output.is_relative_to(root) and output != root else None
        found = [file for file in files_below(root) if not (_is_hidden(file, root) or below in file.parents)]
    pictures = sorted(file for file in found if is_picture(file))
    if not pictures:
        raise UsageError(f"{shown(path)}: there is no picture of this name or below it; check the name")
    return [(picture, picture.relative_to(root)) for picture in pictures]


plan = partial(naming.plan, place=place, find=_pictures)  # also in buckets; AiganError where one cannot be listed


def _is_hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def existing(output: Path) -> Callable[[Path], bool]:
    """Whether an output is there already; a bucket is asked once, for all that is below `output`."""
    if not is_bucket(output):
        return Path.exists
    return frozenset(files_below(output.parent if is_picture(output) else output)).__contains__


def files_below(folder: Path) -> list[Path]:
    """All files in a folder, or in a bucket, and below it; none where there is no such folder."""
    if not is_bucket(folder):
        return [path for path in folder.rglob("*") if path.is_file()]
    return _listing(folder, lambda files, key: files.find(key))


def _listing(path: Path, ask: Callable[[Any, str], list[str]]) -> list[Path]:
    files, key = filesystem(path)
    files.invalidate_cache()
    try:
        return [Path(files.unstrip_protocol(found)) for found in ask(files, key)]
    except Exception as error:  # each driver has exceptions of its own
        raise AiganError(f"{shown(path)} cannot be listed ({_reason(error)}): check the name and the rights") from error


def filesystem(path: Path) -> tuple[Any, str]:
    """What reaches a bucket, and the name in it. MissingExtra where its driver is not installed."""
    try:
        from fsspec.core import url_to_fs
        from fsspec.registry import known_implementations
    except ImportError as missing:
        raise MissingExtra("buckets need fsspec: install it with  pip install 'aigan[cluster]'") from missing
    name = shown(path)
    protocol = name.partition(":")[0]
    if protocol == "memory":
        raise UsageError(
            f"{name} is in the memory of this process, which workers cannot see: name a folder or a bucket"
        )
    try:
        files, key = url_to_fs(name)
    except ImportError as missing:
        package = known_implementations[protocol]["class"].partition(".")[0]
        raise MissingExtra(f"{name} needs {package}: install it with  pip install {package}") from missing
    except ValueError as error:
        raise UsageError(f"{name} cannot be reached ({_reason(error)}): check what stands before ://") from error
    return files, str(key)


@contextmanager
def at_hand(source: Path, outputs: Mapping[Part, Path]) -> Iterator[tuple[Path, dict[Part, Path]]]:
    """The source and the outputs as files of this machine: those of buckets are fetched first, and sent at the end.

    What is sent appears whole or not at all, as what is written does. AiganError where that fails.
    """
    with tempfile.TemporaryDirectory(prefix="aigan-") as scratch:
        local = Path(scratch, "in", source.name) if is_bucket(source) else source
        made = {part: Path(scratch, "out", path.name) if is_bucket(path) else path for part, path in outputs.items()}
        if is_bucket(source):
            _fetch(source, local)
        # errors name files of this machine, which are gone when they are read
        names = {str(local): shown(source)} | {str(made[part]): shown(path) for part, path in outputs.items()}
        with telling(names):
            yield local, made
        for part, path in outputs.items():
            if is_bucket(path):
                _send(made[part], path)


def _fetch(source: Path, local: Path) -> None:
    files, key = filesystem(source)
    local.parent.mkdir()
    try:
        files.get_file(key, str(local))
    except FileNotFoundError:
        raise AiganError(f"{shown(source)} does not exist: check the name") from None
    except Exception as error:
        raise AiganError(f"{shown(source)} cannot be read ({_reason(error)}): check the rights") from error


def _send(local: Path, target: Path) -> None:
    files, key = filesystem(target)
    try:
        files.put_file(str(local), key)
    except Exception as error:
        raise AiganError(f"{shown(target)} cannot be written ({_reason(error)}): check the rights") from error


def read(path: Path) -> bytes:
    """A small file; empty where there is none."""
    if not is_bucket(path):
        return path.read_bytes() if path.exists() else b""
    files, key = filesystem(path)
    files.invalidate_cache()
    return bytes(files.cat_file(key)) if files.exists(key) else b""


def write(path: Path, data: bytes) -> None:
    """Write a small file: it is there whole or not at all, in a bucket as well."""
    if is_bucket(path):
        files, key = filesystem(path)
        files.pipe_file(key, data)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data)


def delete(folder: Path, files_in_it: Iterable[Path]) -> None:
    """Delete these files and the folder, which holds no other."""
    if is_bucket(folder):
        for path in files_in_it:
            files, key = filesystem(path)
            files.rm_file(key)
    elif folder.exists():
        for path in files_in_it:
            path.unlink()
        folder.rmdir()


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__

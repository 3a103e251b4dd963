"""Which backend was the fastest on this machine, as `aigan bench --remember` measured it, for `--backend auto`.

Kept in $XDG_CACHE_HOME/aigan/backends.json, ~/.cache where that is not set. What another machine, another number of
cores or other versions measured counts for nothing; nor does a file that is damaged.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import msgspec

from aigan.errors import AiganError
from aigan.files import write_whole
from aigan.restore.backends.contract import cores

Safe = Literal["onnx", "openvino"]  # the same results to 1e-4; torch takes seconds to import
SAFE: dict[Safe, str] = {"onnx": "onnxruntime", "openvino": "openvino"}  # and what each needs


class Remembered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fastest backend for each model, and where that holds."""

    machine: str
    fastest: dict[str, Safe]


def file() -> Path:
    """Where it is kept."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(cache) if Path(cache).is_absolute() else Path.home() / ".cache") / "aigan" / "backends.json"


def backend_for(model: str) -> Safe:
    """The backend that was the fastest for a model's name and is still installed; ONNX Runtime where none is known."""
    try:
        remembered = msgspec.json.decode(file().read_bytes(), type=Remembered)
    except (OSError, RuntimeError, msgspec.MsgspecError):  # RuntimeError: there is no home
        return "onnx"
    found = remembered.fastest.get(model, "onnx")
    return found if find_spec(SAFE[found]) and remembered.machine == _machine() else "onnx"


def remember(fastest: Mapping[str, Safe]) -> bool:
    """Keep the fastest backends of these models beside those of others; False where the file cannot be written."""
    try:
        before = msgspec.json.decode(file().read_bytes(), type=Remembered)
    except (OSError, RuntimeError, msgspec.MsgspecError):
        before = Remembered("", {})
    kept = before.fastest if before.machine == _machine() else {}
    try:
        file().parent.mkdir(parents=True, exist_ok=True)
        write_whole(file(), msgspec.json.encode(Remembered(_machine(), {**kept, **fastest})))
    except (OSError, RuntimeError, AiganError):
        return False
    return True


def _machine() -> str:
    """Equal where the same is the fastest: host, kind of processor, cores, and versions of what is installed."""
    from importlib import metadata  # takes 20 ms, and most machines remember nothing

    versions = [f"{package} {metadata.version(package)}" for package in SAFE.values() if find_spec(package)]
    return ", ".join([platform.node(), platform.machine(), f"{cores()} cores", *versions])

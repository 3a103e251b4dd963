"""What `aigan` finds on this machine: versions, processor, memory, models, speed, and what could be installed."""

from __future__ import annotations

import platform
import re
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import msgspec
import numpy as np
import onnxruntime

from aigan.errors import AiganError, MissingExtra
from aigan.restore import memory, registry
from aigan.restore.backends import onnx
from aigan.restore.backends.contract import cores

STANDARD_SIZE = 321, 481  # px, a picture of BSDS
USEFUL = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "bf16", "i8mm")


class Finding(msgspec.Struct, frozen=True):
    """One fact; `advice` where something is missing: what to do."""

    name: str
    value: str
    advice: str = ""


def examine() -> Iterator[Finding]:
    """Look at everything that decides whether, and how fast, pictures are restored. Takes a few seconds."""
    yield Finding("aigan", f"{metadata.version('aigan')}, Python {platform.python_version()}, {platform.platform()}")
    extras: dict[str, list[str]] = {}
    for requirement in metadata.requires("aigan") or []:
        name = re.split(r"[^\w.-]", requirement)[0]
        found = re.search(r"""extra == ["'](\w+)""", requirement)
        if not found:
            yield Finding(name, _version(name))
        elif found[1] != "dev":
            extras.setdefault(found[1], []).append(name)
    for extra, names in extras.items():
        versions = {name: _version(name) for name in names}
        text = ", ".join(f"{name} {version}" for name, version in versions.items())
        yield Finding(f"extra {extra}", text, f"pip install 'aigan[{extra}]'" if MISSING in versions.values() else "")
    yield Finding("processor", f"{cores()} cores, {_instructions()}")
    yield Finding("free memory", f"{memory.free_bytes() / 2**30:.1f} GiB")
    yield Finding("backend onnx", f"{onnxruntime.__version__}, {', '.join(onnxruntime.get_available_providers())}")
    yield _openvino()
    yield from _torch()
    yield from _models()


MISSING = "not installed"


def _openvino() -> Finding:
    try:
        from aigan.restore.backends import openvino
    except MissingExtra:
        return Finding("backend openvino", MISSING, "pip install 'aigan[openvino]'")
    return Finding("backend openvino", f"{_version('openvino')}, {' '.join(sorted(openvino.capabilities()))}")


def _torch() -> Iterator[Finding]:
    try:
        from aigan.restore.backends import torch
    except MissingExtra:
        yield Finding("backend torch", MISSING, "pip install 'aigan[train]'")
        yield Finding("devices", "cpu")
        return
    yield Finding("backend torch", _version("torch"))
    yield Finding("devices", ", ".join(torch.devices()))


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return MISSING


def _instructions() -> str:
    """The instruction sets that matter, where the system says them."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine()
    flags = set(re.findall(r"^(?:flags|Features)\s*:(.*)", text, re.MULTILINE)[0].split())
    return " ".join([platform.machine(), *(name for name in USEFUL if name in flags)])


def _models() -> Iterator[Finding]:
    names = registry.shipped()
    if not names:
        yield Finding("models", f"none in {registry.FOLDER}", "install aigan anew, its weights are missing")
    pixels = np.random.default_rng(0).random((*STANDARD_SIZE, 3), np.float32)
    for name in names:
        try:
            restorer = onnx.load(registry.find(name), parts=())
        except AiganError as error:
            yield Finding(name, str(error), "install aigan anew")
            continue
        picture = pixels[..., : restorer.spec.channels]
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            restorer(picture)
            seconds.append(time.perf_counter() - start)
        height, width = STANDARD_SIZE
        yield Finding(name, f"{1000 * min(seconds):.0f} ms for a picture of {width} × {height}, {registry.find(name)}")

"""What all backends share: how they are asked for, which outputs of a network they compute, and what is made of them.

A backend is a module with `check(device, precision)`, which raises what is wrong with the two before anything is
begun, and `load(path, *, parts, device, precision)`, which opens a network as a `Restorer` (decomposition.py).
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Literal

from aigan.decomposition import Array, Decomposition, ModelSpec
from aigan.restore.confidence import expected_error

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]
Part = Literal["interference", "expected_error"]
PARTS: tuple[Part, ...] = ("interference", "expected_error")
CORES = "AIGAN_CORES"  # a process among others on one machine is told its share
ESTIMATES = ("original", "original_step1", "original_from_T")


def outputs_for(parts: Collection[Part]) -> tuple[str, ...]:
    """The outputs of the exported network that the original and `parts` need."""
    estimates = ESTIMATES if "expected_error" in parts else ESTIMATES[:1]
    return (*estimates, "interference") if "interference" in parts else estimates


def decomposition(degraded: Array, outputs: Mapping[str, Array], spec: ModelSpec) -> Decomposition:
    """What a network's outputs say of the degraded picture, all (H, W, C).

    Without the output `interference` it is I − O; without all estimates of O the expected error is None.
    """
    original = outputs["original"]
    error = None
    if outputs.keys() >= {*ESTIMATES}:
        error = expected_error(degraded, [outputs[name] for name in ESTIMATES], spec.confidence)
    interference = outputs.get("interference")
    return Decomposition(degraded, original, degraded - original if interference is None else interference, error)


def cores() -> int:
    """The cores that this process may use: AIGAN_CORES, or those that it is bound to; outside Linux, all of them."""
    if CORES in os.environ:
        return int(os.environ[CORES])
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

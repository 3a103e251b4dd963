"""Exported networks that need no training: small graphs of the contract in DESIGN.md, section 3."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from aigan.decomposition import ModelSpec

NetworkFile = Callable[..., Path]


@pytest.fixture(scope="session")
def network_file(tmp_path_factory: pytest.TempPathFactory) -> NetworkFile:
    """Make an ONNX file; see `write_network`."""

    def make(kind: str = "blur", channels: int = 3, gain: float = 1.0, **changes: object) -> Path:
        path = tmp_path_factory.mktemp("networks") / f"{kind}.onnx"
        write_network(path, kind, channels, gain, **changes)
        return path

    return make


def write_network(path: Path, kind: str, channels: int, gain: float, **changes: object) -> None:
    """Half the picture and half its 3 × 3 mean ("blur"), or that of its means over blocks of 8 ("blocks").

    "blocks" has a grid of stride 8 to which tiles must be aligned, and pads inside, as real networks do. `gain`
    multiplies the original. `changes` are fields of the spec.
    """
    onnx = pytest.importorskip("onnx")
    from onnx import helper, numpy_helper

    kernel = np.full((channels, 1, 3, 3), gain / 18, np.float32)
    half = np.array(gain / 2, np.float32)
    constants = {
        "kernel": kernel,
        "half": half,
        "scales": np.array([1, 1, 8, 8], np.float32),
        "none": np.array([], np.float32),
        "zeros": np.array([0, 0], np.int64),
        "axes": np.array([2, 3], np.int64),
    }
    mean = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "group": channels}
    if kind == "blur":
        smooth = [helper.make_node("Conv", ["degraded", "kernel"], ["smooth"], **mean)]
        reach = {"multiple_of": 1, "receptive_radius_px": 1, "halo_px": 1}
    else:
        smooth = [
            helper.make_node("AveragePool", ["degraded"], ["pooled"], kernel_shape=[8, 8], strides=[8, 8], ceil_mode=1),
            helper.make_node("Conv", ["pooled", "kernel"], ["means"], **mean),
            helper.make_node("Resize", ["means", "none", "scales"], ["up"], mode="nearest", nearest_mode="floor",
                             coordinate_transformation_mode="asymmetric"),
            helper.make_node("Shape", ["degraded"], ["size"], start=2),
            helper.make_node("Slice", ["up", "zeros", "size", "axes"], ["smooth"]),
        ]  # fmt: skip
        reach = {"multiple_of": 8, "receptive_radius_px": 15, "halo_px": 8}
    nodes = [
        *smooth,
        helper.make_node("Mul", ["degraded", "half"], ["sharp"]),
        helper.make_node("Add", ["sharp", "smooth"], ["original"]),
        helper.make_node("Sub", ["degraded", "original"], ["interference"]),
        helper.make_node("Add", ["smooth", "smooth"], ["original_step1"]),
        helper.make_node("Identity", ["degraded"], ["original_from_T"]),
    ]
    shape = ["n", channels, "h", "w"]
    values = {
        name: helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name in ("degraded", "original", "interference", "original_step1", "original_from_T")
    }
    graph = helper.make_graph(
        nodes,
        kind,
        [values.pop("degraded")],
        list(values.values()),
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    fields = {"name": kind, "task": "denoise", "channels": channels, **reach, **changes}
    spec = msgspec.convert(msgspec.to_builtins(fields), ModelSpec)
    metadata = {"spec": spec, "network": {}, "source_sha256": "0" * 64}
    helper.set_model_props(model, {"aigan": msgspec.json.encode(metadata).decode()})
    onnx.save(model, path)

"""The exported network under OpenVINO, on the processor: faster than ONNX Runtime on many of Intel's.

It reads the file that the default backend reads (onnx.py), and its results are the same to 1e-4 in fp32.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aigan.decomposition import Array, Context, Decomposition, ModelSpec
from aigan.errors import MissingExtra, UsageError
from aigan.restore.backends import onnx
from aigan.restore.backends.contract import (
    PARTS,
    Device,
    Part,
    Precision,
    cores,
    decomposition,
    outputs_for,
)

try:
    import openvino as ov
except ImportError as missing:
    raise MissingExtra("this needs openvino: install it with  pip install 'aigan[openvino]'") from missing

HINTS = {"auto": "f32", "fp32": "f32", "bf16": "bf16", "fp16": "f16"}  # OpenVINO's words


@dataclass(frozen=True, eq=False)
class OpenVinoRestorer:
    """A `Restorer` over one compiled network; made by `load`."""

    request: ov.InferRequest
    spec: ModelSpec

    def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
        """As `OnnxRestorer`."""
        try:
            results = self.request.infer([np.ascontiguousarray(degraded.transpose(2, 0, 1)[None])])
        except RuntimeError as error:  # OpenVINO has no type of its own for this
            if "alloc" in str(error).lower():
                raise MemoryError(str(error)) from error
            raise
        outputs = {output.get_any_name(): array[0].transpose(1, 2, 0) for output, array in results.items()}
        return decomposition(degraded, outputs, self.spec)

    def context(self, whole: Array) -> Context | None:
        """As `OnnxRestorer.context`."""
        return None


def check(device: Device, precision: Precision) -> None:
    """UsageError where OpenVINO is asked for what it does not do on this machine."""
    if device not in ("auto", "cpu"):
        raise UsageError(f"OpenVINO computes on the processor here: take --backend torch for {device}")
    if precision in ("bf16", "fp16") and precision.upper() not in capabilities():
        raise UsageError(f"OpenVINO does not compute in {precision} on this processor: take --precision fp32")


def load(
    path: Path, *, parts: Collection[Part] = PARTS, device: Device = "auto", precision: Precision = "auto"
) -> OpenVinoRestorer:
    """Open an exported network; arguments and errors as `onnx.load`. "auto" is fp32."""
    check(device, precision)
    spec = onnx.read_spec(path)
    core = ov.Core()
    model = core.read_model(path.read_bytes())
    wanted = outputs_for(parts)
    for output, result in zip(model.outputs, model.get_results(), strict=True):
        if output.get_any_name() not in wanted:
            model.remove_result(result)
    settings = {
        "INFERENCE_NUM_THREADS": cores(),
        "INFERENCE_PRECISION_HINT": HINTS[precision],
        "PERFORMANCE_HINT": "LATENCY",
    }
    return OpenVinoRestorer(core.compile_model(model, "CPU", settings).create_infer_request(), spec)


def capabilities() -> frozenset[str]:
    """What this processor computes in under OpenVINO: FP32, perhaps BF16, FP16 and others."""
    return frozenset(ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))

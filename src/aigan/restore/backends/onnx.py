"""The default backend: an exported network under ONNX Runtime, on the processor, in float32.

The file (DESIGN.md, section 3): input `degraded` (N, C, H, W); outputs `original`, `interference`, `original_step1` and
`original_from_T`; in its metadata the JSON of `Metadata` under the key `aigan`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import onnxruntime as ort

from aigan.decomposition import Array, Context, Decomposition, ModelSpec
from aigan.errors import AiganError, UsageError
from aigan.restore.backends.contract import (
    ESTIMATES,
    PARTS,
    Device,
    Part,
    Precision,
    cores,
    decomposition,
    outputs_for,
)


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What lies in the ONNX file beside the graph."""

    spec: ModelSpec
    network: msgspec.Raw = msgspec.Raw(b"{}")  # the configuration that rebuilds it in torch
    source_sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]  # of the safetensors file


@dataclass(frozen=True, eq=False)
class OnnxRestorer:
    """A `Restorer` over one session; made by `load`."""

    session: ort.InferenceSession
    spec: ModelSpec
    parts: Collection[Part]

    def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
        """Decompose a picture, (H, W, C) float32 in [0, 1], C as the spec says.

        What `parts` leaves out is not computed: the interference is then I − O, the expected error None.
        Raises MemoryError where the picture is too large for this machine.
        """
        return decomposition(degraded, self.run(degraded, outputs_for(self.parts)), self.spec)

    def run(self, degraded: Array, wanted: Iterable[str]) -> dict[str, Array]:
        """Outputs of the graph by their names, each (H, W, C)."""
        names = list(wanted)
        options = ort.RunOptions()
        options.only_execute_path_to_fetches = True
        options.log_severity_level = 4  # errors are raised, not printed as well
        try:
            arrays = self.session.run(names, {"degraded": degraded.transpose(2, 0, 1)[None]}, options)
        except Exception as error:  # ONNX Runtime has no type of its own for this
            if "alloc" in str(error).lower():
                raise MemoryError(str(error)) from error
            raise
        return {name: array[0].transpose(1, 2, 0) for name, array in zip(names, arrays, strict=True)}

    def context(self, whole: Array) -> Context | None:
        """Nothing: the network looks at each place by itself."""
        return None


def check(device: Device, precision: Precision) -> None:
    """UsageError where ONNX Runtime is asked for what it does not do here."""
    if device not in ("auto", "cpu"):
        raise UsageError(f"ONNX Runtime computes on the processor: take --backend torch for {device}")
    if precision not in ("auto", "fp32"):
        raise UsageError(f"ONNX Runtime computes in fp32: take --backend torch or openvino for {precision}")


def load(
    path: Path, *, parts: Collection[Part] = PARTS, device: Device = "auto", precision: Precision = "auto"
) -> OnnxRestorer:
    """Open an exported network; of the parts beside the original, compute those named.

    AiganError where the file is not a network that `aigan export` wrote, or as `check`.
    """
    check(device, precision)
    options = ort.SessionOptions()
    options.enable_mem_pattern = False  # half the memory, as fast: tiles are of several sizes
    options.intra_op_num_threads = cores()
    options.log_severity_level = 4
    session = _open(path, options)
    return OnnxRestorer(session, _metadata(path, session).spec, parts)


def read_spec(path: Path) -> ModelSpec:
    """What an exported network says of itself, without making it ready to run."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    return _metadata(path, _open(path, options)).spec


def _open(path: Path, options: ort.SessionOptions) -> ort.InferenceSession:
    try:
        return ort.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except OSError as error:
        raise AiganError(
            f"{path} cannot be read ({error.strerror}): name a model of `aigan models` or a file"
        ) from error
    except Exception as error:  # a damaged file makes ONNX Runtime raise one of a dozen types
        raise AiganError(
            f"{path} is no ONNX file, or a damaged one: get it again or run `aigan export` anew"
        ) from error


def _metadata(path: Path, session: ort.InferenceSession) -> Metadata:
    try:
        metadata = msgspec.json.decode(session.get_modelmeta().custom_metadata_map["aigan"], type=Metadata)
    except (KeyError, msgspec.MsgspecError) as error:
        raise AiganError(
            f"{path} lacks the description that `aigan export` writes ({error}): export it anew"
        ) from error
    inputs = {node.name: node.shape[1] for node in session.get_inputs() if len(node.shape) in (2, 4)}
    outputs = {node.name for node in session.get_outputs()}
    if inputs != {"degraded": metadata.spec.channels} or not {*ESTIMATES, "interference"} <= outputs:
        raise AiganError(f"{path} has not the inputs and outputs of an AI-GAN network: run `aigan export` anew")
    return metadata

"""int8: a variant of the exported network for processors that multiply 8-bit numbers (VNNI, AMX).

ONNX Runtime's quantiser does it: static, per output channel, activations of 8 bits without sign, weights of 7 bits
with sign. Two products of these fit into 16 bits, where processors without VNNI add them (vpmaddubsw), so that
sums saturate nowhere and one file is right on both kinds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.quant_utils import add_pre_process_metadata

from aigan.decomposition import Array, ModelSpec
from aigan.errors import AiganError
from aigan.files import write_whole
from aigan.network import weights
from aigan.network.export import describe, trace

LEVELS = (".encode.", ".down.", ".up.", ".decode.")  # of parts.py: convolutions from features to features
STAY_FLOAT = (".encode.0.0.", ".decode.0.")  # the first block and the last level, which cost most of the loss


def quantize(source: Path, target: Path, calibration: Iterable[Array]) -> None:
    """Write `target` (ONNX), the int8 variant of what `aigan export` makes of the weights `source`.

    The convolutions from features to features are int8, but for the first block and the finest level on the way up;
    all else stays float32. `calibration`: degraded pictures, (H, W, C) float32 in [0, 1]; the range of an
    activation is from the mean of their minima to that of their maxima. The metadata is that of the exported file but
    for what `_spec` changes. AiganError where the network has no such convolutions.
    """
    _, model = trace(source)
    nodes = _prepare(model)
    if not nodes:
        raise AiganError(f"{source}: none of this network's layers can be int8; take a network with more levels")
    add_pre_process_metadata(model)  # the exporter has optimised the graph: no warning
    with tempfile.TemporaryDirectory(prefix="aigan-int8-") as folder:
        file = Path(folder) / "int8.onnx"
        quantize_static(
            model,
            file,
            _Reader(calibration),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Relu"],
            nodes_to_quantize=nodes,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            extra_options={"CalibMovingAverage": True},
        )
        quantized = onnx.load(file)
    describe(quantized, source, _spec(weights.read_header(source).spec))
    write_whole(target, quantized.SerializeToString())


def _spec(spec: ModelSpec) -> ModelSpec:
    """With a name of its own, and without the figures, which were measured of the other.

    Tiles see as far as the network does: what a smaller halo changes a little may be rounded to the next step.
    """
    halo = -(-spec.receptive_radius_px // spec.multiple_of) * spec.multiple_of
    return msgspec.structs.replace(spec, name=f"{spec.name}-int8", halo_px=halo, figures=())


def _prepare(model: onnx.ModelProto) -> list[str]:
    """The names of the nodes to quantise.

    A convolution reads its activation through a node of its own, so that only this copy is rounded: the sum of a
    residual block's input and correction stays exact, and errors do not add up from block to block. A ReLU in between
    is quantised as one with the convolution before it, so that no part of the range goes to values below zero.
    """
    graph = model.graph
    makers = {output: node for node in graph.node for output in node.output}
    names = []
    for place, node in reversed(list(enumerate(graph.node))):  # from the end, so that places stay right
        if node.op_type != "Conv" or not _is_int8(node.input[1]):
            continue
        names.append(node.name)
        activation = node.input[0]
        if makers[activation].op_type == "Relu":
            names.append(makers[activation].name)
        else:
            node.input[0] = f"{activation}.for.{node.name}"
            graph.node.insert(place, onnx.helper.make_node("Identity", [activation], [node.input[0]]))
    return names


def _is_int8(weight: str) -> bool:
    return any(part in weight for part in LEVELS) and not any(part in weight for part in STAY_FLOAT)


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """The pictures as the network takes them."""

    def __init__(self, pictures: Iterable[Array]) -> None:
        self._pictures = iter(pictures)

    def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
        picture = next(self._pictures, None)
        if picture is None:
            return None
        return {"degraded": np.ascontiguousarray(picture.transpose(2, 0, 1)[None])}

"""Export: the ONNX file that users run, made from a weights file and checked against it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import numpy as np
import onnx
import onnx.numpy_helper
import onnxruntime
import torch
from torch import Tensor, nn

from aigan.decomposition import ModelSpec
from aigan.errors import AiganError
from aigan.files import write_whole
from aigan.network import weights
from aigan.network.presets import PictureAIGAN

OUTPUTS = ("original", "interference", "original_step1", "original_from_T")
OPSET = 18
CHECKED_SIZES = ((1, 1, 1), (1, 7, 300), (2, 64, 48), (1, 121, 90))  # N, H, W
TOLERANCE = 1e-4


class Exported(nn.Module):
    """The network as users run it: a picture in, the four outputs of the contract out (each of its shape)."""

    def __init__(self, network: PictureAIGAN) -> None:
        super().__init__()
        self.network = network

    def forward(self, degraded: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """O, T, ŷ_O and I − ŷ_T; where a topology lacks one of them, its nearest: O itself."""
        estimates = self.network(degraded)
        original, interference = self.network.fuse(degraded, estimates)
        assert interference is not None
        from_T = original if estimates.yhat_T is None else degraded - estimates.yhat_T
        return original, interference, estimates.yhat_O, from_T


def export(source: Path, target: Path) -> None:
    """Write `target` (ONNX, dynamic N, H and W, 16-bit storage) from the weights `source`, and check the two together.

    Its metadata holds, under the key `aigan`, what the header of the weights holds and `source_sha256`, their hash.
    AiganError where the two differ by more than 1e-4 on any of several sizes.
    """
    exported, model = trace(source)
    store_in_16_bit(model)
    describe(model, source, weights.read_header(source).spec)
    data = model.SerializeToString()
    _check(exported, data, target)
    write_whole(target, data)


def trace(source: Path) -> tuple[Exported, onnx.ModelProto]:
    """The network that the weights `source` hold, in torch and as an ONNX graph, float32, with dynamic N, H and W."""
    network, _ = weights.load(source)
    exported = Exported(network).eval()
    program = torch.onnx.export(
        exported,
        (torch.rand(2, network.config.channels, 40, 56),),
        input_names=["degraded"],
        output_names=list(OUTPUTS),
        dynamic_shapes=({0: torch.export.Dim("N"), 2: torch.export.Dim("H"), 3: torch.export.Dim("W")},),
        opset_version=OPSET,
        dynamo=True,
        optimize=True,
        verbose=False,
    )
    assert program is not None
    model = program.model_proto
    for node in model.graph.node:
        node.ClearField("doc_string")
        del node.metadata_props[:]
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    for output in model.graph.output:
        output.type.CopyFrom(
            model.graph.input[0].type
        )  # the exporter does not see that H and W come out as they went in
    return exported, model


def describe(model: onnx.ModelProto, source: Path, spec: ModelSpec) -> None:
    """Write into a finished graph what it is: `spec`, the network's configuration and the hash of the weights."""
    header = msgspec.to_builtins(weights.read_header(source)) | {"spec": msgspec.to_builtins(spec)}
    header["source_sha256"] = hashlib.sha256(source.read_bytes()).hexdigest()
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {"aigan": msgspec.json.encode(header).decode()})
    model.producer_name, model.doc_string = "aigan", ""
    onnx.checker.check_model(model)


def store_in_16_bit(model: onnx.ModelProto) -> None:
    """Store float32 weights as float16 with a Cast behind each, which the runtime folds when it loads the file."""
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) > 0:
            values, name = onnx.numpy_helper.to_array(tensor), tensor.name
            tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _check(exported: nn.Module, model: bytes, target: Path) -> None:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (degraded,) = session.get_inputs()
    for n, height, width in CHECKED_SIZES:
        generator = torch.Generator().manual_seed(0)
        I = torch.rand(n, degraded.shape[1], height, width, generator=generator)
        with torch.inference_mode():
            expected = exported(I)
        found = session.run(None, {degraded.name: I.numpy()})
        for name, ours, theirs in zip(OUTPUTS, found, expected, strict=True):
            difference = float(np.abs(ours - theirs.numpy()).max())
            if not difference <= TOLERANCE:
                raise AiganError(
                    f"{target} was not written: {name} differs from torch by {difference:.2g} at {width}×{height}"
                )

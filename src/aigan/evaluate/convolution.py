"""This machine's peak, for `aigan bench`: a plain large convolution in each backend and precision."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import numpy as np

from aigan.decomposition import Array
from aigan.restore.backends.contract import Device, Precision

WIDTH, SIDE = 64, 256  # channels in and out, px: the shape of DnCNN's layers, 2.4 GMAC
ON_CUDA_SIDE, ON_CUDA_TIMES = 1024, 10  # one of the small ones takes as long as launching it
REPEATS = 7
_FLOAT, _INTS = 1, 7  # ONNX: TensorProto.FLOAT, AttributeProto.INTS
_BYTES = 2  # protobuf: the wire type of bytes and messages


def peak_gflop_per_s(backend: str, threads: int, precision: Precision, device: Device = "cpu") -> float:
    """GFLOP/s of the convolution in a backend that computes in this precision, at its fastest."""
    side, times = (ON_CUDA_SIDE, ON_CUDA_TIMES) if device == "cuda" else (SIDE, 1)
    rng = np.random.default_rng(0)
    kernel = rng.standard_normal((WIDTH, WIDTH, 3, 3), np.float32)
    pixels = rng.standard_normal((1, WIDTH, side, side), np.float32)
    if device == "cuda":
        run = _cuda(kernel, pixels, precision)
    else:
        run = {"onnx": _onnx, "openvino": _openvino, "torch": _torch}[backend](kernel, pixels, threads, precision)
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return 2 * times * kernel.size * side**2 / min(seconds) / 1e9


def _onnx(kernel: Array, pixels: Array, threads: int, precision: Precision) -> Callable[[], object]:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(graph(kernel, pixels.shape), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"x": pixels})


def _openvino(kernel: Array, pixels: Array, threads: int, precision: Precision) -> Callable[[], object]:
    import openvino as ov

    from aigan.restore.backends.openvino import HINTS

    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": HINTS[precision],
        "PERFORMANCE_HINT": "LATENCY",
    }
    core = ov.Core()
    request = core.compile_model(core.read_model(graph(kernel, pixels.shape)), "CPU", settings).create_infer_request()
    return lambda: request.infer([pixels])


def _torch(kernel: Array, pixels: Array, threads: int, precision: Precision) -> Callable[[], object]:
    from aigan.restore.backends import torch

    return torch.convolution(kernel, pixels, precision)


def _cuda(kernel: Array, pixels: Array, precision: Precision) -> Callable[[], object]:
    from aigan.restore.backends import torch

    return torch.convolution(kernel, pixels, precision, device="cuda", times=ON_CUDA_TIMES)


def graph(kernel: Array, shape: Iterable[int]) -> bytes:
    """An ONNX file of one convolution of `x` by (C', C, 3, 3) to `y`, written by hand: users have no package for it."""
    shape = tuple(shape)
    pads = _field(1, b"pads") + b"".join(_field(8, 1) for _ in range(4)) + _field(20, _INTS)
    node = _field(1, b"x") + _field(1, b"w") + _field(2, b"y") + _field(4, b"Conv") + _field(5, pads)
    dims = b"".join(_field(1, size) for size in kernel.shape)
    weights = dims + _field(2, _FLOAT) + _field(8, b"w") + _field(9, kernel.astype("<f4").tobytes())
    output = (shape[0], kernel.shape[0], *shape[2:])
    body = (
        _field(1, node)
        + _field(2, b"plain convolution")
        + _field(5, weights)
        + _field(11, _value(b"x", shape))
        + _field(12, _value(b"y", output))
    )
    return _field(1, 8) + _field(8, _field(2, 17)) + _field(7, body)  # IR version, operators, graph


def _value(name: bytes, shape: Iterable[int]) -> bytes:
    dims = b"".join(_field(1, _field(1, size)) for size in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, _FLOAT) + _field(2, dims)))


def _field(number: int, value: int | bytes) -> bytes:
    """A field of a protobuf message: a whole number, or bytes, which a message within it is, too."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | _BYTES) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F)
    return bytes([*(group | 0x80 for group in groups[:-1]), groups[-1]])

"""The network itself under torch: for graphics processors, and for weights that were not exported.

The one place on the numpy side that imports torch; whoever needs it imports this module when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aigan.allocator import keep_freed_memory
from aigan.decomposition import Array, Context, Decomposition, ModelSpec
from aigan.errors import AiganError, MissingExtra, UsageError
from aigan.restore.backends.contract import PARTS, Device, Part, Precision, decomposition
from aigan.restore.capacity import Capacity

try:
    import torch

    from aigan.network import weights
    from aigan.network.presets import PictureAIGAN
    from aigan.restore.backends import cuda
except ImportError as missing:
    raise MissingExtra("this needs torch and safetensors: install them with  pip install 'aigan[train]'") from missing

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
OUT_OF_MEMORY = "allocate memory", "not enough memory", "out of memory"  # the processor's allocators, and MPS


@dataclass(frozen=True, eq=False)
class TorchRestorer:
    """A `Restorer` over a network on a device; made by `load`. `dtype`: of the convolutions, float32 for all of it.

    `lanes`: how pictures go to CUDA and back.
    """

    network: PictureAIGAN
    spec: ModelSpec
    parts: Collection[Part]
    device: torch.device
    dtype: torch.dtype
    lanes: cuda.Lanes | None = None

    def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
        """As `OnnxRestorer`; only this picture, or tile, goes to the device."""
        try:
            outputs = self._outputs(degraded)
        except torch.OutOfMemoryError as error:
            raise MemoryError(str(error)) from error
        except RuntimeError as error:
            if any(words in str(error) for words in OUT_OF_MEMORY):
                raise MemoryError(str(error)) from error
            raise
        return decomposition(degraded, outputs, self.spec)

    def context(self, whole: Array) -> Context | None:
        """As `OnnxRestorer.context`."""
        return None

    @property
    def capacity(self) -> Capacity | None:
        """See `capacity.capacity_of`."""
        return self.lanes.capacity if self.lanes else None

    @torch.inference_mode()
    def _outputs(self, degraded: Array) -> dict[str, Array]:
        if self.lanes:
            return self.lanes(self.on_device, degraded)
        picture = torch.tensor(np.ascontiguousarray(degraded), device=self.device)
        with cuda.exact_convolutions():
            outputs = self._passed(picture)
        return {name: values.cpu().numpy() for name, values in outputs.items()}

    def on_device(self, picture: torch.Tensor) -> dict[str, torch.Tensor]:
        """The outputs (H, W, C) of a picture (H, W, C), all on the device; nothing in it waits for the device."""
        return {name: values.contiguous() for name, values in self._passed(picture).items()}

    def _passed(self, picture: torch.Tensor) -> dict[str, torch.Tensor]:
        # rows of interleaved channels are what torch calls channels-last
        I = picture.permute(2, 0, 1)[None]
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            estimates = self.network(I, interference="interference" in self.parts)
            original, interference = self.network.fuse(I, estimates)
        outputs = {"original": original}
        if interference is not None and "interference" in self.parts:
            outputs["interference"] = interference
        if "expected_error" in self.parts:
            outputs["original_step1"] = estimates.yhat_O
            outputs["original_from_T"] = original if estimates.yhat_T is None else I - estimates.yhat_T
        return {name: values[0].permute(1, 2, 0).float() for name, values in outputs.items()}


def check(device: Device, precision: Precision) -> None:
    """UsageError where this machine lacks the device, or where the device does not compute in that precision."""
    if device != "auto" and device not in devices():
        raise UsageError(f"torch finds no {device} on this machine: take --device {' or '.join(devices())}")
    if precision == "fp16" and _chosen(device) == "cpu":
        raise UsageError("fp16 is for graphics processors: take --precision bf16 or fp32 on the processor")


def load(
    path: Path, *, parts: Collection[Part] = PARTS, device: Device = "auto", precision: Precision = "auto"
) -> TorchRestorer:
    """Open weights, a .safetensors file, or those beside an exported network; of the parts, compute those named.

    "auto" is the best device that this machine has, and fp32. AiganError where the file is missing or damaged, or as
    `check`.
    """
    check(device, precision)
    network, spec = weights.load(_weights_of(path))
    where, dtype, lanes = torch.device(_chosen(device)), DTYPES.get(precision, torch.float32), None
    if where.type == "cpu":
        keep_freed_memory()
    if where.type == "cuda":
        where = torch.device("cuda", torch.cuda.current_device())  # for threads, whose own is the first
        network, lanes = network.to(dtype), cuda.Lanes(where)  # else autocast casts weights in each run
    network = network.to(where, memory_format=torch.channels_last)  # type: ignore[call-overload]
    if lanes:
        torch.cuda.synchronize(where)  # streams do not wait for the one that copied the weights
    return TorchRestorer(network, spec, parts, where, dtype, lanes)


def read_spec(path: Path) -> ModelSpec:
    """What weights say of themselves. AiganError where the file is damaged."""
    return weights.read_header(path).spec


def devices() -> tuple[str, ...]:
    """The devices that this machine has, of "cuda", "mps" and "cpu"; the fastest first."""
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    return tuple(name for name, there in found.items() if there)


def _chosen(device: Device) -> str:
    return devices()[0] if device == "auto" else device


def _weights_of(path: Path) -> Path:
    file = path.with_suffix(".safetensors")
    if not file.is_file():
        raise AiganError(f"{file} does not exist, and torch cannot run {path.name}: take --backend onnx")
    return file


def peak_device_bytes() -> int:
    """The memory of the CUDA device that this process held at its highest."""
    return torch.cuda.max_memory_reserved()


def convolution(
    weights: Array, pixels: Array, precision: Precision, *, device: Device = "cpu", times: int = 1
) -> Callable[[], object]:
    """A plain convolution, 3×3 with padding, of (1, C, H, W) by (C', C, 3, 3), ready to run: the peak to measure by.

    `times`: in a run, which ends when the device has done them all.
    """
    dtype = DTYPES.get(precision, torch.float32)
    x = torch.from_numpy(pixels).to(device, dtype, memory_format=torch.channels_last)
    kernel = torch.from_numpy(weights).to(device, dtype, memory_format=torch.channels_last)

    @torch.inference_mode()
    def run() -> None:
        with cuda.exact_convolutions():
            for _ in range(times):
                torch.nn.functional.conv2d(x, kernel, padding=1)
        if device == "cuda":
            torch.cuda.synchronize()

    return run

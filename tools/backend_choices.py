"""What backends could do otherwise, and what it would bring: python tools/backend_choices.py [PHOTOGRAPHS]

`denoise` at 481×321, in milliseconds a picture, the fastest of several runs: equal tiles one by one or four in a
run of ONNX Runtime; torch as it is, with freed memory kept for the next layer, without channels-last, compiled.
Last, what bf16 loses, and bf16 and int8 together, on six photographs of the folder, in dB of PSNR. Takes two
minutes; stop all else first.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch

from aigan.allocator import keep_freed_memory
from aigan.evaluate.bench import timed
from aigan.network import weights
from aigan.pictures import read
from aigan.restore import registry
from aigan.restore.loading import open_restorer

RUNS = 10
SIDE = 256  # px of the photographs, their upper left corner


def milliseconds(run: Callable[[], object]) -> float:
    """Of the fastest of several runs, after one that does not count."""
    run()
    return min(timed(run, RUNS))


def tiles_together() -> None:
    """Tiles one by one and four at once."""
    options, run = ort.SessionOptions(), ort.RunOptions()
    options.enable_mem_pattern, run.only_execute_path_to_fetches = False, True
    session = ort.InferenceSession(registry.find("denoise").read_bytes(), options)
    for side in (128, 256):
        for count in (1, 4):
            tiles = np.random.default_rng(0).random((count, 3, side, side), np.float32)
            took = milliseconds(lambda tiles=tiles: session.run(["original"], {"degraded": tiles}, run)) / count
            print(f"ONNX Runtime, tiles of {side}×{side}, {count} in a run: {took:.1f} ms each")


@torch.inference_mode()
def torch_otherwise() -> None:
    """Memory, layout, compilation."""
    network, _ = weights.load(registry.find("denoise").with_suffix(registry.WEIGHTS))
    pixels = torch.rand(1, 3, 321, 481)
    last = pixels.to(memory_format=torch.channels_last)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    print(f"torch, channels-last: {milliseconds(lambda: network(last, interference=False)):.0f} ms")
    started = time.perf_counter()
    compiled = torch.compile(network)
    compiled(last, interference=False)
    compiling = time.perf_counter() - started
    print(f"compiled in {compiling:.0f} s: {milliseconds(lambda: compiled(last, interference=False)):.0f} ms")
    keep_freed_memory()
    print(f"freed memory kept: {milliseconds(lambda: network(last, interference=False)):.0f} ms")
    network = network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    print(f"and not channels-last: {milliseconds(lambda: network(pixels, interference=False)):.0f} ms")


def fewer_bits(photographs: Path) -> None:
    """What half the mantissa loses, and int8."""
    ways = [("torch", "denoise-s", "bf16"), ("openvino", "denoise-s", "bf16"), ("openvino", "denoise-s-int8", "bf16")]
    exact, *coarse = (
        open_restorer(model, channels=3, parts=(), backend=backend, precision=precision)
        for backend, model, precision in [("torch", "denoise-s", "fp32"), *ways]
    )
    paths = sorted(path for path in photographs.iterdir() if path.suffix == ".jpg")
    for sigma_255 in (5, 15, 25, 50):
        losses = []
        for number, path in enumerate(paths[:: max(len(paths) // 6, 1)][:6]):
            clean = read(path).pixels[:SIDE, :SIDE]
            noise = np.random.default_rng(number).normal(0, sigma_255 / 255, clean.shape)
            noisy = np.clip(clean + noise, 0, 1).astype(np.float32)
            least, *errors = (np.mean(np.square(np.clip(f(noisy).original, 0, 1) - clean)) for f in (exact, *coarse))
            losses.append(10 * np.log10(np.divide(errors, least)))
        for way, loss in zip(ways, np.mean(losses, axis=0), strict=True):
            print(f"{' '.join(way)} at σ₂₅₅ {sigma_255}: loses {loss:.4f} dB")


if __name__ == "__main__":
    tiles_together()
    torch_otherwise()
    if len(sys.argv) > 1:
        fewer_bits(Path(sys.argv[1]))

"""What inference costs on a GPU, and what it could cost at the least: python tools/gpu_inference.py [MODELS]

Checks that fp32 there equals fp32 on the processor to 1e-4, that tiles equal the whole picture, and that graphs were
recorded, and exits with an error where they do not. Then prints a table for 481×321 and `--megapixels`, in fp32, bf16
and fp16, of random pictures; MODELS are names of those shipped (denoise-s), or files of weights. Takes a minute or so;
stop all else on the device. `--device cpu` is for trying it out. `--otherwise`: also how fast the network is compiled,
and with cuDNN's autotuner, at a megapixel (another minute).
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from aigan.decomposition import Array
from aigan.evaluate import convolution
from aigan.network.presets import KINDS_OF_CONVOLUTION
from aigan.restore import tiles
from aigan.restore.backends import cuda
from aigan.restore.backends import torch as backend
from aigan.restore.backends.contract import PARTS, Precision

SHIPPED = Path(backend.__file__).parents[2] / "weights"
USUAL = 481, 321
SIGMA_255 = 25
LEAST_PSNR = {"bf16": 40.0, "fp16": 55.0}  # dB to fp32
IN_FLIGHT = 1, 2, 3, 4
HEADER = (
    "| model | precision | size | network, ms | by eager launches | Mpx/s | GFLOP/s | of the convolution | floor, ms "
    "| layer by layer | decompose, ms | one tile at a time | all parts, ms | Mpx/s | copies, ms | device MB |\n"
    "|---|---|---:|" + "---:|" * 13
)


class Rates(NamedTuple):
    """What the device does a second, in a precision."""

    matmul: float  # FLOP/s
    convolution: float
    memory: float  # bytes/s, read and written
    up: float  # bytes/s from the host
    down: float


def say(text: str) -> None:
    """Tell how far it is."""
    print(f"{time.perf_counter() - STARTED:6.1f} s: {text}", file=sys.stderr, flush=True)


def seconds(run: Callable[[], object], *, spend: float = 0.5, warm: int = 0) -> float:
    """Median of a run that ends when the device is done; after one that does not count, if it is short."""
    for _ in range(warm):
        run()
    taken: list[float] = []
    while not taken or (sum(taken) < spend and len(taken) < 50):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
        if len(taken) == 1 and taken[0] > spend / 2:
            start = time.perf_counter()
            run()
            return time.perf_counter() - start
    return statistics.median(taken[1:] or taken)


def on_device(device: str, run: Callable[[], object], *, spend: float = 0.3) -> float:
    """Seconds of what is launched on the current stream, by the device's own clock."""
    if device == "cpu":
        return seconds(run, spend=spend)
    ends = [torch.cuda.Event(enable_timing=True) for _ in range(2)]
    taken = []
    times = 1
    while sum(taken) < spend and len(taken) < 7:
        ends[0].record()
        for _ in range(times):
            run()
        ends[1].record()
        ends[1].synchronize()
        taken.append(ends[0].elapsed_time(ends[1]) / 1000)
        if len(taken) == 1:
            times, taken = max(1, min(100, int(0.05 / max(taken[0], 1e-5)))), [0.0]
    return min(taken[1:]) / times


def rates(device: str, precision: Precision) -> Rates:
    """Measure the device."""
    dtype = backend.DTYPES.get(precision, torch.float32)
    side, size = (8192, 1 << 28) if device == "cuda" else (512, 1 << 22)
    one, other = (torch.rand(side, side, device=device).to(dtype) for _ in range(2))
    product = 2 * side**3 / on_device(device, lambda: one @ other)
    source, target = (torch.empty(size // 4, device=device) for _ in range(2))
    copied = 2 * size / on_device(device, lambda: target.copy_(source))
    host = torch.empty(size // 4, pin_memory=device == "cuda")
    up = size / on_device(device, lambda: target.copy_(host, non_blocking=True))
    down = size / on_device(device, lambda: host.copy_(source, non_blocking=True))
    plain = convolution.peak_gflop_per_s("torch", 1, precision, "cuda" if device == "cuda" else "cpu")
    return Rates(product, plain * 1e9, copied, up, down)


def layer_bytes_per_px(restorer: backend.TorchRestorer) -> float:
    """What convolutions read and write, if all between them were done on the way."""
    total, side = 0, 64
    network = restorer.network

    def count(module: Any, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal total
        total += inputs[0].numel() + output.numel()

    hooks = [one.register_forward_hook(count) for one in network.modules() if isinstance(one, KINDS_OF_CONVOLUTION)]
    with torch.inference_mode():
        restorer.on_device(*inputs_of(restorer, side, side))
    for hook in hooks:
        hook.remove()
    return total * torch.finfo(restorer.dtype).bits / 8 / side**2


def inputs_of(restorer: backend.TorchRestorer, height: int, width: int) -> list[torch.Tensor]:
    """A random picture on the device, and what is seen of it."""
    channels = restorer.spec.channels
    inputs = [torch.rand(height, width, channels, device=restorer.device)]
    context = restorer.context(np.random.default_rng(0).random((64, 64, channels), np.float32))
    return inputs + ([] if context is None else [torch.from_numpy(context.values).to(restorer.device)])


@torch.inference_mode()
def network_alone(restorer: backend.TorchRestorer, height: int, width: int) -> tuple[float, float]:
    """Seconds of the network as a graph, and launched kernel by kernel; on the CPU they are the same."""
    inputs = inputs_of(restorer, height, width)
    if restorer.lanes is None:
        taken = seconds(lambda: restorer.on_device(*inputs))
        return taken, taken
    torch.cuda.synchronize()
    with cuda.EXACT, torch.cuda.stream(torch.cuda.Stream()):
        eager = on_device("cuda", lambda: restorer.on_device(*inputs))
        replayed = seconds_of_a_replay(restorer, inputs)
        torch.cuda.synchronize()
    torch.cuda.empty_cache()
    return replayed, eager


def seconds_of_a_replay(restorer: backend.TorchRestorer, inputs: Sequence[torch.Tensor]) -> float:
    """Of the graph of what is launched for these inputs, which has run before."""
    recorded = cuda.record(restorer.on_device, inputs, torch.cuda.Stream(priority=-1))
    return on_device("cuda", recorded.graph.replay)


def picture(height: int, width: int, channels: int, *, seed: int = 0) -> tuple[Array, Array]:
    """Waves, and the same with noise, of which a part is repeated."""
    rows, columns = np.ogrid[:height, :width]
    waves = 0.5 + 0.2 * np.sin(rows / 9) + 0.2 * np.cos(columns / 13)
    clean = np.repeat(waves[..., None].astype(np.float32), channels, axis=2)
    part = np.random.default_rng(seed).normal(0, SIGMA_255 / 255, (1024, 1024, channels)).astype(np.float32)
    noise = np.tile(part, (-(-height // 1024), -(-width // 1024), 1))[:height, :width]
    return clean, np.clip(clean + noise, 0, 1)


def psnr(one: Array, other: Array) -> float:
    """In dB."""
    return float(-10 * np.log10(max(np.mean(np.square(one.astype(np.float64) - other)), 1e-20)))


def check(path: Path, device: str, precision: Precision) -> None:
    """AssertionError where the device does not give what the processor gives."""
    exact = backend.load(path, device="cpu")
    found = backend.load(path, device=device, precision=precision)
    for seed in range(4):  # launched, recorded, and twice replayed
        clean, noisy = picture(USUAL[1], USUAL[0], exact.spec.channels, seed=seed)
        one = found(noisy)
    other = exact(noisy)
    pairs = [(one.original, other.original), (one.interference, other.interference)]
    worst = max(float(np.abs(mine - theirs).max()) for mine, theirs in pairs)
    lost = psnr(clean, other.original.clip(0, 1)) - psnr(clean, one.original.clip(0, 1))
    close = psnr(one.original, other.original)
    assert one.expected_error is not None
    assert np.isfinite(one.expected_error).all()
    assert lanes_record(found), "no graph was recorded"
    _, large = picture(700, 900, exact.spec.channels)
    tiled, whole = (tiles.decompose(found, large, tile=tile).original for tile in (256, "none"))
    seam = 255 * float(np.abs(tiled - whole).max())
    print(
        f"- {path.stem} in {precision}: at most {worst:.1e} from fp32 on the processor, PSNR to it {close:.1f} dB;"
        f" to the clean picture it loses {lost:.4f} dB; tiles differ from the whole by at most {seam:.3f} of 255",
        flush=True,
    )
    if precision == "fp32":
        assert worst < 1e-4, worst
        assert seam < 0.25, seam
    else:
        assert close > LEAST_PSNR[precision], close


def lanes_record(restorer: backend.TorchRestorer) -> bool:
    """Whether the lanes, where there are any, hold a graph, and no recording failed."""
    if restorer.lanes is None:
        return True
    lanes = list(restorer.lanes._idle.queue)
    return all(lane.kept for lane in lanes) and any(one for lane in lanes for one in lane.met.values())


def otherwise_laned(restorer: backend.TorchRestorer, **options: int) -> backend.TorchRestorer:
    """With other lanes, where there are any."""
    return replace(restorer, lanes=restorer.lanes and cuda.Lanes(restorer.device, **options))


def row(path: Path, device: str, precision: Precision, size: tuple[int, int], rated: Rates) -> str:
    """A line of the table."""
    width, height = size
    mpx = width * height / 1e6
    lean = backend.load(path, parts=(), device=device, precision=precision)
    full = backend.load(path, parts=PARTS, device=device, precision=precision)
    _, degraded = picture(height, width, lean.spec.channels)
    network, eager = network_alone(lean, height, width)
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    warm = 4 if mpx < 2 else 1
    decomposed = seconds(lambda: tiles.decompose(lean, degraded), warm=warm)
    device_mb = torch.cuda.max_memory_reserved() / 1e6 if device == "cuda" else 0
    serial = otherwise_laned(lean, count=1)
    one_at_a_time = seconds(lambda: tiles.decompose(serial, degraded), warm=warm)
    all_parts = seconds(lambda: tiles.decompose(full, degraded), spend=0.2, warm=4 if mpx < 2 else 0)
    flop = 2e3 * lean.spec.kmac_per_px * width * height
    picture_bytes = 4 * lean.spec.channels * width * height
    computing = flop / rated.matmul
    values = [
        *(path.stem, precision, f"{width}×{height}", f"{1000 * network:.3f}", f"{1000 * eager:.3f}"),
        *(f"{mpx / network:.0f}", f"{flop / network / 1e9:.0f}", f"{100 * flop / network / rated.convolution:.0f} %"),
        f"{1000 * max(2 * picture_bytes / rated.memory, computing):.3f}",
        f"{1000 * max(layer_bytes_per_px(lean) * width * height / rated.memory, computing):.3f}",
        *(f"{1000 * decomposed:.2f}", f"{1000 * one_at_a_time:.2f}", f"{1000 * all_parts:.1f}"),
        *(f"{mpx / decomposed:.0f}", f"{1000 * picture_bytes / min(rated.up, rated.down):.3f}", f"{device_mb:.0f}"),
    ]
    say(f"{path.stem} {precision} {width}×{height}")
    if device == "cuda":
        del lean, full, serial
        torch.cuda.empty_cache()
    return "| " + " | ".join(values) + " |"


def gains(path: Path, device: str, precisions: Sequence[Precision], large: tuple[int, int]) -> None:
    """What tiles in flight and graphs bring."""
    for precision in precisions:
        lean = backend.load(path, parts=(), device=device, precision=precision)
        _, small = picture(USUAL[1], USUAL[0], lean.spec.channels)
        graphs, eager = (otherwise_laned(lean, count=1, kept=kept) for kept in (cuda.KEPT, 0))
        with_graphs, without = (seconds(partial(one, small), warm=4) for one in (graphs, eager))
        print(
            f"- {path.stem} in {precision}, {USUAL[0]}×{USUAL[1]} and its copies: {1000 * with_graphs:.2f} ms with a"
            f" graph, {1000 * without:.2f} ms without",
            flush=True,
        )
    _, degraded = picture(large[1], large[0], lean.spec.channels)
    for count in IN_FLIGHT:
        laned = otherwise_laned(lean, count=count)
        taken = seconds(partial(tiles.decompose, laned, degraded), warm=1)
        print(f"- {path.stem} in {precision}, {large[0]}×{large[1]}, {count} tiles in flight: {1000 * taken:.1f} ms")


@torch.inference_mode()
def otherwise(path: Path) -> None:
    """The network compiled, and with cuDNN's autotuner."""
    lean = backend.load(path, parts=(), device="cuda", precision="bf16")
    inputs = inputs_of(lean, 1000, 1000)
    stream = torch.cuda.Stream()
    torch.cuda.synchronize()
    with torch.cuda.stream(stream):
        with torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=False):
            started = time.perf_counter()
            lean.on_device(*inputs)
            stream.synchronize()
            tuning = time.perf_counter() - started
            tuned = seconds_of_a_replay(lean, inputs)
        print(f"- with cuDNN's autotuner, which takes {tuning:.1f} s: {1000 * tuned:.3f} ms in bf16", flush=True)
        compiled = replace(lean, network=torch.compile(lean.network, dynamic=False))
        started = time.perf_counter()
        with cuda.EXACT:
            for _ in range(3):
                compiled.on_device(*inputs)
            stream.synchronize()
            compiling = time.perf_counter() - started
            fused = seconds_of_a_replay(compiled, inputs)
        print(f"- compiled, which takes {compiling:.1f} s: {1000 * fused:.3f} ms in bf16", flush=True)


def main() -> None:
    """Parse, check, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=["denoise-s"])
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--megapixels", default="1,12,48", help="of the pictures beside 481×321, by commas")
    parser.add_argument("--precisions", default="", help="by commas")
    parser.add_argument("--otherwise", action="store_true")
    arguments = parser.parse_args()
    device = arguments.device
    known = "fp32,bf16,fp16" if device == "cuda" else "fp32,bf16"
    precisions: list[Any] = (arguments.precisions or known).split(",")
    sizes = [USUAL]
    for mpx in map(float, arguments.megapixels.split(",")):
        width = round((1e6 * mpx * 4 / 3) ** 0.5)
        sizes.append((width, round(1e6 * mpx / width)))
    paths = [Path(name) if Path(name).is_file() else SHIPPED / f"{name}.safetensors" for name in arguments.models]
    name = torch.cuda.get_device_name() if device == "cuda" else "the processor"
    print(f"{name}, torch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}\n")
    for path in paths:
        for precision in precisions:
            check(path, device, precision)
    say("checked")
    measured = {precision: rates(device, precision) for precision in precisions}
    print()
    for precision, rated in measured.items():
        print(
            f"- {precision}: matrix product {rated.matmul / 1e12:.1f} TFLOP/s,"
            f" convolution {rated.convolution / 1e12:.1f}; memory"
            f" {rated.memory / 1e9:.0f} GB/s, to the device {rated.up / 1e9:.1f}, from it {rated.down / 1e9:.1f}"
        )
    say("rates measured")
    print(f"\n{HEADER}", flush=True)
    for path in paths:
        for precision in precisions:
            for size in sizes:
                print(row(path, device, precision, size, measured[precision]), flush=True)
    print()
    gains(paths[0], device, precisions, sizes[-2])
    if arguments.otherwise and device == "cuda":
        otherwise(paths[0])
    say("done")


STARTED = time.perf_counter()
if __name__ == "__main__":
    main()

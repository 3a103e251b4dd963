"""What restoring costs, each cell in a process of its own (`aigan bench`)."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Literal, get_args

import msgspec
import numpy as np

from aigan.baselines.registry import BASELINES, open_baseline, shipped_weights
from aigan.decomposition import Array, Restorer
from aigan.errors import AiganError
from aigan.evaluate import convolution
from aigan.evaluate.runner import peak_memory
from aigan.restore import fastest, registry
from aigan.restore.backends.contract import CORES
from aigan.restore.loading import open_restorer

Backend = Literal["onnx", "openvino", "torch"]
Precision = Literal["fp32", "bf16", "fp16"]
Device = Literal["cpu", "cuda"]
BACKENDS, PRECISIONS = get_args(Backend), get_args(Precision)
SIGMA_255 = 25.0  # of the noise in the picture that is restored
NOTHING = "–"


class Cell(msgspec.Struct, frozen=True):
    """What is measured at once. `backend`: "" for a baseline, which brings its own."""

    model: str
    backend: Backend | Literal[""]
    width: int
    height: int
    threads: int
    precision: Precision = "fp32"
    device: Device = "cpu"


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a cell costs.

    Milliseconds of a picture, the fastest and the median of `repeats` after one that does not count; rates are of the
    fastest. `peak_share`: of the rate of a plain large convolution in that backend and precision, on that device.
    `peak_memory_mb`: of the whole process; on CUDA, what it held of the device's. `psnr`: dB of the result against
    `reference`, the same weights in that backend in fp32; None where they are equal, or there is nothing to hold it
    against.
    """

    cell: Cell
    repeats: int
    min_ms: float
    median_ms: float
    mpx_per_s: float
    gflop_per_s: float | None  # None where the cost a pixel is not known
    peak_share: float | None
    peak_memory_mb: float | None
    psnr: float | None
    reference: str | None


class _Order(msgspec.Struct, frozen=True, kw_only=True):
    """From `measure` to the process that measures."""

    cell: Cell
    repeats: int
    result: str  # the file for the restored picture, NumPy's
    against: str = ""  # such a file, to hold it against


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    error: str = ""
    milliseconds: list[float] = []
    kmac_per_px: float = 0
    peak_gflop_per_s: float | None = None
    peak_bytes: int | None = None
    psnr: float | None = None


def cells(
    models: Iterable[str],
    backends: Sequence[Backend],
    sizes: Iterable[tuple[int, int]],
    threads: Iterable[int],
    precisions: Iterable[Precision] = ("fp32",),
    device: Device = "cpu",
) -> list[Cell]:
    """All combinations; baselines, which bring their own backend, once for each size (width, height) and thread count.

    `device`: of the networks; baselines run on the CPU. AiganError where there is no such model.
    """
    columns = [(*size, count) for size, count in product(sizes, threads)]
    ways = list(product(backends, precisions))
    made: list[Cell] = []
    for model in models:
        if model not in BASELINES:
            registry.find(model)
            made += [
                Cell(model, backend, *column, precision, device) for backend, precision in ways for column in columns
            ]
        else:
            made += [Cell(model, "", *column) for column in columns]
    return made


def measure(wanted: Iterable[Cell], *, repeats: int) -> Iterator[Cost | AiganError]:
    """Measure one cell after another; an AiganError, in its place, for one that cannot be measured here."""
    with tempfile.TemporaryDirectory(prefix="aigan-bench-") as folder:
        references: dict[Cell, str] = {}  # and the files of their results
        for cell in wanted:
            reference = _reference(cell)
            if reference and reference not in references:
                references[reference] = _restored(reference, f"{folder}/{len(references)}.npy")
            against = references[reference] if reference else ""
            try:
                answer = _run(_Order(cell=cell, repeats=repeats, result=f"{folder}/result.npy", against=against))
            except AiganError as error:
                yield error
                continue
            yield cost(
                cell,
                answer.milliseconds,
                answer.kmac_per_px,
                answer.peak_gflop_per_s,
                answer.peak_bytes,
                answer.psnr,
                reference.backend if reference and against else None,
            )


def cost(
    cell: Cell,
    milliseconds: Sequence[float],
    kmac_per_px: float,
    peak_gflop_per_s: float | None,
    peak_bytes: int | None,
    psnr: float | None,
    reference: str | None,
) -> Cost:
    """A cell's cost from what its process saw."""
    fastest_s = min(milliseconds) / 1000
    mpx_per_s = cell.width * cell.height / fastest_s / 1e6
    gflop_per_s = 2 * kmac_per_px * mpx_per_s if kmac_per_px else None  # kMAC × Mpx/s = GMAC/s
    return Cost(
        cell=cell,
        repeats=len(milliseconds),
        min_ms=min(milliseconds),
        median_ms=statistics.median(milliseconds),
        mpx_per_s=mpx_per_s,
        gflop_per_s=gflop_per_s,
        peak_share=gflop_per_s / peak_gflop_per_s if gflop_per_s and peak_gflop_per_s else None,
        peak_memory_mb=peak_bytes / 1e6 if peak_bytes else None,
        psnr=psnr,
        reference=reference,
    )


def fastest_of(costs: Iterable[Cost]) -> dict[str, fastest.Safe]:
    """The fastest of the safe backends for each model that was measured in several, in all cells together.

    Not for int8 variants and bf16, which backends round differently.
    """
    times: dict[str, dict[fastest.Safe, float]] = {}
    for one in costs:
        if one.cell.precision != "fp32" or registry.unquantized(Path(one.cell.model)) != Path(one.cell.model):
            continue
        for backend in fastest.SAFE:
            if one.cell.backend == backend:
                of_model = times.setdefault(registry.find(one.cell.model).stem, {})
                of_model[backend] = of_model.get(backend, 0) + one.min_ms
    return {model: min(of, key=lambda backend: of[backend]) for model, of in times.items() if len(of) > 1}


def markdown(costs: Iterable[Cost]) -> str:
    """A table, a line a cell."""
    lines = [
        "| model | backend | precision | size | threads "
        "| ms | median | Mpx/s | GFLOP/s | of the peak | MB | PSNR to reference |",
        "|---|---|---|---:|" + "---:|" * 8,
    ]
    for one in costs:
        cell = one.cell
        share = NOTHING if one.peak_share is None else f"{100 * one.peak_share:.0f} %"
        psnr = "equal" if one.psnr is None else f"{one.psnr:.0f} dB"
        psnr = f"{psnr} ({one.reference})" if one.reference else NOTHING
        values = [
            *(cell.model, name_of_backend(cell) or "its own", cell.precision),
            *(f"{cell.width}×{cell.height}", str(cell.threads)),
            *(f"{one.min_ms:.1f}", f"{one.median_ms:.1f}", f"{one.mpx_per_s:.3g}", _text(one.gflop_per_s)),
            *(share, _text(one.peak_memory_mb), psnr),
        ]
        lines.append("| " + " | ".join(values) + " |")
    return "\n".join(lines) + "\n"


def name_of_backend(cell: Cell) -> str:
    """With the device, where it is not the CPU."""
    return cell.backend + (f", {cell.device}" if cell.device != "cpu" else "")


def _text(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.0f}"


def _reference(cell: Cell) -> Cell | None:
    """What a cell's result is held against: torch, or ONNX Runtime where torch or the weights are missing."""
    if not cell.backend:
        return None
    file = registry.find(cell.model)
    exact = registry.unquantized(file)
    weights = exact.with_suffix(registry.WEIGHTS)
    backend: Backend = "torch" if find_spec("torch") and weights.is_file() else "onnx"
    if (exact, backend, "fp32", "cpu") == (file, cell.backend, cell.precision, cell.device):
        return None
    model = str(weights if backend == "torch" else exact)
    return msgspec.structs.replace(cell, model=model, backend=backend, threads=1, precision="fp32", device="cpu")


def _restored(cell: Cell, file: str) -> str:
    """The file of a cell's result; "" where there is none, which leaves others with nothing to be held against."""
    try:
        _run(_Order(cell=cell, repeats=1, result=file))
    except AiganError:
        return ""
    return file


def _run(order: _Order) -> _Answer:
    """In a process of its own, so that threads and memory are its own. AiganError where it cannot be measured."""
    threads = str(order.cell.threads)
    ended = subprocess.run(
        [sys.executable, "-m", "aigan.evaluate.bench"],
        input=msgspec.json.encode(order),
        capture_output=True,
        env={**os.environ, CORES: threads, "OMP_NUM_THREADS": threads},
        check=False,
    )
    name = " ".join(filter(None, [order.cell.model, name_of_backend(order.cell), order.cell.precision]))
    if ended.returncode:
        words = ended.stderr.decode(errors="replace").strip().splitlines()
        reason = words[-1] if words else f"its process ended with status {ended.returncode}"
        raise AiganError(f"{name} cannot be measured: {reason}")
    answer = msgspec.json.decode(ended.stdout, type=_Answer)
    if answer.error:
        raise AiganError(f"{name} cannot be measured: {answer.error}")
    return answer


def _answer(order: _Order) -> _Answer:
    """In the process."""
    restorer = _opened(order.cell)
    picture = _picture(order.cell, restorer.spec.channels)
    context = restorer.context(picture)
    original = restorer(picture, context=context).original
    milliseconds = timed(lambda: restorer(picture, context=context), order.repeats)
    peak_bytes = peak_memory() if order.cell.device == "cpu" else _peak_on_device()
    np.save(order.result, original)
    return _Answer(
        milliseconds=milliseconds,
        kmac_per_px=restorer.spec.kmac_per_px,
        peak_bytes=peak_bytes,
        peak_gflop_per_s=convolution.peak_gflop_per_s(
            order.cell.backend or "torch", order.cell.threads, order.cell.precision, order.cell.device
        )
        if restorer.spec.kmac_per_px
        else None,
        psnr=_psnr(original, np.load(order.against)) if order.against else None,
    )


def _peak_on_device() -> int:
    from aigan.restore.backends import torch

    return torch.peak_device_bytes()


def timed(run: Callable[[], object], repeats: int) -> list[float]:
    """Milliseconds of each run."""
    milliseconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        milliseconds.append(1000 * (time.perf_counter() - start))
    return milliseconds


def _opened(cell: Cell) -> Restorer:
    """A learned baseline of which no weights are shipped costs the same with random ones."""
    if not cell.backend:
        baseline = BASELINES[cell.model]
        if baseline.learned and not shipped_weights(cell.model).is_file():
            from aigan.baselines.learned.restorer import open_fresh

            return open_fresh(cell.model, baseline.task, baseline.find(), sigma_255=SIGMA_255)
        return open_baseline(cell.model, sigma_255=SIGMA_255)
    file = registry.find(cell.model)
    channels = 1 if "-gray" in file.stem else 3
    return open_restorer(
        str(file),
        channels=channels,
        parts=(),
        backend=cell.backend,
        device=cell.device,
        precision=cell.precision,
    )


def _picture(cell: Cell, channels: int) -> Array:
    """Waves with noise, a function of the size alone."""
    rows, columns = np.ogrid[: cell.height, : cell.width]
    waves = 0.5 + 0.2 * np.sin(rows / 9) + 0.2 * np.cos(columns / 13)
    noise = np.random.default_rng(0).normal(0, SIGMA_255 / 255, (cell.height, cell.width, channels))
    return np.clip(waves[..., None] + noise, 0, 1).astype(np.float32)


def _psnr(result: Array, reference: Array) -> float | None:
    error = float(np.mean(np.square(result.astype(np.float64) - reference)))
    return -10 * float(np.log10(error)) if error else None


if __name__ == "__main__":
    try:
        found = _answer(msgspec.json.decode(sys.stdin.buffer.read(), type=_Order))
    except (AiganError, ImportError, MemoryError) as problem:
        found = _Answer(error=str(problem))
    sys.stdout.buffer.write(msgspec.json.encode(found))

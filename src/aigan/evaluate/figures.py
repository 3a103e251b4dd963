"""PSNR against cost, and sheets of restored pictures with parts of them enlarged, as in the paper's figures 4 to 6."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from aigan.baselines.registry import BASELINES
from aigan.data.folders import Pair
from aigan.decomposition import Array
from aigan.errors import AiganError, MissingExtra
from aigan.evaluate import metrics
from aigan.evaluate.benchmarks import Benchmark, Sample, find_benchmark
from aigan.evaluate.measure import FOLDER, INPUT, find_pictures, prepare
from aigan.evaluate.plan import Box, Method, Plan, Sheet
from aigan.evaluate.rows import identity_of
from aigan.evaluate.tables import Entry, parts
from aigan.files import replacing, writable
from aigan.pictures import read, sheet, write

OURS, OTHERS = "#D55E00", "#0072B2"  # Okabe and Ito's colours, which colour-blind readers tell apart
RED = np.array([1, 0, 0], np.float32)
LINE = 2  # px, of a box
GAP = 4  # px, between what is enlarged
COLUMNS = 4  # panels side by side, at most
QUALITY = 80  # of JPEG
PRIVATE = "sheets"  # the folder for sheets of pictures that may not be distributed, and for restored pictures


def draw_costs(plan: Plan, lines: Sequence[Entry], path: Path) -> None:
    """Plot PSNR against processor seconds a picture, a panel for each benchmark and strength of noise, as PNG.

    All are compared on the same pictures: where some were measured on a part, on that part. MissingExtra without
    matplotlib.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import LogLocator, NullFormatter
    except ImportError:
        raise MissingExtra("the plot needs matplotlib: install it with  pip install 'aigan[eval]'") from None
    panels = [(benchmark, sigma_255) for benchmark in plan.benchmarks for sigma_255 in benchmark.sigmas]
    columns = max(len(benchmark.sigmas) for benchmark in plan.benchmarks)
    columns = columns if columns > 1 else len(panels)
    height = -(-len(panels) // columns)
    figure = Figure(figsize=(6.5 * columns, 4 * height), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (benchmark, sigma_255) in zip(figure.subplots(height, columns, squeeze=False).flat, panels, strict=False):
        scale = find_benchmark(benchmark.name).measured_on
        wanted = (benchmark.name, sigma_255, parts(plan)[-1])
        shown = [
            line
            for line in lines
            if (line.benchmark, line.sigma_255, line.one_in) == wanted and line.on(scale)[0] and line.method != INPUT
        ]
        # names beside the panel and numbers in it: where systems lie close together, names would cover each other
        for number, line in enumerate(sorted(shown, key=lambda line: line.cpu_seconds or 0), 1):
            others = plan.method(line.method).opens(benchmark.name, sigma_255).model in BASELINES
            colour, point = OTHERS if others else OURS, (line.cpu_seconds, line.on(scale)[0])
            axes.plot(*point, "o", color=colour, label=f"{number}  {line.system}")
            axes.annotate(f"{number}", point, xytext=(4, 4), textcoords="offset points", fontsize=7)
        if shown:
            axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=7, frameon=False, handletextpad=0)
        axes.set_title(benchmark.title + (f", σ {sigma_255:g}" if sigma_255 else ""))
        axes.set(xlabel="processor seconds a picture", ylabel=f"PSNR on {scale}, dB", xscale="log")
        axes.xaxis.set(
            major_locator=LogLocator(subs=(1, 2, 5)), major_formatter="{x:g}", minor_formatter=NullFormatter()
        )
        axes.margins(0.25)
        axes.spines[["top", "right"]].set_visible(False)
    with replacing(path, overwrite=True) as temporary:
        figure.savefig(temporary, format="png", dpi=90)


def draw_sheets(plan: Plan, folder: Path, *, configuration: Path, data: Path | None) -> tuple[list[Path], list[str]]:
    """Write the sheets of a table as JPEG; return their paths, and what is missing in them, and why.

    `configuration`: the file of the table, from whose folder paths go out. `data`: the folder of the published sets.
    Sheets of benchmarks' pictures go to `folder`/sheets, where what is restored also waits to be used again.
    """
    with writable(folder):
        (folder / PRIVATE / "restored").mkdir(parents=True, exist_ok=True)
    paths, problems = [], []
    for one in plan.sheets:
        try:
            sample, benchmark, pairs, place = _pictures(one, configuration.parent, data)
        except AiganError as error:
            problems.append(f"{one.name} is left out: {error}")
            continue
        panels: list[tuple[str, Array]] = [("clean", sample.clean.astype(np.float32) / np.float32(255))]
        panels.append(_panel(INPUT, sample.degraded, sample, benchmark))
        for method in _methods(one, plan):
            try:
                restored = _restored(method, one, benchmark, pairs, place, folder / PRIVATE / "restored")
            except (AiganError, ImportError) as error:
                problems.append(f"{one.name} lacks {method.name}: {error}")
                continue
            panels.append(_panel(method.shown, restored, sample, benchmark))
        paths.append(folder / (PRIVATE if one.benchmark else "") / f"{one.name}.jpg")
        write(compose(panels, one.crops), paths[-1], quality=QUALITY, overwrite=True)
    return paths, problems


def compose(panels: Sequence[tuple[str, Array]], crops: Sequence[Box]) -> Array:
    """A sheet: pictures (H, W, C) in [0, 1] under their captions, up to four side by side, each as `with_crops`."""
    shown = [(caption, with_crops(pixels, crops)) for caption, pixels in panels]
    columns = -(-len(shown) // -(-len(shown) // COLUMNS))  # rows of nearly equal length
    rows = [sheet(shown[start : start + columns]) for start in range(0, len(shown), columns)]
    width = max(row.shape[1] for row in rows)
    white = [((0, 0), (0, width - row.shape[1]), (0, 0)) for row in rows]
    return np.concatenate([np.pad(row, pad, constant_values=1) for row, pad in zip(rows, white, strict=True)])


def with_crops(pixels: Array, crops: Sequence[Box]) -> Array:
    """A picture (H, W, C) with red boxes and, below it, what is in them enlarged: (H', W, 3).

    AiganError where a box is not within the picture.
    """
    picture = np.clip(np.repeat(pixels, 3 // pixels.shape[2], axis=2), 0, 1)
    if not crops:
        return picture
    boxed = picture.copy()
    enlarged = []
    width = (picture.shape[1] - GAP * (len(crops) - 1)) // len(crops)
    for left, top, columns, rows in crops:
        part = picture[top : top + rows, left : left + columns]
        if part.shape[:2] != (rows, columns):
            raise AiganError(f"the box {left}, {top}, {columns}, {rows} is not within the picture: choose another one")
        height = rows * width // columns
        large = part[np.arange(height)[:, None] * rows // height, np.arange(width) * columns // width]
        enlarged.append(_framed(large))
        _framed(boxed[top : top + rows, left : left + columns])
    below = np.ones((max(large.shape[0] for large in enlarged), picture.shape[1], 3), np.float32)
    for place, large in enumerate(enlarged):
        start = place * (width + GAP)
        below[: large.shape[0], start : start + width] = large
    return np.concatenate([boxed, np.ones((GAP, picture.shape[1], 3), np.float32), below])


def _framed(picture: Array) -> Array:
    """The picture itself, in which a red frame is drawn."""
    picture[:LINE] = picture[-LINE:] = RED
    picture[:, :LINE] = picture[:, -LINE:] = RED
    return picture


def _pictures(one: Sheet, folder: Path, data: Path | None) -> tuple[Sample, Benchmark, Sequence[Pair], int]:
    """What a sheet is of: the sample, and the benchmark and the place in it that restorers are shown."""
    if one.benchmark:
        benchmark, pairs = find_pictures(one.benchmark, data=data)
        names = [pair.name for pair in pairs]
        if one.picture not in names:
            raise AiganError(f"{one.benchmark} has no picture {one.picture}: take one like {names[0]}")
        place = names.index(one.picture)
    else:
        degraded = folder / one.degraded if one.degraded else None
        pairs, place = [Pair(one.name, clean=folder / one.clean, degraded=degraded)], 0
        benchmark = Benchmark(
            name=FOLDER, pictures=one.name, measured_on="RGB", degraded="as given" if degraded else "noise"
        )
    sample = prepare(INPUT, benchmark, pairs, sigma_255=one.sigma_255).sample(place)
    return sample, benchmark, pairs, place


def _methods(one: Sheet, plan: Plan) -> list[Method]:
    """Those that the sheet names, or else all that are measured on its benchmark."""
    return [
        method
        for method in plan.methods
        if method.name != INPUT
        and (
            method.name in one.methods or (not one.methods and one.benchmark in (method.benchmarks or [one.benchmark]))
        )
    ]


def _restored(
    method: Method, one: Sheet, benchmark: Benchmark, pairs: Sequence[Pair], place: int, folder: Path
) -> Array:
    """(H, W, C) in [0, 1], from the folder where it was restored before."""
    model, weights = method.opens(benchmark.name, one.sigma_255)
    what = msgspec.json.encode((one, method.name, identity_of(model, weights, gray=benchmark.measured_on == "gray")))
    path = folder / f"{one.name}-{hashlib.sha256(what).hexdigest()[:16]}.png"
    if not path.exists():
        measurement = prepare(model, benchmark, pairs, weights=weights, sigma_255=one.sigma_255)
        write(measurement.restored(measurement.sample(place)) / np.float32(255), path)
    return read(path).pixels


def _panel(name: str, pixels: Array, sample: Sample, benchmark: Benchmark) -> tuple[str, Array]:
    """A picture under its name and PSNR, on the scale that is the benchmark's."""
    result: metrics.Levels = pixels * 255
    clean: metrics.Levels = sample.clean
    if benchmark.measured_on == "Y":
        result, clean = metrics.luma(result), metrics.luma(clean)
    return f"{name}, {metrics.psnr(result, clean):.2f} dB", pixels

"""Train and measure the ablations of AI-GAN, or with --peers the learned systems of others; make docs/ablations.md.

    python tools/ablations.py                        # what is done and what is not; the tables, from the rows
    python tools/ablations.py --run                  # do all that is not done, one after another; the tables
    python tools/ablations.py --run --only derain-   # runs whose names begin so
    python tools/ablations.py --peers --run
    python tools/ablations.py --train                # train all that is not, side by side: for a graphics processor

To be called in the repository's root, AIGAN_DATA being the folder of the benchmarks. Killed at any moment and called
again, it goes on: training from its last checkpoint, measuring from the last benchmark. OMP_NUM_THREADS sets the cores.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import Tensor

from aigan.decomposition import ModelSpec
from aigan.errors import AiganError
from aigan.evaluate.benchmarks import find_benchmark
from aigan.evaluate.measure import Evaluation, Item, Scores, Timed, find_pictures, mean_of, places, prepare
from aigan.evaluate.plan import PaperTable, Plan, read_paper, read_plan
from aigan.evaluate.rows import Row, here, identity_of, read_rows, write_rows
from aigan.evaluate.runner import measure as measure_table
from aigan.evaluate.runner import rows_file
from aigan.evaluate.tables import MINUS, NOTHING, put_into
from aigan.network import weights
from aigan.network.presets import PictureAIGAN
from aigan.training.config import TrainingConfig, read_config
from aigan.training.engine import make_network, train
from aigan.training.provenance import spec_of

ROOT = Path(__file__).parents[1]
CONFIGS = ROOT / "configs"
DOCUMENT = ROOT / "docs/ablations.md"
NOT_RUN = "not run"
ESTIMATES = "ŷ_O", "ỹ_O", "I − ŷ_T"  # of the original, beside the fused one


@dataclass(frozen=True)
class Variant:
    """What is changed in AI-GAN. `paper`: its name there."""

    label: str
    changes: tuple[str, ...] = ()
    paper: str = ""


ONE, NO_GAN, WIDE = "network.branches=1", "lambda_gan=0", "network.widths=[32, 64, 136]"
VARIANTS = {
    "ai-gan": Variant("AI-GAN", paper="AI-GAN"),
    "ai-cnn": Variant("AI-CNN: no GAN loss", (NO_GAN,), "AI-CNN"),
    "d-gan": Variant("D-GAN: two branches, step 1 only", ("network.exchange=false",), "D-GAN"),
    "s-gan": Variant("S-GAN: one branch; equal parameters", (ONE,), "S-GAN"),
    "s-gan-wide": Variant("S-GAN: one branch; equal compute", (ONE, WIDE), "S-GAN"),
    "one-branch": Variant("one branch, no GAN loss; equal parameters", (ONE, NO_GAN)),
    "one-branch-wide": Variant("one branch, no GAN loss; equal compute", (ONE, NO_GAN, WIDE)),
    "ai-gan-square": Variant("AI-GAN, plain squares as in (4), (5)", ("loss=square",)),
    "ai-cnn-square": Variant("AI-CNN, plain squares as in (4), (5)", ("loss=square", NO_GAN)),
}
SQUARES = "ai-gan-square", "ai-cnn-square"
MATCHED = tuple(name for name in VARIANTS if name not in SQUARES)

PEERS = {  # configuration: its table, and its systems, those of the paper first
    "derain": ("table1", ("eigen", "ddn-bn", "jorder", "did-mdn", "prn-r", "prn", "prenet-r", "prenet")),
    "dehaze": ("table2", ("dehazenet", "mscnn", "aod-net", "ld-net", "famed-net", "lkd-t", "gcanet")),
    "denoise-gray": ("table3", ("ssda", "dncnn-s", "dncnn-b", "ffdnet")),
    "denoise-colour": ("table3", ("cdncnn-b", "ffdnet", "adnet")),
}
MINUTES = 10.0  # of processor time for each peer


@dataclass(frozen=True)
class Job:
    """A network to be trained, and what it is measured on. `table`: of a peer, which is a method there."""

    name: str
    config: Path
    changes: tuple[str, ...]
    benchmarks: tuple[tuple[str, float | None], ...]  # with the σ₂₅₅ of the noise
    mpx: float | None = None  # None: as many as the minutes allow
    table: str = ""

    def read(self) -> TrainingConfig:
        """Its configuration."""
        config = read_config(self.config, (f"name={self.name}", *self.changes))
        if self.mpx is None:
            return config
        pixels_a_step = sum(stage.share * stage.batch * stage.crop**2 for stage in config.stages)
        return msgspec.structs.replace(config, steps=round(self.mpx * 1e6 / pixels_a_step))


class Trained(Row, frozen=True, kw_only=True):
    """A row of a table, and what was trained for it. `estimates`: of the original, beside the fused one."""

    steps: int
    pixels: int
    train_seconds: float
    train_cpu_seconds: float
    parameters: int
    kmac_per_px: float
    estimates: dict[str, Scores] = msgspec.field(default_factory=dict)


Rows = dict[tuple[str, str, float | None], Trained]  # by name, benchmark and σ₂₅₅


def ablation(task: str, variant: str, *, mpx: int = 100, seed: int = 0) -> Job:
    """One of the ablations."""
    return Job(
        name=f"{task}-{variant}-{mpx}mpx-s{seed}",
        config=CONFIGS / "ablations" / f"{task}.yaml",
        changes=(f"seed={seed}", *VARIANTS[variant].changes),
        benchmarks=(("rain100l", None), ("rain100h", None)) if task == "derain" else (("cbsd68", 25.0),),
        mpx=mpx,
    )


def ablations() -> list[Job]:
    """All of them, those that tell most first."""
    return [
        *(ablation("derain", variant) for variant in MATCHED),
        *(ablation("denoise", variant) for variant in MATCHED),
        *(ablation("derain", variant, seed=seed) for seed in (1, 2) for variant in MATCHED),
        *(ablation(task, name, mpx=300) for task in ("derain", "denoise") for name in ("ai-gan", "one-branch-wide")),
        *(ablation("derain", variant) for variant in SQUARES),
    ]


def peers() -> list[Job]:
    """The learned systems of others."""
    jobs = []
    for config, (table, systems) in PEERS.items():
        plan = table_of(table)
        for system in systems:
            name = f"{config}-{system}"
            columns = tuple((cell.benchmark, cell.sigma_255) for cell in plan.cells() if cell.method == name)
            changes = (f"peer.system={system}",)
            jobs.append(Job(name, CONFIGS / "peers" / f"{config}.yaml", changes, columns, table=table))
    return jobs


@cache
def table_of(name: str) -> Plan:
    """A table of the paper, in which each peer trained here is a method."""
    return read_plan(CONFIGS / "benchmark" / f"{name}.yaml")


# training and measuring


def run(
    job: Job, rows: Rows, *, out: Path, results: Path, data: Path, every: int = 1, minutes: float = MINUTES
) -> Iterator[Trained]:
    """Train a job, or go on with it, and yield the rows that are missing; of every `every`-th picture."""
    config = job.read()
    path = out / job.name / f"{job.name}.safetensors"
    if not is_trained(job, out):
        limit = {"max_minutes": minutes, "clock": time.process_time} if job.mpx is None else {}
        train([config], out, resume=True, **limit)  # type: ignore[arg-type]
    spent = last_step(path.parent)
    spec = describe(config)
    facts = {
        "steps": spent.step,
        "pixels": spent.pixels,
        "train_seconds": round(spent.seconds, 1),
        "train_cpu_seconds": round(spent.cpu_seconds, 1),
        "parameters": spec.parameters,
        "kmac_per_px": spec.kmac_per_px,
    }
    if job.table:
        for row in measure_peer(job, path, results=results, data=data, every=every):
            yield Trained(**fields(row), **facts)
        return
    for benchmark, sigma_255 in job.benchmarks:
        if (job.name, benchmark, sigma_255) not in rows:
            evaluation, estimates = measure(path, benchmark, sigma_255, data=data, every=every)
            yield Trained(
                **fields(evaluation),
                **fields(here()),
                method=job.name,
                identity=identity_of(str(path), gray=False),
                every=every,
                seconds=round(sum(item.seconds for item in evaluation.items), 3),
                cpu_seconds=round(sum(item.cpu_seconds for item in evaluation.items), 3),
                peak_memory_bytes=None,
                estimates=estimates,
                **facts,
            )


class Spent(msgspec.Struct, frozen=True):
    """What a run had taken at a step that it wrote down."""

    step: int = 0
    pixels: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0


def last_step(folder: Path) -> Spent:
    """The last step that a run wrote down."""
    file = folder / "stats.jsonl"
    rows = [msgspec.json.decode(line, type=Spent) for line in file.read_bytes().splitlines()] if file.exists() else []
    return max(rows, key=lambda row: row.pixels, default=Spent())


def is_trained(job: Job, out: Path) -> bool:
    """Whether a run has made all its steps; one that is given minutes knows itself how many those are."""
    weights_of_it = out / job.name / f"{job.name}.safetensors"
    return job.mpx is not None and weights_of_it.exists() and last_step(out / job.name).step >= job.read().steps


def measure(
    path: Path, benchmark: str, sigma_255: float | None, *, data: Path, every: int
) -> tuple[Evaluation, dict[str, Scores]]:
    """The fused result of weights on a benchmark, and the means of each estimate of the original."""
    chosen, pairs = find_pictures(benchmark, data=data)
    measurement = prepare(str(path), chosen, pairs, sigma_255=sigma_255 or 0)  # refuses scenes that were seen
    network, _ = weights.load(path)
    items: dict[str, list[Item]] = {}
    for place in places(pairs, every):
        sample = measurement.sample(place)
        I = torch.tensor(sample.degraded).permute(2, 0, 1)[None]
        clock, cpu = time.perf_counter(), time.process_time()
        found = estimates_of(network, I)
        seconds = time.perf_counter() - clock, time.process_time() - cpu
        for name, O in found.items():
            levels = np.round(255 * O[0].permute(1, 2, 0).clamp(0, 1).numpy())
            items.setdefault(name, []).append(rounded(measurement.item(sample, Timed(levels, *seconds))))
    fused = items.pop("fused")
    return measurement.evaluation(fused, every=every), {name: mean_of(them) for name, them in items.items()}


@torch.inference_mode()
def estimates_of(network: PictureAIGAN, I: Tensor) -> dict[str, Tensor]:
    """What a network finds the original to be, by name, (1, C, H, W): the fused result and all that it is made from."""
    yhat_O, yhat_T, ytilde_O, _ = found = network(I)
    estimates = {"fused": network.fuse(I, found)[0], "ŷ_O": yhat_O, "ỹ_O": ytilde_O}
    estimates["I − ŷ_T"] = None if yhat_T is None else I - yhat_T
    return {name: O for name, O in estimates.items() if O is not None}


def measure_peer(job: Job, path: Path, *, results: Path, data: Path, every: int) -> Iterator[Row]:
    """A peer's rows, which are also those of the paper's table in `results`."""
    table = table_of(job.table)
    method = msgspec.structs.replace(table.method(job.name), weights=str(path), every=every)
    others = (one for one in table.methods if one.name != job.name)
    plan = msgspec.structs.replace(table, methods=(*others, method))
    if problems := measure_table(plan, results, data=data, jobs=1, only=(job.name,)):
        raise AiganError("; ".join(problems))
    for cell, row in read_rows(rows_file(plan, results)).items():
        if (cell.method, cell.every) == (job.name, every):
            yield row


def rounded(item: Item) -> Item:
    """To what a reader can use."""
    values = msgspec.structs.asdict(item).items()
    return Item(**{name: round(value, 5) if isinstance(value, float) else value for name, value in values})


def fields(struct: msgspec.Struct) -> dict[str, object]:
    """Of a struct, by name."""
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


@cache
def describe(config: TrainingConfig) -> ModelSpec:
    """Size and cost of what a configuration trains."""
    return spec_of(config, make_network(config), (), "", 0)


# rows and tables


def read(path: Path) -> Rows:
    """The rows of a file, none where there is no file."""
    lines = path.read_bytes().splitlines() if path.exists() else []
    rows = (msgspec.json.decode(line, type=Trained) for line in lines)
    return {(row.method, row.benchmark, row.protocol.sigma_255): row for row in rows}


def psnr(scores: Scores, benchmark: str) -> float:
    """On the scale that is the field's convention."""
    on_y = find_benchmark(benchmark).measured_on == "Y"
    assert scores.psnr_y is not None or not on_y
    return scores.psnr_y if on_y and scores.psnr_y is not None else scores.psnr


def ablation_tables(rows: Rows, paper: PaperTable) -> str:
    """For each task and budget a table, then the estimates of the original that the fused one is made from."""
    text = []
    for task, title in (("derain", "Rain"), ("denoise", "Noise")):
        for mpx in (100, 300):
            jobs: dict[str, list[Job]] = {}
            for name in VARIANTS:
                of_it = [ablation(task, name, mpx=mpx, seed=seed) for seed in range(3)]
                if known := [job for job in of_it if job in ablations()]:
                    jobs[name] = known
            text += [f"### {title}, {mpx} Mpx each", "", *_ablations(jobs, rows, paper), ""]
    return "\n".join([*text, *_estimates(rows), *_notes(rows.values())]) + "\n"


def _ablations(jobs: dict[str, list[Job]], rows: Rows, paper: PaperTable) -> Iterator[str]:
    benchmarks = next(iter(jobs.values()))[0].benchmarks
    headings = ["system", "parameters", "kMAC a pixel", "CPU min", "seeds"]
    for benchmark, sigma_255 in benchmarks:
        headings += [shown(benchmark, sigma_255), "AI-GAN above it"]
        headings += ["in the paper"] if paper.find("AI-GAN", set_of(benchmark), None) else []
    yield from head(headings)
    for name, of_it in jobs.items():
        spec = describe(of_it[0].read())
        done = [rows[job.name, *benchmarks[0]] for job in of_it if (job.name, *benchmarks[0]) in rows]
        minutes = f"{statistics.fmean(row.train_cpu_seconds for row in done) / 60:.0f}" if done else NOTHING
        cells = [VARIANTS[name].label, f"{spec.parameters:,}", f"{spec.kmac_per_px:.1f}", minutes]
        cells.append(f"{len(done)} of {len(of_it)}")
        for benchmark, sigma_255 in benchmarks:
            cells.append(_mean(_figures(of_it, benchmark, sigma_255, rows)))
            cells.append(_gain(jobs["ai-gan"], of_it, benchmark, sigma_255, rows) if name != "ai-gan" else NOTHING)
            if ours := paper.find("AI-GAN", set_of(benchmark), None):
                theirs = paper.find(VARIANTS[name].paper, set_of(benchmark), None)
                gain = f" (+{ours.psnr - theirs.psnr:.2f})" if theirs and theirs is not ours else ""
                cells.append(f"{theirs.psnr:.2f}{gain}" if theirs else NOTHING)
        yield line(cells)


def _figures(jobs: Iterable[Job], benchmark: str, sigma_255: float | None, rows: Rows) -> list[float]:
    found = (rows.get((job.name, benchmark, sigma_255)) for job in jobs)
    return [psnr(row.mean, benchmark) for row in found if row]


def _gain(ours: Sequence[Job], theirs: Sequence[Job], benchmark: str, sigma_255: float | None, rows: Rows) -> str:
    """The mean over the seeds that both have, and its spread."""
    pairs = [_figures(pair, benchmark, sigma_255, rows) for pair in zip(ours, theirs, strict=False)]
    return _mean([pair[0] - pair[1] for pair in pairs if len(pair) == 2], sign="+")


def _mean(values: list[float], sign: str = "") -> str:
    if not values:
        return NOT_RUN
    spread = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):{sign}z.2f}{spread}".replace("-", MINUS)


def _estimates(rows: Rows) -> Iterator[str]:
    yield from ("### The estimates of the original", "")
    yield from head(["run", "measured on", *ESTIMATES, "fused"])
    for row in rows.values():
        found = [row.estimates.get(name) for name in ESTIMATES]
        cells = [f"{psnr(scores, row.benchmark):.2f}" if scores else NOTHING for scores in found]
        on = shown(row.benchmark, row.protocol.sigma_255)
        yield line([row.method, on, *cells, f"{psnr(row.mean, row.benchmark):.2f}"])
    if not rows:
        yield line([NOT_RUN, *[NOTHING] * 5])
    yield ""


def peer_tables(rows: Rows) -> str:
    """For each configuration a table."""
    text: list[str] = []
    for config in PEERS:
        jobs = [job for job in peers() if job.config.stem == config]
        columns = jobs[0].benchmarks
        headings = ["system", "parameters", "kMAC a pixel", "steps", "Mpx", "CPU min", "min"]
        text += [f"### {config}", "", *head([*headings, *(shown(*column) for column in columns)])]
        for job in jobs:
            spec = describe(job.read())
            found = [rows.get((job.name, *column)) for column in columns]
            cells = [job.name.removeprefix(f"{config}-"), f"{spec.parameters:,}", f"{spec.kmac_per_px:.1f}"]
            if row := next(filter(None, found), None):
                minutes = [f"{row.train_cpu_seconds / 60:.1f}", f"{row.train_seconds / 60:.1f}"]
                cells += [f"{row.steps:,}", f"{row.pixels / 1e6:.1f}", *minutes]
            else:
                cells += [NOTHING] * 4
            for column, measured in zip(columns, found, strict=True):
                missing = NOT_RUN if column in job.benchmarks else NOTHING
                cells.append(f"{psnr(measured.mean, measured.benchmark):.2f}" if measured else missing)
            text.append(line(cells))
        text.append("")
    return "\n".join([*text, *_notes(rows.values())]) + "\n"


def _notes(rows: Iterable[Trained]) -> Iterator[str]:
    """What the figures are, and where they were measured."""
    yield "PSNR in dB; rain on Y, colour noise and haze on RGB, gray on gray. ±: standard deviation over the seeds."
    if rows := list(rows):
        code = sorted({f"aigan {row.version} ({row.commit})" for row in rows})
        parts = sorted({row.n for row in rows})
        machines = sorted({row.machine for row in rows})
        yield f"Pictures: {', '.join(map(str, parts))}. On {'; '.join(machines)}, by {'; '.join(code)}."


def shown(benchmark: str, sigma_255: float | None) -> str:
    """A benchmark in a heading."""
    return benchmark + (f", σ {sigma_255:g}" if sigma_255 else "")


def set_of(benchmark: str) -> str:
    """The paper's name of it."""
    return {"rain100l": "Rain100L", "rain100h": "Rain100H"}.get(benchmark, "")


def head(headings: Sequence[str]) -> Iterator[str]:
    """The first two lines of a Markdown table; figures in all columns but the first."""
    yield line(headings)
    yield "|---|" + "---:|" * (len(headings) - 1)


def line(cells: Sequence[str]) -> str:
    """A line of it."""
    return "| " + " | ".join(cells) + " |"


def main(arguments: Sequence[str] | None = None) -> None:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", action="store_true", help="train and measure what is missing")
    parser.add_argument("--train", action="store_true", help="train what is missing side by side, measure nothing")
    parser.add_argument("--only", nargs="+", default=[""], metavar="NAME", help="runs whose names begin so")
    parser.add_argument("--peers", action="store_true", help="the learned systems of others instead of the ablations")
    parser.add_argument("--out", type=Path, default=ROOT / "runs", help="where runs are")
    parser.add_argument("--results", type=Path, default=ROOT / "results", help="where rows of the paper's tables are")
    parser.add_argument("--rows", type=Path, default=ROOT / "docs/benchmarks", help="where the rows of these runs are")
    parser.add_argument("--document", type=Path, default=DOCUMENT, help="which holds the tables")
    asked = parser.parse_args(arguments)
    if asked.train and asked.peers:
        parser.error("--train is for the ablations: peers are given minutes, one after another")

    name = "peers" if asked.peers else "ablations"
    file = asked.rows / f"{name}.rows.jsonl"
    jobs = peers() if asked.peers else ablations()
    rows, failed = read(file), False
    if asked.train:
        mine = [job for job in jobs if job.name.startswith(tuple(asked.only)) and not is_trained(job, asked.out)]
        train([job.read() for job in mine], asked.out, resume=True)
        return
    for job in jobs:
        if not job.name.startswith(tuple(asked.only)):
            continue
        complete = all((job.name, *one) in rows for one in job.benchmarks)
        print(f"{job.name}: {'done' if complete else 'not done'}", flush=True)
        if complete or not asked.run:
            continue
        try:
            for row in run(job, rows, out=asked.out, results=asked.results, data=Path(os.environ["AIGAN_DATA"])):
                rows[row.method, row.benchmark, row.protocol.sigma_255] = row
                order = {job.name: place for place, job in enumerate(jobs)}
                write_rows(file, sorted(rows.values(), key=lambda row: order.get(row.method, -1)))
                print(f"  {shown(row.benchmark, row.protocol.sigma_255)}: {psnr(row.mean, row.benchmark):.2f} dB")
        except AiganError as error:
            failed = True
            print(f"  failed: {error}", file=sys.stderr)
    table1 = CONFIGS / "benchmark/table1.yaml"
    paper = read_paper(table1, read_plan(table1))
    put_into(asked.document, name, peer_tables(rows) if asked.peers else ablation_tables(rows, paper))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

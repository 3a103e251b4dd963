"""Make the table of docs/peers.md from the rows of configs/benchmark/published.yaml: python docs/peers.py [ROWS ...]

Rows that are given are taken over into docs/benchmarks/published.rows.jsonl first. The paper's tables have methods of
the same names: their rows in docs/benchmarks get these figures, too.
"""

import sys
from pathlib import Path
from typing import NamedTuple

from aigan.evaluate.plan import Cell, Plan, read_plan
from aigan.evaluate.rows import Row, read_rows, write_rows
from aigan.evaluate.tables import put_into

HERE = Path(__file__).parent
PLAN = HERE.parent / "configs/benchmark/published.yaml"
ROWS = HERE / "benchmarks/published.rows.jsonl"


SIGMAS = (15, 25, 50)
TABLES = "table1", "table2", "table3"


class Target(NamedTuple):
    """A PSNR to reach, with the tolerance that is asked for, dB; `file` is of ../shared/weights."""

    method: str
    file: str
    benchmark: str
    sigma_255: int | None
    psnr: float
    tolerance: float | None


def noise(method: str, files: str, benchmark: str, figures: tuple[float, float, float]) -> list[Target]:
    """As published for σ₂₅₅ 15, 25, 50; {} in the file's name stands for it."""
    tolerance = 0.03 if benchmark == "bsd68" else 0.06
    pairs = zip(SIGMAS, figures, strict=True)
    return [Target(method, files.format(sigma), benchmark, sigma, psnr, tolerance) for sigma, psnr in pairs]


def rain(method: str, files: str, light: float, heavy: float | None = None) -> list[Target]:
    """On Y, as published; no tolerance is named."""
    figures = {"rain100l": light, "rain100h": heavy}
    return [Target(method, files.format(name), name, None, psnr, None) for name, psnr in figures.items() if psnr]


def haze(method: str, file: str, outdoor: float | None, indoor: float | None) -> list[Target]:
    """As measured elsewhere with these weights on these pictures."""
    figures = {"reside-outdoor": outdoor, "reside-indoor": indoor}
    return [Target(method, file, name, None, psnr, 0.05) for name, psnr in figures.items() if psnr]


TARGETS = [
    *noise("dncnn-s", "dncnn_s{}_gray", "bsd68", (31.73, 29.23, 26.23)),
    *noise("dncnn-b", "dncnn_b_gray", "bsd68", (31.61, 29.16, 26.23)),
    *noise("ffdnet-gray", "ffdnet_gray", "bsd68", (31.63, 29.19, 26.29)),
    *noise("cdncnn-b", "cdncnn_b_color", "cbsd68", (33.90, 31.24, 27.95)),
    *noise("ffdnet-color", "ffdnet_color", "cbsd68", (33.87, 31.21, 27.96)),
    *noise("adnet", "adnet_s{}_color", "cbsd68", (33.99, 31.31, 28.04)),
    *rain("prenet", "prenet_{}", 37.61, 29.46),
    *rain("prenet-r", "prenet_r_{}", 37.10, 28.98),
    *rain("prn", "prn_{}", 36.99, 28.07),
    *rain("prn-r", "prn_r_{}", 36.11),
    *haze("aod-net", "aodnet_caffe", 20.14, 19.66),
    *haze("aod-net-pytorch", "aodnet_pytorch", 19.45, 19.45),
    *haze("ld-net", "ldnet", 19.48, 20.21),
    *haze("mscnn", "mscnn", 19.79, 17.77),
    *haze("dehazenet", "dehazenet", 23.63, 21.93),
    *haze("famed-net", "famed", 26.97, 24.21),
    *haze("gcanet-outdoor", "gcanet", 25.53, None),
    *haze("gcanet-indoor", "gcanet", None, 29.92),
    *haze("lkd-t-outdoor", "lkd_t_ots", 32.28, None),
    *haze("lkd-t-indoor", "lkd_t_its", None, 34.70),
]


def table(plan: Plan, rows: dict[Cell, Row]) -> str:
    """A line for each target."""
    lines = [
        "| command: `aigan evaluate` … | pictures | measured, dB | to reach | difference | tolerance |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for target in TARGETS:
        method = plan.method(target.method)
        key = target.method, target.benchmark, target.sigma_255
        row = next((row for row in rows.values() if (row.cell.method, row.benchmark, row.cell.sigma_255) == key), None)
        command = f"{method.model or method.name} --weights $W/{target.file}.safetensors --benchmark {target.benchmark}"
        command += f" --sigma-255 {target.sigma_255}" if target.sigma_255 else ""
        command += f" --every {method.every}" if method.every > 1 else ""
        tolerance = f"± {target.tolerance}" if target.tolerance else "–"
        if row is None:
            lines.append(f"| `{command}` | – | not measured yet | {target.psnr:.2f} | – | {tolerance} |")
            continue
        psnr = row.mean.psnr_y if row.protocol.measured_on == "Y" else row.mean.psnr
        assert psnr is not None
        difference = f"{psnr - target.psnr:+.2f}".replace("-", "−")
        lines.append(f"| `{command}` | {row.n} | {psnr:.2f} | {target.psnr:.2f} | {difference} | {tolerance} |")
    return "\n".join(lines) + "\n"


def take_over(plan: Plan, path: Path, rows: dict[Cell, Row]) -> None:
    """Put those of the rows that a table has cells for into its file."""
    order = {cell: place for place, cell in enumerate(plan.cells())}
    known = read_rows(path) | {cell: row for cell, row in rows.items() if cell in order}
    write_rows(path, sorted(known.values(), key=lambda row: order.get(row.cell, -1)))


def main() -> None:
    """See above."""
    plan, rows = read_plan(PLAN), read_rows(ROWS)
    for path in map(Path, sys.argv[1:]):
        rows |= read_rows(path)
    take_over(plan, ROWS, rows)
    for name in TABLES:
        take_over(read_plan(PLAN.with_name(f"{name}.yaml")), ROWS.with_name(f"{name}.rows.jsonl"), rows)
    put_into(HERE / "peers.md", "published", table(plan, rows))


if __name__ == "__main__":
    main()

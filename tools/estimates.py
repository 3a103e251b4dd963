"""Measure what the interaction earns: each model's estimates of the original, on the benchmarks of its card.

    AIGAN_DATA=~/data python tools/estimates.py --every 10     # every tenth picture: some 4 minutes of one core
    AIGAN_DATA=~/data python tools/estimates.py                # all of them

Writes the table of docs/training.md.
"""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from ablations import ESTIMATES, ROOT, head, line, measure, psnr, shown

from aigan.evaluate.tables import MINUS, put_into
from aigan.network import weights

SHIPPED = ROOT / "src/aigan/weights"


def lines(path: Path, *, data: Path, every: int) -> Iterator[str]:
    """Of one model, a line for each benchmark."""
    _, spec = weights.load(path)
    for figure in spec.figures:
        if figure.benchmark == "bsd68" and spec.channels == 3:
            continue  # gray pictures pass a colour model by a detour
        sigma_255 = float(figure.degradation.removeprefix("sigma_255=")) if figure.degradation else None
        evaluation, estimates = measure(path, figure.benchmark, sigma_255, data=data, every=every)
        found = [psnr(estimates[name], figure.benchmark) for name in ESTIMATES]
        yhat_O, ytilde_O, _ = found
        fused = psnr(evaluation.mean, figure.benchmark)
        gains = [f"{gain:+.3f}".replace("-", MINUS) for gain in (ytilde_O - yhat_O, fused - ytilde_O)]
        on = shown(figure.benchmark, sigma_255)
        yield line([spec.name, on, *(f"{value:.2f}" for value in (*found, fused)), *gains])


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="only every so many-th picture by name")
    every = parser.parse_args().every
    if "AIGAN_DATA" not in os.environ:
        parser.error("set AIGAN_DATA to the folder of the published sets (docs/evaluate.md)")
    table = list(head(["model", "measured on", *ESTIMATES, "fused", "step 2 − 1", "fused − step 2"]))
    for path in sorted(SHIPPED.glob("*.safetensors")):
        for found in lines(path, data=Path(os.environ["AIGAN_DATA"]), every=every):
            print(found, flush=True)
            table.append(found)
    part = "every picture" if every == 1 else f"every {every}th picture"
    table += ["", f"PSNR in dB, {part}; rain on Y, the rest on RGB or gray.", ""]
    put_into(ROOT / "docs/training.md", "estimates", "\n".join(table))


if __name__ == "__main__":
    main()

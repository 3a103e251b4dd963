"""Measure what the interaction earns: each model's estimates of the original, on the benchmarks of its card.

    AIGAN_DATA=~/data python tools/estimates.py                # every picture: some 20 minutes of one core
    AIGAN_DATA=~/data python tools/estimates.py --every 10     # every tenth

Writes the table of docs/training.md.
"""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from ablations import ROOT, measure, psnr, shown

from aigan.evaluate.tables import put_into
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
        fused = psnr(evaluation.mean, figure.benchmark)
        yhat_O, ytilde_O, rest = (psnr(estimates[name], figure.benchmark) for name in ("ŷ_O", "ỹ_O", "I − ŷ_T"))
        yield (
            f"| {spec.name} | {shown(figure.benchmark, sigma_255)} | {yhat_O:.2f} | {ytilde_O:.2f} | {rest:.2f} "
            f"| {fused:.2f} | {ytilde_O - yhat_O:+.3f} | {fused - ytilde_O:+.3f} |\n".replace("-0.", "−0.")
        )


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="only every so many-th picture by name")
    every = parser.parse_args().every
    headings = (
        "model",
        "measured on",
        "ŷ_O (step 1)",
        "ỹ_O (step 2)",
        "I − ŷ_T",
        "fused",
        "step 2 − 1",
        "fused − step 2",
    )
    table = f"| {' | '.join(headings)} |\n|---|---|" + "---:|" * 6 + "\n"
    for path in sorted(SHIPPED.glob("*.safetensors")):
        for line in lines(path, data=Path(os.environ["AIGAN_DATA"]), every=every):
            print(line, end="", flush=True)
            table += line
    part = "every picture" if every == 1 else f"every {every}th picture"
    put_into(
        ROOT / "docs/training.md", "estimates", f"{table}\nPSNR in dB, {part}; rain on Y, the rest on RGB or gray.\n"
    )


if __name__ == "__main__":
    main()

"""Draws docs/img/learning-curves.png from docs/runs/*.jsonl: python docs/learning_curves.py."""

import json
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt

HERE = Path(__file__).parent
WINDOW = 5  # rows, each the mean of four steps


def main() -> None:
    """The error of the last estimate of O, in dB, over the pixels, smoothed."""
    mpl.use("Agg")
    figure, axes = plt.subplots(figsize=(9, 5), constrained_layout=True)
    for path in sorted((HERE / "runs").glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        errors = [-10 * row["terms"]["step2_O"] for row in rows]
        smooth = [sum(errors[i : i + WINDOW]) / WINDOW for i in range(len(errors) - WINDOW + 1)]
        axes.plot([row["pixels"] / 1e9 for row in rows[WINDOW - 1 :]], smooth, label=path.stem, linewidth=1.2)
    axes.set_xlabel("Gpx trained in this run; the larger crops begin after three quarters of the steps")
    axes.set_ylabel("−10 times the log10 term of ỹ_O, dB, on the training samples")
    axes.legend(ncols=3, fontsize="small")
    axes.grid(alpha=0.3)
    figure.savefig(HERE / "img" / "learning-curves.png", dpi=110)


if __name__ == "__main__":
    main()

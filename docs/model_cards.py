"""The cards of the shipped models, from the headers of their weights: nothing on them is written by hand.

A Sphinx extension that writes docs/models/NAME.md; and `python docs/model_cards.py` renews the figures in README.md.
"""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path
from typing import Any

from aigan.decomposition import Figure, ModelSpec
from aigan.evaluate.benchmarks import find_benchmark
from aigan.restore import registry
from aigan.restore.backends.onnx import read_spec

FOLDER = Path(__file__).parent / "models"
README = Path(__file__).parents[1] / "README.md"


def card(spec: ModelSpec, megabytes: float) -> str:
    """A model's card in Markdown."""
    pictures = "gray" if spec.channels == 1 else "colour"
    facts = {
        "task": f"{spec.task}, {pictures} pictures",
        "cost": f"{spec.kmac_per_px:.0f} kMAC a pixel; {spec.parameters:,} parameters, a file of {megabytes:.1f} MB",
        "licence of the weights": spec.licence,
        "trained on": "<br>".join(spec.training_data),
        "terms of that data": spec.data_terms,
        "training": spec.training,
        "may not be measured on": ", ".join(spec.saw_test_scenes_of),
        "tiles": f"begin at multiples of {spec.multiple_of} px and see {spec.halo_px} px around them; "
        f"exact with {spec.receptive_radius_px} px",
    }
    rows = "\n".join(f"| {name} | {_cell(text)} |" for name, text in facts.items() if text)
    return (
        f"# {spec.name}\n\n"
        f"    aigan restore PICTURE -o OUT --model {spec.name}\n\n"
        f"| | |\n|---|---|\n{rows}\n\n"
        f"## Limits\n\n{spec.limits or 'None are stated.'}\n\n[What such failures look like](../limits.md).\n\n"
        f"## Figures\n\n{_figures(spec)}\n"
    )


def _figures(spec: ModelSpec) -> str:
    if not spec.figures:
        return "Not measured."
    rows = "\n".join(_row(spec.name, figure) for figure in spec.figures)
    head = "| pictures | degraded | PSNR, dB | on Y, dB | measured again by |\n|---|---|---:|---:|---|"
    return f"{head}\n{rows}\n\nWhat these figures mean: [Measuring](../evaluate.md)."


def _row(name: str, figure: Figure) -> str:
    benchmark = find_benchmark(figure.benchmark)
    command = f"aigan evaluate {name} --benchmark {figure.benchmark}"
    degraded: str = benchmark.degraded
    if figure.degradation:  # "sigma_255=25"
        option, value = figure.degradation.split("=")
        command += f" --{option.replace('_', '-')} {value}"
        degraded = f"Gaussian noise, σ₂₅₅ {value}"
    values = (f"{value:.2f}" if value is not None else "–" for value in (figure.psnr, figure.psnr_y))
    pictures = f"{figure.benchmark}: {benchmark.pictures}"
    return f"| {' | '.join([_cell(pictures), degraded, *values, f'`{command}`'])} |"


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")


def write_cards() -> None:
    """Write the card of each shipped model, and remove those of models that are shipped no more."""
    FOLDER.mkdir(exist_ok=True)
    cards = {}
    for name in registry.shipped():
        file = registry.find(name)
        cards[FOLDER / f"{name}.md"] = card(read_spec(file), file.stat().st_size / 1e6)
    for stale in {*FOLDER.glob("*.md")} - {*cards}:
        stale.unlink()
    for path, text in cards.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:  # an unchanged page is not built again
            path.write_text(text, encoding="utf-8")


def with_figures(readme: str) -> str:
    """The README with its models' figures and costs as they are on the cards: two last columns of their rows."""

    def row(match: re.Match[str]) -> str:
        spec = read_spec(registry.find(match["name"]))
        return f"{match['start']}| {_brief(spec.figures)} | {spec.kmac_per_px:.0f} kMAC |"

    return re.sub(r"^(?P<start>\| `(?P<name>[a-z0-9-]+)` \|[^|]*)\|[^|]*\|[^|]*\|$", row, readme, flags=re.MULTILINE)


def _brief(figures: tuple[Figure, ...]) -> str:
    """A line: cbsd68, σ₂₅₅ 15/25/50: 33.81/31.14/27.88; rain100l 37.52 (Y)."""
    parts = []
    for benchmark, group in groupby(figures, key=lambda figure: figure.benchmark):
        same = list(group)
        sigmas = "/".join(figure.degradation.removeprefix("sigma_255=") for figure in same)
        values = "/".join(f"{figure.psnr or figure.psnr_y:.2f}" for figure in same)
        noise = f", σ₂₅₅ {sigmas}:" if sigmas.strip("/") else ""
        parts.append(f"{benchmark}{noise} {values}{'' if same[0].psnr else ' (Y)'}")
    return "; ".join(parts)


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("config-inited", lambda app, config: write_cards())
    return {"parallel_read_safe": True}


if __name__ == "__main__":
    README.write_text(with_figures(README.read_text(encoding="utf-8")), encoding="utf-8")

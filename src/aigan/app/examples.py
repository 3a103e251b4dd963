"""The photographs of examples/, which an installed package carries beside this file, and a checkout at its root."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Example(NamedTuple):
    """A degraded photograph, and the clean one that it was made from."""

    degraded: Path
    clean: Path


def examples() -> list[Example]:
    """Heavy rain, haze, noise and light rain."""
    installed = Path(__file__).parent / "photographs"
    folder = installed if installed.is_dir() else Path(__file__).parents[3] / "examples"
    return [
        Example(folder / degraded, folder / clean)
        for degraded, clean in (
            ("rocket-rain-heavy.png", "rocket-clean.jpg"),
            ("temple-haze.png", "temple-clean.jpg"),
            ("cat-noise.png", "cat-clean.png"),
            ("flower-rain-light.png", "flower-clean.jpg"),
        )
    ]

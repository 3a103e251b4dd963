from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write a picture of smooth waves, a function of `seed` alone, below the test's folder."""

    def save(name: str, *, seed: int = 0, gray: bool = False, size: tuple[int, int] = (40, 32)) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        rows, columns, colours = np.ogrid[: size[1], : size[0], :3]
        waves = np.sin(rows / 5 + seed) + np.cos(columns / 7 - seed) + (0 if gray else np.sin(colours + seed))
        picture = Image.fromarray((127 + 40 * (waves + 0 * colours)).astype(np.uint8))
        (picture.convert("L") if gray else picture).save(path)
        return path

    return save

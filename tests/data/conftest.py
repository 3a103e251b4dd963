from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write a smooth random colour picture, a function of `seed` alone, below the test's folder."""

    def save(name: str, *, seed: int = 0, size: tuple[int, int] = (48, 32)) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture(seed).resize(size, Image.Resampling.BICUBIC).save(path)
        return path

    return save


def picture(seed: int) -> Image.Image:
    """(96, 64) with structure at all scales."""
    rng = np.random.default_rng(seed)
    layers = [
        Image.fromarray(rng.integers(0, 256, (n, n + n // 2, 3), np.uint8)).resize((96, 64)) for n in (4, 8, 16, 32)
    ]
    return Image.fromarray(np.mean([np.asarray(layer) for layer in layers], axis=0).astype(np.uint8))


@pytest.fixture
def shared_data() -> Path:
    """The research data beside the checkout; skips the test where it is absent."""
    path = (Path(__file__).parents[3] / "shared" / "data").resolve()  # as layouts give paths
    if not path.is_dir():
        pytest.skip("no ../shared/data")
    return path

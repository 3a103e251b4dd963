from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aigan.pictures import Form, write
from tests.serving import served

pytest.importorskip("gradio")


def picture(
    path: Path, seed: int = 0, *, channels: int = 3, form: Form | None = None, size: tuple[int, int] = (40, 56)
) -> Path:
    """A noisy picture of its own colour."""
    draw = np.random.default_rng(seed)
    pixels = draw.uniform(0.2, 0.8, (1, 1, channels)) + draw.normal(0, 0.08, (*size, channels))
    write(pixels.clip(0, 1).astype(np.float32), path, form=form)
    return path


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of the app, with small limits."""
    with served("app", "--max-megabytes", "1", "--max-megapixels", "1", "--max-waiting", "40") as address:
        yield address


@pytest.fixture(scope="session")
def client(server: str) -> Any:
    """A client of it, of one session."""
    from gradio_client import Client

    return Client(server, verbose=False)

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from aigan.pictures import write
from aigan.study.create import create_study

METHODS = ("jorder", "s-gan", "detail-net", "aigan-x")
Make = Callable[..., Path]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Make a study of tiny ready pictures, each of a value of its own, once for all tests."""

    @cache
    def made(pictures: int, assessors: int) -> Path:
        root = tmp_path_factory.mktemp("study")
        for place, folder in enumerate(("rainy", *METHODS)):
            (root / folder).mkdir()
            for number in range(pictures):
                write(np.full((4, 6, 3), (place + 5 * number) / 255, np.float32), root / folder / f"{number:02}.png")
        methods = [f"{name}={root / name}" for name in METHODS]
        create_study(root / "study", methods=methods, pictures=root / "rainy", assessors=assessors)
        return root / "study"

    return made


@pytest.fixture
def make(made: Make, tmp_path: Path) -> Make:
    """A study of the test's own."""

    def make(*, pictures: int = 3, assessors: int = 2) -> Path:
        return shutil.copytree(made(pictures, assessors), tmp_path / "study")

    return make


def tokens_of(folder: Path) -> list[str]:
    """The secrets in the invitations of a study."""
    return [link.rstrip("/").rpartition("/")[2] for link in (folder / "invitations.txt").read_text().split()]

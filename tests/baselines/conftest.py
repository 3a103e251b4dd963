"""Weights for learned baselines that need no training."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

from aigan.baselines.registry import BASELINES, Baseline

RandomWeights = Callable[..., Path | None]


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> RandomWeights:
    """Make a file of random weights, the same for the same name and channels; none for a classical system."""

    @functools.cache
    def make(name: str, channels: int = 0) -> Path | None:
        baseline: Baseline = BASELINES[name]
        if not baseline.learned:
            return None
        torch = pytest.importorskip("torch")
        from aigan.baselines.learned.restorer import save

        system = getattr(importlib.import_module(f"aigan.baselines.{baseline.module}"), baseline.attribute)
        torch.manual_seed(0)
        network = system.network(channels if channels in system.channels else system.channels[0])
        with torch.no_grad():
            for parameter in network.parameters():
                if parameter.ndim == 4:
                    parameter *= 1.4  # what is begun with fades in the deeper networks
        path = tmp_path_factory.mktemp("weights") / f"{name}.safetensors"
        save(network, path)
        return path

    return make

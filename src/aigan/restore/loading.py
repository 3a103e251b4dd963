"""From a model's name to what restores pictures of so many channels."""

from __future__ import annotations

from collections.abc import Collection

from aigan.baselines.registry import BASELINES, open_baseline
from aigan.decomposition import ModelSpec, Restorer
from aigan.restore import registry
from aigan.restore.backends import onnx
from aigan.restore.channels import adapted
from aigan.restore.ensemble import SelfEnsemble
from aigan.restore.untouched import NAME, Untouched


def open_restorer(
    model: str,
    *,
    channels: int,
    parts: Collection[onnx.Part] = onnx.PARTS,
    tta: bool = False,
    sigma_255: float | None = None,
) -> Restorer:
    """Open a model for pictures of 1 or 3 channels, to compute `parts` beside the original.

    `model`: see `registry.find`, or a baseline's name; "none" leaves pictures as they are. `tta`: with the
    self-ensemble. `sigma_255`: of the noise, for the baselines that must be told it. AiganError where there is no such
    model or its file is damaged.
    """
    if model == NAME:
        return Untouched(ModelSpec(name=NAME, task="all", channels=1 if channels == 1 else 3))
    if model in BASELINES:
        restorer = open_baseline(model, channels=1 if channels == 1 else 3, sigma_255=sigma_255)
        return adapted(restorer, channels)
    restorer = adapted(onnx.load(registry.find(model, gray=channels == 1), parts=parts), channels)
    return SelfEnsemble(restorer) if tta else restorer

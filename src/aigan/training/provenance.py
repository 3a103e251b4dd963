"""What a model saw: no test scene of a benchmark on which it will be measured, in its data or in its start."""

from __future__ import annotations

from pathlib import Path

import msgspec

from aigan.data.check import test_scenes_seen
from aigan.data.sources import Depths, Stores, Streaks, clean_pictures_of
from aigan.data.test_scenes import BENCHMARKS
from aigan.decomposition import ModelSpec
from aigan.errors import AiganError
from aigan.network.presets import PictureAIGAN, macs_per_pixel, parameters_of
from aigan.training.config import TrainingConfig
from aigan.training.peers import PeerNetwork


def require_unseen(config: TrainingConfig, start: str, begun: ModelSpec | None, stores: Stores) -> tuple[str, ...]:
    """The benchmarks whose test scenes the data or the start holds. AiganError where the configuration names one.

    `start`: the weights that training starts from, `begun`: what they say.
    """
    inherited = begun.saw_test_scenes_of if begun else ()
    for benchmark in config.benchmarks:
        if benchmark in inherited:
            raise AiganError(
                f"{start}: these weights saw test scenes of {benchmark}, which {config.name} names: start from others"
            )
    data = Path(config.data)
    paths = dict.fromkeys(path for source in config.sources for path in clean_pictures_of(source, data, stores))
    found = test_scenes_seen([*paths], BENCHMARKS)
    for path, benchmark, scene in found:
        if benchmark in config.benchmarks:
            raise AiganError(
                f"{path} shows scene {scene} of {benchmark}, on which {config.name} will be measured: "
                f"add `without: [{benchmark}]` to its folder"
            )
    return tuple(sorted({*inherited, *(benchmark for _, benchmark, _ in found)}))


def spec_of(
    config: TrainingConfig,
    network: PictureAIGAN | PeerNetwork,
    seen: tuple[str, ...],
    start: str,
    pixels: int,
    *,
    begun: ModelSpec | None = None,
) -> ModelSpec:
    """The spec that goes into the weights' header; figures and the measured halo come later.

    `begun`: what the weights that training started from say; their data and its terms are those of the result, too.
    """
    source_of_weights = f", from {Path(start).name}" if start else ""
    return msgspec.structs.replace(
        network.describe(config.name, config.task) if isinstance(network, PeerNetwork) else _describe(config, network),
        training=f"configuration {config.name}, {pixels / 1e6:.0f} Mpx{source_of_weights}",
        training_data=data_of(config, begun),
        data_terms=terms_of(config, begun),
        saw_test_scenes_of=seen,
    )


def data_of(config: TrainingConfig, begun: ModelSpec | None) -> tuple[str, ...]:
    """What was trained on: by the weights that training started from, and by the configuration."""
    data = [*(begun.training_data if begun else ())]
    data += [folder.folder for source in config.sources for folder in source.folders]
    for source in config.sources:
        layers = source.layers if isinstance(source, Streaks) else source.depths if isinstance(source, Depths) else ()
        data += [folder.folder for folder in layers]
    return tuple(dict.fromkeys(data))


def terms_of(config: TrainingConfig, begun: ModelSpec | None) -> str:
    """The terms of that data, set by set, each once."""
    terms = f"{begun.data_terms if begun else ''}; {config.data_terms}"
    return "; ".join(dict.fromkeys(filter(None, terms.split("; "))))


def _describe(config: TrainingConfig, network: PictureAIGAN) -> ModelSpec:
    return ModelSpec(
        name=config.name,
        task=config.task,
        channels=network.config.channels,
        multiple_of=network.multiple_of,
        receptive_radius_px=network.receptive_radius_px,
        halo_px=network.receptive_radius_px,
        parameters=parameters_of(network),
        kmac_per_px=round(macs_per_pixel(network) / 1000, 2),
    )

"""Small pictures and a small configuration that trains in seconds."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image

from aigan.data.sources import Clean, Degrade, Folder, Validation
from aigan.interference.noise import Noise
from aigan.network.presets import NetworkConfig
from aigan.training.config import Stage, TrainingConfig
from aigan.training.optimisers import OptimiserConfig

Configure = Callable[..., TrainingConfig]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with `clean/`: ten smooth random pictures of different sizes."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "clean").mkdir()
    rng = np.random.default_rng(0)
    for number in range(10):
        small = Image.fromarray(rng.integers(0, 256, (6, 5, 3), dtype=np.uint8))
        small.resize((40 + 3 * number, 64 - number), Image.Resampling.BICUBIC).save(folder / "clean" / f"{number}.png")
    return folder


@pytest.fixture
def configure(pictures: Path) -> Configure:
    """A configuration with changes."""
    folder = Folder(folder="clean", hold_out_every=5)
    config = TrainingConfig(
        name="tiny",
        task="denoise",
        network=NetworkConfig(widths=(16, 16), encode_blocks=(1, 1), decode_blocks=(1,), generator_width=4),
        data=str(pictures),
        sources=(Clean(folders=(folder,), degrade=Degrade(noise=Noise())),),
        validation=(Validation(name="held out", folders=(folder,), degrade=Degrade(noise=Noise()), crop=32),),
        steps=12,
        stages=(Stage(share=0.5, crop=16, batch=4), Stage(share=0.5, crop=24, batch=2)),
        optimiser=OptimiserConfig(warmup_steps=3),
        adversary_from=0.4,
        precision="fp32",
        log_every=1,
        checkpoint_every=3,
        validate_every=100,
    )

    def change(**changes: object) -> TrainingConfig:
        return msgspec.structs.replace(config, **changes)

    return change


@pytest.fixture(autouse=True)
def _this_process_as_before() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    torch.set_flush_denormal(False)

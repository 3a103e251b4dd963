"""What a training run is: one frozen struct, read from YAML, checked by type and bounds, overridden by `key=value`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from aigan.data.sources import Seed, Source, Validation
from aigan.data.test_scenes import BENCHMARKS
from aigan.decomposition import Task
from aigan.errors import AiganError
from aigan.losses import Form
from aigan.network.presets import PRESETS, NetworkConfig
from aigan.training.optimisers import OptimiserConfig
from aigan.training.peers import Peer

Count = Annotated[int, msgspec.Meta(ge=1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the run with one size of crops: small ones first: many small pictures teach faster than few large."""

    share: Annotated[float, msgspec.Meta(gt=0, le=1)]  # of the run's steps
    crop: Annotated[int, msgspec.Meta(ge=8, multiple_of=8, le=1024)]  # pixels a side
    batch: Count  # the global batch, over all processes


class TrainingConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One training run. Defaults are what trials showed to be best for preset `plus`."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    task: Task
    network: NetworkConfig = PRESETS["plus-s"]
    peer: Peer | None = None  # a learned system of others, trained in the network's place
    data: str = "../shared/data"  # the folder that the sources' folders lie in
    sources: Annotated[tuple[Source, ...], msgspec.Meta(min_length=1)]
    validation: tuple[Validation, ...] = ()
    benchmarks: tuple[str, ...] = ()  # on which the model will be measured: data that holds their scenes is refused
    data_terms: str = ""  # the data's terms, for the weights' header

    steps: Count = 10_000
    stages: Annotated[tuple[Stage, ...], msgspec.Meta(min_length=1)] = (
        Stage(share=0.25, crop=48, batch=32),
        Stage(share=0.25, crop=64, batch=16),
        Stage(share=0.35, crop=96, batch=8),
        Stage(share=0.15, crop=128, batch=8),
    )
    seed: Seed = 0

    loss: Form = "log"
    lambda_gan: Annotated[float, msgspec.Meta(ge=0, le=1e6)] = 0.8  # λ; 0 is AI-CNN
    saturating: bool = False  # the generators' adversarial terms to the letter of (8), (9)
    adversary_from: Share = 0.5  # share of the run after which the discriminators begin
    discriminator_steps: Count = 1
    update: Literal["joint", "alternate"] = "joint"

    optimiser: OptimiserConfig = OptimiserConfig()
    ema: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.999
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    compile: bool = False

    log_every: Count = 50
    checkpoint_every: Count = 500
    validate_every: Count = 5_000

    def __post_init__(self) -> None:
        for what, shares in (("stages", self.stages), ("sources", self.sources)):
            total = sum(part.share for part in shares)
            if abs(total - 1) > 1e-6:
                raise ValueError(f"the shares of the {what} must add up to 1, not {total:g}")
        if unknown := {*self.benchmarks} - {*BENCHMARKS}:
            raise ValueError(f"there is no benchmark {min(unknown)}: name some of {', '.join(BENCHMARKS)}")
        if len({one.name for one in self.validation}) < len(self.validation):
            raise ValueError("two sets of the validation have the same name: give each its own")

    @property
    def channels(self) -> Literal[1, 3]:
        """Those of the pictures."""
        return (self.peer or self.network).channels

    @property
    def branches(self) -> int:
        """2, or 1 for S-GAN and peers."""
        return 1 if self.peer else self.network.branches

    def stage_at(self, step: int) -> Stage:
        """The stage that a step belongs to."""
        passed = 0.0
        for stage in self.stages:
            passed += stage.share
            if step < round(passed * self.steps):
                return stage
        return self.stages[-1]


def read_config(path: Path, overrides: tuple[str, ...] = ()) -> TrainingConfig:
    """Read a YAML configuration; `overrides` are `key=value`, with dots into structs and numbers into lists.

    `like: FILE` takes over what another configuration beside it says, but for the keys that this one has.
    `network: {preset: plus-s, ...}` stands for the preset with changes. AiganError says which key is wrong.
    """
    raw = _read_yaml(path)
    for override in overrides:
        _override(raw, override)
    network = raw.get("network")
    if isinstance(network, dict) and "preset" in network:
        name = str(network.pop("preset"))
        if name not in PRESETS:
            raise AiganError(f"{path}: network.preset must be one of {', '.join(PRESETS)}")
        raw["network"] = {**msgspec.to_builtins(PRESETS[name]), **network}
    try:
        return msgspec.convert(raw, TrainingConfig, strict=False)  # YAML takes 1e-3 for a string
    except msgspec.ValidationError as error:
        raise AiganError(f"{path}: {error}") from None


def _read_yaml(path: Path, before: tuple[Path, ...] = ()) -> dict[str, Any]:
    try:
        raw = msgspec.yaml.decode(path.read_bytes())
    except FileNotFoundError:
        raise AiganError(f"{path}: there is no such configuration; examples lie in configs/") from None
    except OSError as error:
        raise AiganError(
            f"{path}: this cannot be read ({error.strerror}); name a YAML file as those in configs/"
        ) from None
    except msgspec.DecodeError as error:
        raise AiganError(f"{path}: this is no valid YAML ({' '.join(str(error).split())})") from None
    if not isinstance(raw, dict):
        raise AiganError(f"{path}: this is no configuration, which is lines of key: value; examples lie in configs/")
    if like := raw.pop("like", None):
        other = path.parent / str(like)
        if other in (*before, path):
            raise AiganError(f"{path}: it cannot be like itself: name another configuration beside it")
        return _read_yaml(other, (*before, path)) | raw
    return {**raw}


def require_same(asked: TrainingConfig, stored: TrainingConfig, folder: Path) -> None:
    """AiganError where a run would go on with another configuration than it began with."""
    different = [name for name in asked.__struct_fields__ if getattr(asked, name) != getattr(stored, name)]
    if different:
        raise AiganError(
            f"{folder} began with another configuration ({', '.join(different)}): give that one, or another --out"
            " with --init to go on from its weights"
        )


def _override(raw: Any, override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals:
        raise AiganError(f"'{override}': write overrides as key=value, for instance steps=1000 or stages.0.crop=64")
    *parents, last = key.split(".")
    node = raw
    try:
        for parent in parents:
            node = node[int(parent)] if isinstance(node, list) else node.setdefault(parent, {})
        parsed = msgspec.yaml.decode(value.encode())
        if isinstance(node, list):
            node[int(last)] = parsed
        else:
            node[last] = parsed
    except (ValueError, IndexError, TypeError, AttributeError, msgspec.DecodeError):
        raise AiganError(f"'{override}': the configuration has no place {key}, or the value is no valid YAML") from None

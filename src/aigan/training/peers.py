"""Learned systems of others in AI-GAN's place: the same engine, data and optimisers, the error of their one estimate.

A peer is a network I → Ô: in the topology it is one branch, all of it encoder. It has no discriminators. Its batch
normalisations, if it has any, see one process's part of a batch, so that two processes do not quite equal one.
"""

from __future__ import annotations

from typing import Literal, cast

import msgspec
from torch import Tensor, nn

from aigan.baselines.learned import restorer
from aigan.baselines.learned.layers import folded
from aigan.baselines.learned.restorer import System
from aigan.baselines.registry import BASELINES
from aigan.decomposition import ModelSpec, Task
from aigan.network.topology import AIGAN


class Peer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A learned system by its name in `baselines.registry`, and the channels of its pictures."""

    system: str
    channels: Literal[1, 3] = 3

    def __post_init__(self) -> None:
        learned = [name for name, baseline in BASELINES.items() if baseline.learned]
        if self.system not in learned:
            raise ValueError(f"peer.system must be one of {', '.join(learned)}")
        if self.channels not in self.definition.channels:
            wanted = " or ".join(map(str, self.definition.channels))
            raise ValueError(f"{self.system} is for pictures of {wanted} channels: set peer.channels")

    @property
    def definition(self) -> System:
        """What the system's module says of it."""
        return cast("System", BASELINES[self.system].find())


class PeerNetwork(AIGAN):
    """A peer with fresh weights: (B, C, H, W) to Estimates of which only ŷ_O, the peer's Ô, is there."""

    def __init__(self, peer: Peer) -> None:
        super().__init__(e=peer.definition.network(peer.channels), d_O=nn.Identity(), G_O=_AsItIs())
        self.config = peer

    def describe(self, name: str, task: Task) -> ModelSpec:
        """What is known of it but for its training."""
        system, channels = self.config.definition, self.config.channels
        return restorer.describe(name, task, system, folded(system.network(channels)), channels)


def tell_noise(network: AIGAN, T: Tensor) -> None:
    """Tell a peer that must know how strong the noise of each picture is, from that noise, (B, C, H, W)."""
    if isinstance(network, PeerNetwork) and BASELINES[network.config.system].told_noise:
        network.e.sigma_255 = 255 * T.square().mean((1, 2, 3), keepdim=True).sqrt()


class _AsItIs(nn.Module):
    """G_O of a peer: its picture is its result."""

    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        """x."""
        return x

"""How much a restorer takes at once, where it is not the host's memory that decides."""

from __future__ import annotations

from typing import NamedTuple

from aigan.decomposition import Restorer


class Capacity(NamedTuple):
    """So many tiles at once, so that one is copied while another is computed, and of so many bytes each there."""

    tiles: int
    tile_bytes: int


def capacity_of(restorer: Restorer) -> Capacity | None:
    """What a restorer says of itself in `capacity`; None, as most do, for a tile at a time in the host's memory."""
    return getattr(restorer, "capacity", None)

"""The sheet that shows what was done: degraded, restored, interference and, where asked for, expected error."""

from __future__ import annotations

import numpy as np

from aigan.decomposition import Array, Decomposition
from aigan.pictures import sheet
from aigan.restore.blocks import block_means
from aigan.restore.tiles import Box

LONGEST_SIDE = 2048  # px: larger pictures are shown at a half, a quarter or an eighth
ERROR_GAIN = 8  # the expected error is a few gray levels


def shown_interference(interference: Array) -> Array:
    """T in [−1, 1] as a picture: 0.5 + T/2, gray where nothing was removed."""
    return np.float32(0.5) + np.float32(0.5) * interference


class Comparison:
    """Collects the panels tile by tile; tiles start at multiples of 8 px."""

    def __init__(self, height: int, width: int) -> None:
        self.factor = next((n for n in (1, 2, 4) if max(height, width) <= n * LONGEST_SIDE), 8)
        self.size = -(-height // self.factor), -(-width // self.factor)
        self.panels: dict[str, Array] = {}

    def add(self, box: Box, tile: Decomposition, restored: Array) -> None:
        """Add a tile, and what was made of it at the strength that is asked for, (h, w, C)."""
        shown: dict[str, Array] = {
            "degraded": tile.degraded,
            "restored": restored,
            "interference": shown_interference(tile.interference),
        }
        if tile.expected_error is not None:
            error = tile.expected_error[..., None] * np.float32(ERROR_GAIN / 255)
            shown[f"expected error, {ERROR_GAIN} times"] = error
        top, _, left, _ = box
        for caption, picture in shown.items():
            small = block_means(picture, self.factor)
            panel = self.panels.setdefault(caption, np.empty((*self.size, small.shape[2]), np.float32))
            y, x = top // self.factor, left // self.factor
            panel[y : y + small.shape[0], x : x + small.shape[1]] = small

    def sheet(self) -> Array:
        """The panels side by side, (H', W', 3)."""
        return sheet(list(self.panels.items()))

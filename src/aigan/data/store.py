"""Pictures that stay resident on the training device, as uint8 in one flat buffer, and crops gathered from it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Bytes = npt.NDArray[np.uint8]

_GRAY = (0.298936021293775, 0.587043074451121, 0.114020904255103)  # as MATLAB's rgb2gray


class PictureStore:
    """N pictures (H, W, C) of different sizes, planar in one uint8 tensor."""

    def __init__(self, pictures: Sequence[Bytes], device: torch.device) -> None:
        self.channels = pictures[0].shape[2]
        self.sizes = [(picture.shape[0], picture.shape[1]) for picture in pictures]
        counts = [picture.size for picture in pictures]

        def on_device(values: Sequence[int]) -> Tensor:
            return torch.tensor(values, dtype=torch.int64, device=device)

        self._buffer = torch.empty(sum(counts), dtype=torch.uint8, device=device)
        self._offset = on_device([0, *np.cumsum(counts)[:-1].tolist()])
        self._height = on_device([height for height, _ in self.sizes])
        self._width = on_device([width for _, width in self.sizes])
        for picture, start, count in zip(pictures, self._offset.tolist(), counts, strict=True):
            planar = np.ascontiguousarray(picture.transpose(2, 0, 1)).reshape(-1)
            self._buffer[start : start + count] = torch.from_numpy(planar)

    def __len__(self) -> int:
        return len(self.sizes)

    def crops(self, picture: Tensor, place: Tensor, symmetry: Tensor, size: int) -> Tensor:
        """Square crops (B, C, size, size), float32 in [0, 1].

        `picture`: (B,) int64 in [0, N). `place`: (B, 2) in [0, 1), where between top and bottom, left and right.
        `symmetry`: (B,) int64 in [0, 8): bit 0 mirrors up-down, bit 1 left-right, bit 2 transposes.
        """
        height, width = self._height[picture], self._width[picture]
        top = (place[:, 0] * (height - size + 1)).long()
        left = (place[:, 1] * (width - size + 1)).long()
        run = torch.arange(size, device=picture.device)
        vertical, horizontal, transposed = ((symmetry >> bit & 1).bool()[:, None] for bit in range(3))
        down = top[:, None] + torch.where(vertical, size - 1 - run, run)
        right = left[:, None] + torch.where(horizontal, size - 1 - run, run)
        position = torch.where(
            transposed[:, :, None],
            down[:, None, :] * width[:, None, None] + right[:, :, None],
            down[:, :, None] * width[:, None, None] + right[:, None, :],
        )
        plane = torch.arange(self.channels, device=picture.device)[None, :] * (height * width)[:, None]
        start = self._offset[picture][:, None] + plane
        return self._buffer[start[:, :, None, None] + position[:, None]].float() / 255

    def whole(self, index: int) -> Tensor:
        """One picture in full, (1, C, H, W) float32 in [0, 1]."""
        height, width = self.sizes[index]
        start = int(self._offset[index])
        flat = self._buffer[start : start + self.channels * height * width]
        return flat.view(1, self.channels, height, width).float() / 255


def as_channels(picture: Bytes, channels: int) -> Bytes:
    """An RGB picture as it is, or its gray values (H, W, 1), as MATLAB's rgb2gray gives them."""
    if channels == picture.shape[2]:
        return picture
    gray: Bytes = np.floor(picture @ np.array(_GRAY) + 0.5).astype(np.uint8)
    return gray[..., None]


def picture_tensor(picture: Bytes, channels: int) -> Tensor:
    """uint8 (H, W, 3) -> float32 (1, channels, H, W) in [0, 1]."""
    planar = np.ascontiguousarray(as_channels(picture, channels).transpose(2, 0, 1))
    return torch.from_numpy(planar)[None].float() / 255

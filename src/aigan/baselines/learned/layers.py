"""What several of the networks are made of. Pictures and features are (B, C, H, W)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

Network = TypeVar("Network", bound=nn.Module)


class Conv(nn.Conv2d):
    """A convolution of stride 1 that keeps H and W, zeros around them; `norm`: batch normalisation behind it.

    The normalisation is there for training only: `folded` makes it part of kernel and bias, and files hold these.
    """

    def __init__(
        self, inputs: int, outputs: int, side: int = 3, *, dilation: int = 1, bias: bool = True, norm: bool = False
    ) -> None:
        padding = dilation * (side // 2)
        super().__init__(inputs, outputs, side, padding=padding, dilation=dilation, bias=bias and not norm)
        self.norm = nn.BatchNorm2d(outputs) if norm else None

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H, W)."""
        x = super().forward(x)
        return x if self.norm is None else self.norm(x)

    @torch.no_grad()
    def fold(self) -> None:
        """Multiply and shift as the normalisation does by its running statistics, and do without it."""
        norm = self.norm
        if norm is None:
            return
        assert norm.running_mean is not None
        assert norm.running_var is not None
        factor = norm.weight / (norm.running_var + norm.eps).sqrt()
        self.weight.mul_(factor[:, None, None, None])
        self.bias = nn.Parameter(norm.bias - norm.running_mean * factor)
        self.norm = None


class ConvChain(nn.Module):
    """conv1 … convN, 3×3, ReLU after all but the last; batch normalisation (`Conv`) after all but the first and it."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        last = len(widths) - 1
        for number, (inputs, outputs) in enumerate(pairwise(widths), start=1):
            self.add_module(f"conv{number}", Conv(inputs, outputs, norm=1 < number < last))

    def forward(self, x: Tensor) -> Tensor:
        """(B, widths[0], H, W) -> (B, widths[-1], H, W)."""
        *others, last = self.children()
        for conv in others:
            x = functional.relu(conv(x))
        return last(x)  # type: ignore[no-any-return]


def folded(network: Network) -> Network:
    """The network itself, as it is used: without batch normalisation behind convolutions, in evaluation mode."""
    for module in network.modules():
        if isinstance(module, Conv):
            module.fold()
    return network.eval()


def mirrored(x: Tensor, before: int, after: int, *, edge_twice: bool) -> Tensor:
    """Pad both H and W, whatever their size, by the picture's mirror image, in which the edge is repeated or not."""
    for dim in (-2, -1):
        size = x.shape[dim]
        period = 2 * size if edge_twice else max(2 * size - 2, 1)
        position = torch.arange(-before, size + after, device=x.device) % period
        x = x.index_select(dim, torch.minimum(position, period - edge_twice - position))
    return x


def luminance(rgb: Tensor) -> Tensor:
    """(B, 3, H, W) -> (B, 1, H, W), ITU-R BT.601."""
    return (rgb * rgb.new_tensor([0.2989, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)

"""Picture networks: their configuration, the presets and sizes, and how a network is built from them.

`paper` follows the text: two full decoders, fusion by the mean. `plus` is what trials showed to pay: the decoders'
common work is done once, in the encoder (a trunk), the decoders are heads, small generators correct their input.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, cast

import msgspec
import torch
from torch import Tensor, nn

from aigan.network import parts
from aigan.network.reach import Reach, union
from aigan.network.topology import AIGAN, Estimates, Fusion

Width = Annotated[int, msgspec.Meta(ge=1, le=1024)]
Count = Annotated[int, msgspec.Meta(ge=0, le=64)]

KINDS_OF_CONVOLUTION = nn.Conv2d, nn.ConvTranspose2d


class NetworkConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that rebuilds a network; it lies in the header of its weights."""

    channels: Literal[1, 3] = 3
    widths: Annotated[tuple[Width, ...], msgspec.Meta(min_length=1, max_length=6)] = (32, 64, 128)
    encode_blocks: tuple[Count, ...] = (2, 2, 3)  # residual blocks a level on the way down, the finest level first
    decode_blocks: tuple[Count, ...] = (2, 1)  # and on the way up
    common_trunk: bool = True  # the way up belongs to e, d_O and d_T are heads; else each decoder has its own
    generator_width: Width = 16
    generator_features: bool = False  # G sees the trunk's features, at half resolution
    fusion: Fusion = "step2"
    branches: Literal[1, 2] = 2  # 1: S-GAN
    exchange: bool = True  # False: D-GAN
    smooth: bool = False  # the way up is smoothed: no boxes, where a network sees far and there is little to see

    def __post_init__(self) -> None:
        if not len(self.widths) == len(self.encode_blocks) == len(self.decode_blocks) + 1:
            raise ValueError("a network needs one count of encode_blocks a width and one of decode_blocks less")
        if self.generator_features and not self.common_trunk:
            raise ValueError("generator_features needs the features of a common_trunk")


# thousands of multiply-accumulates a pixel (ỹ_T left out): plus 51, 112, 406; paper 48, 104, 393
PRESETS: dict[str, NetworkConfig] = {
    "plus-s": NetworkConfig(),
    "plus-m": NetworkConfig(widths=(48, 96, 192), generator_width=16),
    "plus-l": NetworkConfig(widths=(80, 160, 256), encode_blocks=(3, 3, 4), decode_blocks=(3, 2)),
    "paper-s": NetworkConfig(encode_blocks=(1, 2, 2), decode_blocks=(1, 1), common_trunk=False, fusion="mean"),
    "paper-m": NetworkConfig(
        widths=(48, 96, 192), encode_blocks=(1, 2, 2), decode_blocks=(1, 1), common_trunk=False, fusion="mean"
    ),
    "paper-l": NetworkConfig(
        widths=(80, 160, 256), encode_blocks=(2, 3, 3), decode_blocks=(2, 1), common_trunk=False, fusion="mean"
    ),
}


class PictureAIGAN(AIGAN):
    """AI-GAN on pictures (B, C, H, W) in [0, 1], any H, W ≥ 1: padded by reflection to the stride, and cut."""

    def __init__(self, config: NetworkConfig) -> None:
        torso, d_O, d_T = _encoder_and_decoders(config)
        two = config.branches == 2
        super().__init__(
            e=torso,
            d_O=d_O,
            G_O=_generator(config),
            d_T=d_T if two else None,
            G_T=_generator(config) if two else None,
            exchange=config.exchange,
            fusion=parts.LearnedFusion(config.channels) if config.fusion == "learned" else config.fusion,
        )
        self.config = config
        self.multiple_of = 2 ** len(config.widths)

    def forward(self, I: Tensor, *, interference: bool = True) -> Estimates:
        """Decompose I; see `AIGAN.forward`."""
        height, width = I.shape[-2:]
        estimates = super().forward(pad_by_reflection(I, self.multiple_of), interference=interference)
        return Estimates(*(None if y is None else y[..., :height, :width] for y in estimates))  # type: ignore[arg-type]

    @property
    def receptive_radius_px(self) -> int:
        """No pixel farther away changes a result: G of step 2 on what the other branch's step 1 leaves."""
        e, d_O, d_T, G_O, G_T = (cast("Any", part) for part in (self.e, self.d_O, self.d_T, self.G_O, self.G_T))
        features = e.reach(Reach())
        result: Reach = G_O.reach(d_O.reach(features), features)
        if G_T is not None:
            result = union(result, G_T.reach(d_T.reach(features), features))
        if G_T is not None and self.exchange:
            result = union(G_O.reach(result, features), G_T.reach(result, features))
        if isinstance(self.fusion, parts.LearnedFusion):
            result = self.fusion.reach(result)
        return result.radius


def build(config: NetworkConfig) -> PictureAIGAN:
    """A network with fresh weights, from torch's global generator."""
    return PictureAIGAN(config)


def pad_by_reflection(pictures: Tensor, multiple: int) -> Tensor:
    """Pad (..., H, W) below and right to multiples of `multiple`: mirrored, the edge once, however small H and W.

    Indices instead of torch's own reflection, which needs sides larger than the padding.
    """
    for dim in (-2, -1):
        size = pictures.shape[dim]
        padded = (size + multiple - 1) // multiple * multiple
        last = torch.arange(size, device=pictures.device)[-1:]  # a tensor, for the exporter
        period = (2 * last).clamp(min=1)
        position = torch.arange(padded, device=pictures.device) % period
        pictures = pictures.index_select(dim, torch.minimum(position, period - position).minimum(last))
    return pictures


def parameters_of(network: nn.Module) -> int:
    """How many numbers are learned."""
    return sum(parameter.numel() for parameter in network.parameters())


def macs_per_pixel(network: PictureAIGAN) -> float:
    """Multiply-accumulates a pixel of inference: e, d_O, d_T, two passes of G_O, one of G_T; convolutions only."""
    side = 2 * network.multiple_of
    parameter = next(network.parameters())
    picture = parameter.new_zeros(1, network.config.channels, side, side)
    macs = macs_of(network, lambda: network.fuse(picture, network(picture, interference=False)))
    return float(macs / side**2)


def macs_of(network: nn.Module, run: Callable[[], object]) -> int:
    """Multiply-accumulates of the network's convolutions while `run` runs it."""
    total: int = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        assert isinstance(module, KINDS_OF_CONVOLUTION)
        applied = inputs[0] if isinstance(module, nn.ConvTranspose2d) else output
        total += applied.numel() * module.weight[0].numel()

    hooks = [
        module.register_forward_hook(count) for module in network.modules() if isinstance(module, KINDS_OF_CONVOLUTION)
    ]
    with torch.inference_mode():
        run()
    for hook in hooks:
        hook.remove()
    return total


def _encoder_and_decoders(config: NetworkConfig) -> tuple[nn.Module, nn.Module, nn.Module]:
    c, widths = config.channels, config.widths
    if config.common_trunk:
        trunk = parts.Trunk(c, widths, config.encode_blocks, config.decode_blocks, smooth=config.smooth)
        return trunk, parts.Head(widths[0], c, adds_picture=True), parts.Head(widths[0], c, adds_picture=False)
    descent = parts.Descent(c, widths, config.encode_blocks)
    return descent, *(  # type: ignore[return-value]
        parts.Decoder(widths, config.decode_blocks, c, smooth=config.smooth) for _ in range(2)
    )


def _generator(config: NetworkConfig) -> nn.Module:
    if config.generator_features:
        return parts.FeatureGenerator(config.channels, config.generator_width, config.widths[0])
    return parts.Generator(config.channels, config.generator_width)

"""Equations (1) to (3), the fusion and the ablations, checked by hand on parts that are simple functions."""

import msgspec
import pytest
import torch
from torch import Tensor, nn

from aigan.network.parts import Smooth
from aigan.network.presets import PRESETS, NetworkConfig, build
from aigan.network.topology import AIGAN, Estimates

SMALL = NetworkConfig(widths=(4, 6, 8), encode_blocks=(1, 1, 1), decode_blocks=(1, 1), generator_width=4)


class Encoder(nn.Module):
    def forward(self, I: Tensor) -> tuple[Tensor, ...]:
        return (I, 2 * I)


class Decoder(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, features: tuple[Tensor, ...]) -> Tensor:
        return self.factor * features[-1]


class Generator(nn.Module):
    def __init__(self, shift: float) -> None:
        super().__init__()
        self.shift, self.calls = shift, 0

    def forward(self, x: Tensor, features: tuple[Tensor, ...]) -> Tensor:
        self.calls += 1
        return x * x + self.shift


def make(**options: object) -> AIGAN:
    parts = {"e": Encoder(), "d_O": Decoder(0.3), "d_T": Decoder(0.1), "G_O": Generator(1.0), "G_T": Generator(-1.0)}
    return AIGAN(**{**parts, **options})  # type: ignore[arg-type]


I = torch.linspace(-1, 1, 8).reshape(2, 4)


def test_the_two_steps_are_equations_1_to_3() -> None:
    yhat_O, yhat_T, ytilde_O, ytilde_T = make()(I)
    x_O, x_T = 0.3 * 2 * I, 0.1 * 2 * I
    torch.testing.assert_close(yhat_O, x_O**2 + 1)
    torch.testing.assert_close(yhat_T, x_T**2 - 1)
    torch.testing.assert_close(ytilde_O, (I - (x_T**2 - 1)) ** 2 + 1)
    torch.testing.assert_close(ytilde_T, (I - (x_O**2 + 1)) ** 2 - 1)


def test_ytilde_T_is_skipped_when_only_the_original_is_asked_for() -> None:
    network = make()
    estimates = network(I, interference=False)
    assert estimates.ytilde_T is None
    assert (network.G_O.calls, network.G_T.calls) == (2, 1)
    torch.testing.assert_close(network.fuse(I, estimates)[0], make().fuse(I, make()(I))[0])


def test_fusion_rules() -> None:
    e = Estimates(*(torch.full((1, 1, 2, 2), v) for v in (1.0, 2.0, 3.0, 4.0)))
    picture = torch.full((1, 1, 2, 2), 9.0)
    assert [t.mean().item() for t in make(fusion="mean").fuse(picture, e)] == [2.0, 3.0]
    assert [t.mean().item() for t in make(fusion="step2").fuse(picture, e)] == [3.0, 4.0]
    learned = make(fusion=nn.Conv2d(3, 1, 1))
    O, T = learned.fuse(picture, e)
    torch.testing.assert_close(O, learned.fusion(torch.cat([e.yhat_O, e.ytilde_O, picture - e.yhat_T], 1)))
    torch.testing.assert_close(O + T, picture)


def test_s_gan_and_d_gan_are_the_same_code_with_parts_left_out() -> None:
    whole = make()(I)
    single = make(d_T=None, G_T=None)
    assert single(I)[1:] == (None, None, None)
    torch.testing.assert_close(single(I).yhat_O, whole.yhat_O)
    O, T = single.fuse(I, single(I))
    torch.testing.assert_close(O + T, I)
    double = make(exchange=False)
    assert double(I)[2:] == (None, None)
    assert (double.G_O.calls, double.G_T.calls) == (1, 1)
    torch.testing.assert_close(double.fuse(I, double(I))[1], whole.yhat_T)


@pytest.mark.parametrize("common_trunk", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3), (8, 8), (13, 21), (24, 7)])
def test_any_height_and_width(size: tuple[int, int], channels: int, common_trunk: bool) -> None:
    network = build(msgspec.structs.replace(SMALL, channels=channels, common_trunk=common_trunk, fusion="mean"))
    picture = torch.rand(2, channels, *size)
    for estimate in (*network(picture), *network.fuse(picture, network(picture))):
        assert estimate.shape == picture.shape
        assert torch.isfinite(estimate).all()


def test_smoothed_cells_leave_no_edges() -> None:
    torch.manual_seed(0)
    cells = torch.rand(1, 2, 6, 6).repeat_interleave(2, 2).repeat_interleave(2, 3)
    for dim in (2, 3):
        assert Smooth(2)(cells).diff(dim=dim).abs().max() < 0.51 * cells.diff(dim=dim).abs().max()
    torch.testing.assert_close(Smooth(2)(torch.full((1, 2, 5, 7), 0.3)), torch.full((1, 2, 5, 7), 0.3))
    ramp = torch.arange(8.0).expand(1, 2, 8, 8)
    torch.testing.assert_close(Smooth(2)(ramp)[..., 1:-1], ramp[..., 1:-1])


def test_padding_by_reflection_equals_torchs_where_torchs_is_defined() -> None:
    from aigan.network.presets import pad_by_reflection

    picture = torch.rand(1, 3, 13, 21)
    torch.testing.assert_close(pad_by_reflection(picture, 8), nn.functional.pad(picture, (0, 3, 0, 3), mode="reflect"))
    assert pad_by_reflection(torch.arange(3.0).view(1, 1, 1, 3), 8)[0, 0, 0].tolist() == [0, 1, 2, 1, 0, 1, 2, 1]


@pytest.mark.parametrize(("name", "limit"), [("s", 55), ("m", 140), ("l", 500)])
@pytest.mark.parametrize("preset", ["plus", "paper"])
def test_sizes_keep_their_cost(preset: str, name: str, limit: int) -> None:
    from aigan.network.presets import macs_per_pixel

    with torch.device("meta"):
        network = build(PRESETS[f"{preset}-{name}"])
    assert limit / 2 < macs_per_pixel(network) / 1000 <= limit


def test_macs_of_plus_s_counted_by_hand() -> None:
    from aigan.network.presets import macs_per_pixel

    block32, block64, block128 = 2 * 9 * 32**2 / 4, 2 * 9 * 64**2 / 16, 2 * 9 * 128**2 / 64
    down = 16 * 3 * 32 / 4 + 2 * block32 + 4 * 32 * 64 / 16 + 2 * block64 + 4 * 64 * 128 / 64 + 3 * block128
    up = 128 * 256 / 64 + block64 + 64 * 128 / 16 + 2 * block32
    heads, generators = 2 * 32 * 12 / 4, 3 * (2 * 27 * 16)
    assert macs_per_pixel(build(PRESETS["plus-s"])) == down + up + heads + generators


def changed(config: NetworkConfig, **changes: object) -> NetworkConfig:
    return msgspec.structs.replace(config, **changes)


SHAPES = [
    SMALL,
    changed(SMALL, common_trunk=False),
    changed(SMALL, smooth=True),
    changed(SMALL, smooth=True, common_trunk=False),
    changed(SMALL, generator_features=True, fusion="learned"),
    changed(SMALL, widths=(4, 6), encode_blocks=(1, 2), decode_blocks=(1,), exchange=False),
    changed(SMALL, widths=(4,), encode_blocks=(1,), decode_blocks=(), branches=1),
]


@pytest.mark.parametrize("config", SHAPES)
def test_nothing_farther_than_the_receptive_radius_changes(config: NetworkConfig) -> None:
    torch.manual_seed(0)
    network = build(config).double()
    radius = network.receptive_radius_px
    side, place = 2 * radius + 32, radius + 13
    picture = torch.rand(1, 3, side, side, dtype=torch.float64)
    other = picture.clone()
    other[..., place, place] += 1
    for old, new in zip(network.fuse(picture, network(picture)), network.fuse(other, network(other)), strict=True):
        rows, columns = ((old - new).abs().sum(1)[0] > 0).nonzero().T
        assert len(rows) > 1
        assert max((rows - place).abs().max(), (columns - place).abs().max()) <= radius


@pytest.mark.parametrize("config", SHAPES)
def test_the_receptive_radius_is_no_larger_than_it_must_be(config: NetworkConfig) -> None:
    network = build(config).double()
    for name, parameter in network.named_parameters():  # positive, and ŷ_T small: no path cancels, no ReLU closes
        parameter.data.abs_().add_(0.01).mul_(1e-9 if name.startswith(("d_T.head", "G_T")) else 1)
    radius, stride = network.receptive_radius_px, network.multiple_of
    side = -(-(2 * radius + 3 * stride) // stride) * stride
    reached = 0
    for place in range(side // 2, side // 2 + stride):
        picture = torch.rand(1, 3, side, side, dtype=torch.float64, requires_grad=True)
        O, _ = network.fuse(picture, network(picture))
        (gradient,) = torch.autograd.grad(O[..., place, place].sum(), picture)
        rows, columns = (gradient.abs().sum(1)[0] > 0).nonzero().T
        reached = max(reached, int((rows - place).abs().max()), int((columns - place).abs().max()))
    assert reached == radius

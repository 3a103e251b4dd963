"""The measured halo is enough, and no larger than the receptive radius."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from aigan.decomposition import ModelSpec
from aigan.errors import AiganError
from aigan.network import weights
from aigan.network.presets import NetworkConfig, PictureAIGAN, build
from aigan.training.halo import TOLERANCE, measure_halo, store_halo

CONFIG = NetworkConfig(widths=(4, 6), encode_blocks=(1, 1), decode_blocks=(1,), generator_width=4)


def network(gain: float) -> PictureAIGAN:
    """How far it looks in effect depends on the gain of its kernels."""
    torch.manual_seed(0)
    net = build(CONFIG).eval()
    for parameter in net.parameters():
        parameter.data.mul_(gain)
    return net


def tiled(net: PictureAIGAN, picture: torch.Tensor, halo: int) -> float:
    with torch.inference_mode():
        whole = net.fuse(picture, net(picture))[0]
        part = picture[..., 128 - halo : 128 + 32 + halo, 128 - halo : 128 + 32 + halo]
        tile = net.fuse(part, net(part))[0][..., halo : halo + 32, halo : halo + 32]
    return float((tile - whole[..., 128:160, 128:160]).abs().max())


@pytest.mark.parametrize("gain", [0.3, 1.5])
def test_tiles_with_the_measured_halo_are_close_to_the_whole(gain: float) -> None:
    net = network(gain)
    pictures = [torch.rand(1, 3, 288, 288, generator=torch.Generator().manual_seed(seed)) for seed in range(2)]
    halo = measure_halo(net, pictures[:1])
    assert halo % net.multiple_of == 0
    assert halo <= -(-net.receptive_radius_px // net.multiple_of) * net.multiple_of
    assert tiled(net, pictures[1], halo) < TOLERANCE


def test_a_network_that_hardly_looks_around_needs_less() -> None:
    picture = torch.rand(1, 3, 288, 288, generator=torch.Generator().manual_seed(0))
    assert measure_halo(network(0.3), [picture]) < measure_halo(network(1.5), [picture])


def test_the_halo_goes_into_the_header(tmp_path: Path) -> None:
    path = tmp_path / "tiny.safetensors"
    weights.save(path, network(0.3), ModelSpec(name="tiny", task="denoise", channels=3, halo_px=99))
    (tmp_path / "pictures").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (260, 270, 3), dtype=np.uint8)
    Image.fromarray(pixels[:140]).save(tmp_path / "pictures" / "small.png")
    with pytest.raises(AiganError, match="no pictures of 256 px a side"):  # no tile's border lies in it
        store_halo(path, tmp_path / "pictures")
    Image.fromarray(pixels).save(tmp_path / "pictures" / "one.png")
    halo = store_halo(path, tmp_path / "pictures")
    assert 0 < weights.load(path)[1].halo_px == halo < 99

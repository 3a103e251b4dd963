"""The starting weights give the figures of their README: held against a second implementation of its wiring."""

from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from aigan.network.start import load_start
from aigan.training.validation import psnr, restored

SHARED = Path(__file__).parents[3] / "shared"
START = SHARED / "weights" / "start"
pytestmark = pytest.mark.skipif(not START.is_dir(), reason="../shared is not there")


class Wiring:
    """The README's wiring, written down function by function with the file's own keys."""

    def __init__(self, path: Path) -> None:
        self.w = {name: tensor.float() for name, tensor in safetensors.torch.load_file(path).items()}

    def conv(self, x: Tensor, name: str, stride: int = 1, padding: int = 0) -> Tensor:
        return functional.conv2d(x, self.w[f"{name}.weight"], self.w[f"{name}.bias"], stride=stride, padding=padding)

    def blocks(self, x: Tensor, name: str, count: int) -> Tensor:
        for number in range(count):
            inner = functional.relu(self.conv(x, f"{name}.{number}.conv1", padding=1))
            x = x + self.conv(inner, f"{name}.{number}.conv2", padding=1)
        return x

    def G(self, x: Tensor, name: str) -> Tensor:
        return x + self.conv(functional.relu(self.conv(x, f"{name}.conv1", padding=1)), f"{name}.conv2", padding=1)

    def __call__(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        height, width = picture.shape[-2:]
        I = functional.pad(picture, (0, -width % 8, 0, -height % 8), mode="reflect")
        skip0 = self.blocks(self.conv(I, "encoder.stem", 2, 1), "encoder.encode.0", 2)
        skip1 = self.blocks(self.conv(skip0, "encoder.down.0", 2), "encoder.encode.1", 2)
        x = self.blocks(self.conv(skip1, "encoder.down.1", 2), "encoder.encode.2", 3)
        x = self.blocks(functional.pixel_shuffle(self.conv(x, "encoder.up.1"), 2) + skip1, "encoder.decode.1", 1)
        F = self.blocks(functional.pixel_shuffle(self.conv(x, "encoder.up.0"), 2) + skip0, "encoder.decode.0", 2)
        yhat_O = self.G(I + functional.pixel_shuffle(self.conv(F, "d_O"), 2), "G_O")
        yhat_T = self.G(functional.pixel_shuffle(self.conv(F, "d_T"), 2), "G_T")
        ytilde_O, ytilde_T = self.G(I - yhat_T, "G_O"), self.G(I - yhat_O, "G_T")
        return ytilde_O[..., :height, :width], ytilde_T[..., :height, :width]


def cbsd68(name: str) -> Tensor:
    pixels = np.asarray(Image.open(SHARED / "data" / "bsds500" / "val" / name))
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255


@pytest.mark.parametrize("name", ["noise_s", "rain_s", "haze_s", "rain_light_s"])
def test_the_wiring_is_the_readmes(name: str) -> None:
    picture = torch.rand(1, 3, 45, 70, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        ours = restored(load_start(START / f"{name}.safetensors"), picture, picture)
        theirs = Wiring(START / f"{name}.safetensors")(picture)
    for one, other in zip(ours, theirs, strict=True):
        assert (one - other).abs().max() < 1e-5


# pictures 1, 2 and 3 of CBSD68, noise of numpy's default_rng((0, number)): PSNR by the second implementation
@pytest.mark.parametrize(("number", "name"), list(enumerate(["101085.jpg", "101087.jpg", "102061.jpg"])))
def test_noise_s_reaches_the_second_implementations_figures(number: int, name: str) -> None:
    clean = cbsd68(name)
    noise = np.random.default_rng((0, number)).standard_normal(tuple(clean.shape), dtype=np.float32)
    noisy = clean + 25 / 255 * torch.from_numpy(noise)
    with torch.inference_mode():
        ours = psnr(restored(load_start(START / "noise_s.safetensors"), noisy, clean)[0], clean)
        theirs = psnr(Wiring(START / "noise_s.safetensors")(noisy)[0], clean)
    assert ours == pytest.approx(theirs, abs=0.03)
    assert ours > psnr(noisy, clean) + 6


def test_noise_l_sees_features_and_fuses_by_learning() -> None:
    network = load_start(START / "noise_l.safetensors")
    clean = cbsd68("101085.jpg")[..., 100:228, 100:228]
    noise = np.random.default_rng(0).standard_normal(tuple(clean.shape), dtype=np.float32)
    noisy = clean + 25 / 255 * torch.from_numpy(noise)
    with torch.inference_mode():
        large, small = (
            psnr(restored(net, noisy, clean)[0], clean) for net in (network, load_start(START / "noise_s.safetensors"))
        )
    assert large > small

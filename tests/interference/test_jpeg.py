import io

import numpy as np
import pytest
from PIL import Image
from skimage import data

from aigan.interference.jpeg import jpeg

PICTURE = data.astronaut()[100:197, 150:283]  # odd sizes


def ours(picture: np.ndarray, quality: float, *, halved: bool) -> np.ndarray:
    batch = np.moveaxis(picture.reshape(*picture.shape[:2], -1), -1, 0)[None].astype(np.float32) / 255
    decoded = jpeg(batch, quality=np.array([quality], np.float32), halved=np.array([halved]))
    return np.rint(255 * np.moveaxis(decoded[0], 0, -1))


def pillows(picture: np.ndarray, quality: int, *, halved: bool) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "jpeg", quality=quality, subsampling=2 if halved else 0)
    decoded = np.asarray(Image.open(file)).astype(float)
    return decoded.reshape(*decoded.shape[:2], -1)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((a - b) ** 2)))


@pytest.mark.parametrize("halved", [False, True])
@pytest.mark.parametrize("quality", [20, 50, 75, 95])
def test_the_loss_is_that_of_a_real_coder(quality: int, halved: bool) -> None:
    real = pillows(PICTURE, quality, halved=halved)
    mine = ours(PICTURE, quality, halved=halved)
    assert psnr(mine, real) > 46
    assert psnr(mine, PICTURE) == pytest.approx(psnr(real, PICTURE), abs=0.2)


def test_gray_pictures_are_coded_like_libjpegs() -> None:
    gray = np.asarray(Image.fromarray(PICTURE).convert("L"))
    assert psnr(ours(gray, 75, halved=True), pillows(gray, 75, halved=False)) > 50


def test_a_higher_quality_loses_less() -> None:
    losses = [psnr(ours(PICTURE, quality, halved=False), PICTURE) for quality in (5, 30, 60, 90, 100)]
    assert losses == sorted(losses)
    assert losses[-1] > 45


def test_quality_and_chroma_are_chosen_for_each_picture() -> None:
    batch = np.broadcast_to(np.moveaxis(PICTURE, -1, 0), (2, 3, *PICTURE.shape[:2])).astype(np.float32) / 255
    both = jpeg(batch, quality=np.array([30, 90], np.float32), halved=np.array([True, False]))
    for row, (quality, halved) in enumerate([(30, True), (90, False)]):
        assert np.array_equal(np.rint(255 * np.moveaxis(both[row], 0, -1)), ours(PICTURE, quality, halved=halved))

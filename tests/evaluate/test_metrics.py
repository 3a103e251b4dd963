from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import convolve2d
from skimage.color import rgb2ycbcr
from skimage.data import astronaut, camera
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from aigan.evaluate.metrics import WINDOW, luma, psnr, ssim

Levels = npt.NDArray[np.float64]


def pair(channels: int) -> tuple[Levels, Levels]:
    """(noisy, unclipped, and clean), 60×80."""
    picture = astronaut() if channels == 3 else camera()[..., None]
    clean = picture[100:160, 200:280].astype(np.float64)
    return clean + np.random.default_rng(channels).normal(0, 20, clean.shape), clean


@pytest.mark.parametrize("channels", [1, 3])
def test_agree_with_scikit_image(channels: int) -> None:
    noisy, clean = pair(channels)
    assert psnr(noisy, clean) == pytest.approx(peak_signal_noise_ratio(clean, noisy, data_range=255), abs=1e-6)
    wang = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    assert ssim(noisy, clean) == pytest.approx(structural_similarity(clean, noisy, channel_axis=2, **wang), abs=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_agree_with_torchmetrics(channels: int) -> None:
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("torchmetrics.functional.image")
    noisy, clean = pair(channels)
    batch = [torch.from_numpy(picture.transpose(2, 0, 1)[None]) for picture in (noisy, clean)]
    theirs = functional.peak_signal_noise_ratio(*batch, data_range=255.0)
    assert psnr(noisy, clean) == pytest.approx(theirs.item(), abs=1e-6)
    _, of_windows = functional.structural_similarity_index_measure(*batch, data_range=255.0, return_full_image=True)
    valid = of_windows[..., 5:-5, 5:-5]  # they mirror the picture at its border and count those windows as well
    assert ssim(noisy, clean) == pytest.approx(valid.mean().item(), abs=1e-6)


def test_ssim_is_that_of_the_authors_matlab_code() -> None:
    """ssim_index.m: a 2-D window by fspecial('gaussian', 11, 1.5), filter2(..., 'valid')."""
    x, y = np.mgrid[-5:6, -5:6]
    window = np.exp(-(x**2 + y**2) / (2 * 1.5**2))
    window /= window.sum()

    def filter2(image: Levels) -> Levels:
        return convolve2d(image, window, mode="valid")

    img1, img2 = (picture[..., 0] for picture in pair(1))
    mu1, mu2 = filter2(img1), filter2(img2)
    sigma1_sq, sigma2_sq = filter2(img1**2) - mu1**2, filter2(img2**2) - mu2**2
    sigma12 = filter2(img1 * img2) - mu1 * mu2
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    ssim_map = ((2 * mu1 * mu2 + c1) * (2 * sigma12 + c2)) / ((mu1**2 + mu2**2 + c1) * (sigma1_sq + sigma2_sq + c2))
    assert ssim(img1[..., None], img2[..., None]) == pytest.approx(ssim_map.mean(), abs=1e-9)


def test_luma_is_matlabs() -> None:
    """rgb2ycbcr(uint8([r g b])) as MATLAB prints it: its Y, which is rounded there."""
    colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0], [128, 128, 128]]
    y = luma(np.array([colours], np.uint8))
    assert y.shape == (1, 6, 1)
    assert np.round(y[0, :, 0]).tolist() == [81, 145, 41, 235, 16, 126]
    noisy, _ = pair(3)
    assert np.allclose(luma(noisy)[..., 0], rgb2ycbcr(noisy / 255)[..., 0], atol=1e-9)


def test_bytes_do_not_wrap_around() -> None:
    dark, bright = np.zeros((16, 16, 3), np.uint8), np.full((16, 16, 3), 5, np.uint8)
    assert psnr(dark, bright) == pytest.approx(20 * math.log10(255 / 5))
    assert psnr(dark, bright) == psnr(bright, dark)
    assert psnr(luma(dark), luma(bright)) == pytest.approx(20 * math.log10(255 / (5 * 219 / 255)))
    assert ssim(dark, bright) == pytest.approx((0.01 * 255) ** 2 / (25 + (0.01 * 255) ** 2))


def test_equal_pictures() -> None:
    clean = pair(3)[1]
    assert psnr(clean, clean) == math.inf
    assert ssim(clean, clean) == pytest.approx(1)
    smallest = clean[:WINDOW, :WINDOW]
    assert ssim(smallest, smallest) == pytest.approx(1)

from __future__ import annotations

import os
import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aigan.data.folders import Pair
from aigan.data.layouts import PUBLISHED
from aigan.data.test_scenes import BENCHMARKS as KNOWN_SCENES
from aigan.errors import AiganError
from aigan.evaluate.benchmarks import BENCHMARKS, find_benchmark, own_benchmark, read_samples
from aigan.evaluate.metrics import luma, psnr

Save = Callable[..., Path]  # of conftest.py

# Of the degraded inputs, as published or agreed: PSNR on RGB or gray, PSNR on Y
INPUTS = {
    "bsd68": (20.17, None),
    "rain100l": (25.52, 26.90),
    "rain100h": (12.13, 13.55),
    "reside-outdoor": (15.32, None),
    "reside-indoor": (12.48, None),
    "polyu": (36.44, None),
}


def test_each_benchmark_is_of_a_published_set_whose_scenes_are_known() -> None:
    for benchmark in BENCHMARKS:
        assert benchmark.published in {one.name for one in PUBLISHED}
        assert benchmark.name in KNOWN_SCENES


def test_what_is_missing_is_said(save: Save, tmp_path: Path) -> None:
    with pytest.raises(AiganError, match=r"set12 holds 0 of 12 .*clean pictures in one folder.*Zhang.*cszn/DnCNN$"):
        find_benchmark("set12").pairs(tmp_path)
    save("rain100l/rainy/rain-001.png")
    save("rain100l/clean/rain-001.png")
    save("rain100l/clean/rain-002.png")
    with pytest.raises(AiganError, match=r"rain100l holds 1 of 100 .*NAME in rainy/.*csdwren/PReNet$"):
        find_benchmark("rain100l").pairs(tmp_path)
    with pytest.raises(AiganError, match="no benchmark rain12: take one of bsd68"):
        find_benchmark("rain12")


def test_a_complete_set_is_found_in_name_order(save: Save, tmp_path: Path) -> None:
    for number in range(12, 0, -1):
        save(f"set12/{number:02}.png", gray=True)
    pairs = find_benchmark("set12").pairs(tmp_path)
    assert [pair.name for pair in pairs] == [f"{number:02}" for number in range(1, 13)]


def test_noise_depends_on_seed_and_place_alone(save: Save) -> None:
    pairs = [Pair(name, clean=save(name, seed=seed)) for seed, name in enumerate(("a.png", "b.png"))]
    benchmark = find_benchmark("cbsd68")
    _, b = read_samples(benchmark, pairs, sigma_255=51, seed=7)
    clean = np.asarray(Image.open(pairs[1].clean))
    noise = np.random.default_rng((7, 1)).standard_normal((3, 32, 40), dtype=np.float32)
    assert np.array_equal(b.clean, clean)
    assert np.allclose(b.degraded, clean / 255 + 0.2 * noise.transpose(1, 2, 0), atol=1e-6)
    assert b.degraded.min() < 0  # not clipped


def test_pairs_come_as_they_are(save: Save, tmp_path: Path) -> None:
    rainy, clean = save("rainy/1.png", seed=1), save("clean/1.png", seed=2)
    benchmark, pairs = own_benchmark(tmp_path / "clean", tmp_path / "rainy")
    (sample,) = read_samples(benchmark, pairs, sigma_255=25, seed=0)
    assert (benchmark.degraded, benchmark.measured_on) == ("as given", "RGB")
    assert np.array_equal(np.round(sample.degraded * 255), np.asarray(Image.open(rainy)))
    assert np.array_equal(sample.clean, np.asarray(Image.open(clean)))


def test_gray_pictures_stay_gray(save: Save, tmp_path: Path) -> None:
    path = save("clean/1.png", gray=True)
    benchmark, pairs = own_benchmark(tmp_path / "clean", None)
    (sample,) = read_samples(benchmark, pairs, sigma_255=0, seed=0)
    assert (benchmark.degraded, benchmark.measured_on) == ("noise", "gray")
    assert np.array_equal(sample.clean[..., 0], np.asarray(Image.open(path)))
    assert sample.degraded.shape == (32, 40, 1)


def test_colour_among_gray_and_too_small_are_named(save: Save) -> None:
    colour = Pair("a", clean=save("a.png"))
    with pytest.raises(AiganError, match=r"a\.png is in colour among the gray pictures of bsd68"):
        next(read_samples(find_benchmark("bsd68"), [colour], sigma_255=25, seed=0))
    hazy = Pair("c", clean=save("gray.png", gray=True), degraded=save("hazy.png"))
    with pytest.raises(AiganError, match=r"hazy\.png is in colour"):
        next(read_samples(find_benchmark("bsd68"), [hazy], sigma_255=25, seed=0))
    small = Pair("b", clean=save("b.png", size=(40, 10)))
    with pytest.raises(AiganError, match=r"b\.png is smaller than 11×11"):
        next(read_samples(find_benchmark("cbsd68"), [small], sigma_255=25, seed=0))


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(AiganError, match="holds no pictures"):
        own_benchmark(tmp_path, None)


def test_ybsd68_is_the_luma_of_the_colour_originals(save: Save) -> None:
    pair = Pair("a", clean=save("a.png"))
    benchmark = find_benchmark("ybsd68")
    assert benchmark.scenes == {"ybsd68", "cbsd68"}
    (sample,) = read_samples(benchmark, [pair], sigma_255=0, seed=0)
    y = luma(np.asarray(Image.open(pair.clean)))
    assert np.array_equal(sample.clean, np.round(y))
    assert np.array_equal(np.round(sample.degraded * 255), np.round(y))


@pytest.mark.parametrize("name", INPUTS)
def test_inputs_have_the_known_figures(name: str) -> None:
    benchmark = find_benchmark(name)
    data = Path(os.environ.get("AIGAN_DATA", "."))
    if not (data / name).is_dir():
        pytest.skip(f"no {name}/ in AIGAN_DATA")
    samples = read_samples(benchmark, benchmark.pairs(data), sigma_255=25, seed=0)
    pictures = [(255 * sample.degraded, sample.clean) for sample in samples]
    known, known_y = INPUTS[name]
    assert statistics.fmean(psnr(*both) for both in pictures) == pytest.approx(known, abs=0.02)
    if known_y:
        assert statistics.fmean(psnr(*map(luma, both)) for both in pictures) == pytest.approx(known_y, abs=0.02)

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aigan.decomposition import ModelSpec
from aigan.errors import AiganError, UsageError
from aigan.evaluate import measure
from aigan.evaluate.measure import evaluate
from aigan.evaluate.metrics import luma, psnr, ssim
from aigan.restore.untouched import Untouched

Save = Callable[..., Path]  # of conftest.py
NetworkFile = Callable[..., Path]


def levels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path), np.float64)


def blurred(picture: np.ndarray) -> np.ndarray:
    """What the network "blur" of tests/conftest.py gives, clipped and rounded: half the picture, half its 3×3 mean."""
    rows, columns = picture.shape[:2]
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)))
    mean = sum(padded[i : i + rows, j : j + columns] for i in range(3) for j in range(3)) / 9
    return np.round((picture / 2 + mean / 2).clip(0, 255))


@pytest.fixture
def pairs(save: Save, tmp_path: Path) -> tuple[Path, Path]:
    """Folders (degraded, clean) of two pairs."""
    for seed, name in enumerate(("a.png", "b.png")):
        save(f"hazy/{name}", seed=seed + 5)
        save(f"clean/{name}", seed=seed)
    return tmp_path / "hazy", tmp_path / "clean"


def test_input_is_measured_as_it_is(pairs: tuple[Path, Path]) -> None:
    degraded, clean = pairs
    done: list[tuple[int, int]] = []
    result = evaluate(
        "input", "folder", clean=clean, degraded=degraded, on_progress=lambda *counts: done.append(counts)
    )
    assert (result.model, result.benchmark, result.n) == ("input", "folder", 2)
    assert [item.name for item in result.items] == ["a", "b"]
    first = levels(degraded / "a.png"), levels(clean / "a.png")
    assert result.items[0].psnr == pytest.approx(psnr(*first), abs=1e-5)
    assert result.items[0].ssim == pytest.approx(ssim(*first), abs=1e-6)
    assert result.items[0].psnr_y == pytest.approx(psnr(*map(luma, first)), abs=1e-5)
    assert result.items[0].ssim_y == pytest.approx(ssim(*map(luma, first)), abs=1e-6)
    assert result.mean.psnr == pytest.approx((result.items[0].psnr + result.items[1].psnr) / 2)
    assert (result.protocol.sigma_255, result.protocol.seed) == (None, None)
    assert done == [(1, 2), (2, 2)]


def test_a_result_is_clipped_and_rounded(pairs: tuple[Path, Path], network_file: NetworkFile) -> None:
    degraded, clean = pairs
    result = evaluate(str(network_file(name="test-blur")), "folder", clean=clean, degraded=degraded, limit=1)
    assert (result.model, result.n) == ("test-blur", 1)
    assert "the first 1 by name" in result.protocol.pictures
    restored = blurred(levels(degraded / "a.png"))
    assert result.items[0].psnr == pytest.approx(psnr(restored, levels(clean / "a.png")), abs=1e-2)
    assert result.items[0].ssim == pytest.approx(ssim(restored, levels(clean / "a.png")), abs=1e-4)
    bright = evaluate(str(network_file(gain=8.0)), "folder", clean=clean, degraded=degraded, limit=1)
    assert bright.items[0].psnr > psnr(np.full((32, 40, 3), 255), np.zeros((32, 40, 3)))  # clipped at 255


def test_every_so_many_th_picture_has_the_noise_of_its_place_in_the_whole_set(save: Save) -> None:
    for number in range(5):
        clean = save(f"clean/{number}.png", seed=number, size=(16, 16)).parent
    whole, part = evaluate("input", "folder", clean=clean), evaluate("input", "folder", clean=clean, every=2)
    assert [item.name for item in part.items] == ["0", "2", "4"]
    assert [item.psnr for item in part.items] == [item.psnr for item in whole.items[::2]]
    assert "5 pictures of one's own, one in 2 by name, from the first on; Gaussian" in part.protocol.caption
    first = evaluate("input", "folder", clean=clean, every=2, limit=2)
    assert [item.name for item in first.items] == ["0", "2"]
    assert first.protocol.pictures.endswith("from the first on, the first 2 of these")


def test_baselines_are_told_the_noise_where_some_is_added(
    pairs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[float | None] = []

    def open_restorer(model: str, *, sigma_255: float | None, **options: object) -> Untouched:
        told.append(sigma_255)
        return Untouched(ModelSpec(name=model, task="denoise", channels=3))

    monkeypatch.setattr(measure, "open_restorer", open_restorer)
    degraded, clean = pairs
    evaluate("any", "folder", clean=clean, sigma_255=15)
    evaluate("any", "folder", clean=clean, degraded=degraded, sigma_255=15)
    assert told == [15, None]


def test_time_is_that_of_restoring(pairs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = iter([10.0, 12.0, 20.0, 26.0])
    monkeypatch.setattr(measure.time, "perf_counter", lambda: next(clocks))
    monkeypatch.setattr(measure.time, "process_time", lambda: 0.0)
    result = evaluate("input", "folder", clean=pairs[1])
    assert [item.seconds for item in result.items] == [2, 6]
    assert (result.mean.seconds, result.mean.cpu_seconds) == (4, 0)


def test_noise_reaches_the_network_unclipped(save: Save, network_file: NetworkFile) -> None:
    clean = save("clean/a.png").parent
    result = evaluate(str(network_file()), "folder", clean=clean, sigma_255=200, seed=3)
    noise = np.random.default_rng((3, 0)).standard_normal((3, 32, 40), dtype=np.float32).transpose(1, 2, 0)
    restored = blurred(levels(clean / "a.png") + 200 * noise)
    assert result.items[0].psnr == pytest.approx(psnr(restored, levels(clean / "a.png")), abs=1e-2)
    assert (result.protocol.sigma_255, result.protocol.seed) == (200, 3)
    assert "σ₂₅₅ 200, neither clipped nor rounded, seed 3" in result.protocol.caption


@pytest.mark.parametrize(("gray", "channels"), [(True, 3), (False, 1)])
def test_other_channels_than_the_models_are_said(
    save: Save, network_file: NetworkFile, gray: bool, channels: int
) -> None:
    clean = save("clean/a.png", gray=gray).parent
    own, other = (
        evaluate(str(network_file(channels=count)), "folder", clean=clean, sigma_255=10)
        for count in (1 if gray else 3, channels)
    )
    assert other.mean.psnr == pytest.approx(own.mean.psnr, abs=1e-2)  # this network treats channels alike
    words = "gray repeated in the colour model" if gray else "each channel by itself"
    assert words in other.protocol.caption
    assert words not in own.protocol.caption


def test_gray_has_no_y(save: Save) -> None:
    clean = save("clean/a.png", gray=True).parent
    result = evaluate("input", "folder", clean=clean)
    assert (result.mean.psnr_y, result.mean.ssim_y, result.items[0].psnr_y) == (None, None, None)
    assert "rgb2ycbcr" not in result.protocol.caption


def test_equal_pictures_are_infinitely_good(save: Save) -> None:
    clean = save("clean/a.png").parent
    result = evaluate("input", "folder", clean=clean, sigma_255=0)
    assert (result.mean.psnr, result.mean.ssim) == (math.inf, pytest.approx(1))


@pytest.mark.parametrize("benchmark", ["cbsd68", "ybsd68"])
def test_a_model_that_saw_the_test_scenes_is_refused(
    save: Save, tmp_path: Path, network_file: NetworkFile, benchmark: str
) -> None:
    for number in range(68):
        save(f"cbsd68/{number}.png", size=(12, 12))
    network = network_file(name="cheat", saw_test_scenes_of=["cbsd68"])
    with pytest.raises(AiganError, match="cheat saw test scenes of cbsd68"):
        evaluate(str(network), benchmark, data=tmp_path)
    assert evaluate("input", benchmark, data=tmp_path, limit=2).n == 2


def test_what_is_not_named_is_asked_for() -> None:
    with pytest.raises(UsageError, match="--clean"):
        evaluate("input", measure.FOLDER)
    with pytest.raises(UsageError, match="AIGAN_DATA"):
        evaluate("input", "cbsd68")


def test_input_has_no_weights(save: Save) -> None:
    with pytest.raises(UsageError, match="leave out --weights"):
        evaluate("input", "folder", clean=save("clean/a.png").parent, weights=Path("any.safetensors"))

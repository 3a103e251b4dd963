"""The learned baselines: their sizes, what they see, and files of their weights."""

from __future__ import annotations

import importlib
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch")

from aigan.baselines import registry  # noqa: E402
from aigan.baselines.learned import layers, restorer  # noqa: E402
from aigan.baselines.learned.dehazenet import DehazeNet  # noqa: E402
from aigan.baselines.learned.restorer import System  # noqa: E402
from aigan.baselines.registry import BASELINES, open_baseline  # noqa: E402
from aigan.cli.commands import gather  # noqa: E402
from aigan.decomposition import EVERYWHERE  # noqa: E402
from aigan.errors import AiganError  # noqa: E402
from aigan.evaluate import metrics  # noqa: E402
from aigan.evaluate.benchmarks import find_benchmark, read_sample  # noqa: E402
from aigan.evaluate.measure import evaluate  # noqa: E402
from aigan.network.presets import parameters_of  # noqa: E402
from aigan.pictures import write  # noqa: E402
from aigan.restore.tiles import decompose  # noqa: E402

RandomWeights = Callable[..., Path | None]  # of conftest.py

LEARNED = [name for name, baseline in BASELINES.items() if baseline.learned]
PUBLISHED_PARAMETERS = [  # name, channels, numbers of the folded network
    ("dncnn-s", 1, 555_137),
    ("dncnn-b", 1, 665_921),
    ("cdncnn-b", 3, 668_227),
    ("ffdnet", 1, 485_316),
    ("ffdnet", 3, 852_108),
    ("adnet", 3, 520_533),
    ("dehazenet", 3, 8_305),
    ("mscnn", 3, 8_435),
    ("aod-net", 3, 1_761),
    ("famed-net", 3, 17_223),
    ("gcanet", 3, 702_818),
    ("ld-net", 3, 30_187),
    ("ddn", 3, 57_369),
    ("ddn-bn", 3, 56_563),
    ("prenet", 3, 168_963),
    ("prenet-r", 3, 94_979),
    ("prn", 3, 95_107),
    ("prn-r", 3, 21_123),
]


def system_of(name: str) -> System:
    baseline = BASELINES[name]
    found: System = getattr(importlib.import_module(f"aigan.baselines.{baseline.module}"), baseline.attribute)
    return found


def fresh(name: str) -> Any:
    """A network as it is trained."""
    torch.manual_seed(0)
    system = system_of(name)
    return system.network(system.channels[0])


def test_memory_is_kept_for_networks_and_for_them_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[None] = []
    monkeypatch.setattr(registry, "keep_freed_memory", lambda: kept.append(None))
    BASELINES["dcp"].find()
    assert not kept
    BASELINES["prn"].find()
    assert kept


def test_an_auto_encoder_begins_with_about_what_it_sees() -> None:
    smooth = torch.linspace(0.2, 0.8, 20).expand(1, 1, 20, 20)
    assert (fresh("ssda")(smooth) - smooth).abs().mean() < 0.1


@pytest.mark.parametrize(("name", "channels", "count"), PUBLISHED_PARAMETERS)
def test_parameters_are_as_many_as_published(name: str, channels: Any, count: int) -> None:
    assert parameters_of(layers.folded(system_of(name).network(channels))) == count


@pytest.mark.parametrize("name", LEARNED)
def test_each_learns_from_a_batch_of_pictures(name: str) -> None:
    network = fresh(name).train()
    degraded = torch.rand(2, system_of(name).channels[0], 24, 17)
    original = network(degraded)
    assert original.shape == degraded.shape
    (original - 0.5).square().mean().backward()
    moved = [parameter.grad is not None and bool(parameter.grad.any()) for parameter in network.parameters()]
    assert sum(moved) > len(moved) / 3  # mscnn's coarse network has no part, and single units may be dead


@pytest.mark.parametrize("name", [name for name in LEARNED if system_of(name).receptive_radius_px < EVERYWHERE])
def test_nothing_beyond_the_radius_counts(name: str) -> None:
    network, radius = layers.folded(fresh(name)).double(), system_of(name).receptive_radius_px
    picture = torch.rand(1, system_of(name).channels[0], 2, 2 * ((radius + 10) // 2), dtype=torch.float64)
    for place, beyond in ((0, slice(radius + 1, None)), (-1, slice(None, -radius - 1))):
        other = picture.clone()
        other[..., beyond] = 1e3
        with torch.inference_mode():
            results = [network(given)[..., place] for given in (picture, other)]
        assert torch.allclose(*results, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", LEARNED)
def test_tiles_give_what_the_whole_picture_gives(name: str, random_weights: RandomWeights) -> None:
    opened = open_baseline(name, sigma_255=25, weights=random_weights(name))
    degraded = np.random.default_rng(0).random((4, 96, opened.spec.channels), np.float32)
    whole, tiled = (decompose(opened, degraded, tile=tile, exact=True) for tile in ("none", 48))
    np.testing.assert_allclose(tiled.original, whole.original, atol=1e-4)


@pytest.mark.parametrize("name", ["dncnn-s", "famed-net", "adnet", "ddn-bn"])
def test_batch_normalisation_becomes_part_of_its_convolution(name: str, tmp_path: Path) -> None:
    network = fresh(name).train()
    pictures = torch.rand(4, system_of(name).channels[0], 12, 12)
    for _ in range(3):
        network(pictures)
    expected = network.eval()(pictures)
    restorer.save(network, tmp_path / "w.safetensors")
    assert torch.equal(network(pictures), expected)  # saving leaves it as it is
    loaded, _ = restorer.load(name, system_of(name), tmp_path / "w.safetensors", 3)
    assert not any("norm" in key for key in loaded.state_dict())
    torch.testing.assert_close(loaded(pictures), expected, rtol=0, atol=5e-3)  # 16 bit
    torch.testing.assert_close(layers.folded(network)(pictures), expected, rtol=0, atol=1e-5)


def test_the_channels_are_those_of_the_weights(random_weights: RandomWeights) -> None:
    for own in (1, 3):
        spec = open_baseline("ffdnet", channels=3, sigma_255=25, weights=random_weights("ffdnet", own)).spec
        assert spec.channels == own


def test_a_network_that_is_told_the_noise_heeds_it(random_weights: RandomWeights) -> None:
    opened = [
        open_baseline("ffdnet", channels=1, sigma_255=sigma, weights=random_weights("ffdnet", 1)) for sigma in (5, 75)
    ]
    picture = torch.full((1, 1, 8, 8), 0.5, dtype=torch.float64)
    weak, strong = (one.network.double()(picture) for one in opened)  # type: ignore[attr-defined]
    assert not torch.equal(weak, strong)


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", pickle.dumps({"conv1.weight": 1}), b"8" * 400])
def test_what_is_no_safetensors_file_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(AiganError, match=r"w\.pth: this is no safetensors file") as caught:
        open_baseline("prn", weights=tmp_path / "w.pth")
    assert "\n" not in str(caught.value)


def test_weights_of_another_network_are_one_sentence(random_weights: RandomWeights) -> None:
    with pytest.raises(AiganError, match=r"prn\.safetensors: these are not the weights of prenet \(conv_f\.0\.bias is"):
        open_baseline("prenet", weights=random_weights("prn"))
    with pytest.raises(AiganError, match=r"conv1\.weight is \(64, 1, 3, 3\), not \(64, 3, 3, 3\)"):
        open_baseline("cdncnn-b", weights=random_weights("dncnn-b"))


def test_numbers_that_are_slow_for_a_processor_become_zero(tmp_path: Path) -> None:
    network = fresh("aod-net")
    with torch.no_grad():
        network.conv5.weight.fill_(1e-40)
    from safetensors.torch import save_file

    save_file(network.state_dict(), tmp_path / "w.safetensors")
    loaded, _ = restorer.load("aod-net", system_of("aod-net"), tmp_path / "w.safetensors", 3)
    assert not loaded.conv5.weight.any()


def test_evaluate_takes_a_name_and_a_file_of_weights(tmp_path: Path, random_weights: RandomWeights) -> None:
    (tmp_path / "clean").mkdir()
    write(np.random.default_rng(0).random((16, 16, 3), np.float32), tmp_path / "clean/a.png")
    options = ["--benchmark", "folder", "--clean", str(tmp_path / "clean")]
    ran = CliRunner().invoke(gather(), ["evaluate", "prn-r", "--weights", str(random_weights("prn-r")), *options])
    assert ran.exit_code == 0, ran.output
    assert "prn-r" in ran.stdout
    ran = CliRunner().invoke(gather(), ["evaluate", "prn-r", *options])
    assert "no weights of prn-r are shipped: name a file of prn-r's weights with --weights" in str(ran.exception)


WEIGHTS, DATA = Path(__file__).parents[3] / "shared/weights", Path(os.environ.get("AIGAN_DATA", ""))
CROPPED = [  # name, weights, benchmark, side of the centre of its first picture, PSNR there on its scale
    ("dncnn-s", "dncnn_s25_gray", "bsd68", 80, 27.271),
    ("dncnn-b", "dncnn_b_gray", "bsd68", 80, 27.149),
    ("ffdnet", "ffdnet_gray", "bsd68", 80, 27.165),
    ("cdncnn-b", "cdncnn_b_color", "cbsd68", 80, 29.252),
    ("ffdnet", "ffdnet_color", "cbsd68", 80, 29.158),
    ("adnet", "adnet_s25_color", "cbsd68", 80, 29.286),
    ("prenet", "prenet_rain100l", "rain100l", 80, 34.682),
    ("prenet-r", "prenet_r_rain100l", "rain100l", 80, 34.693),
    ("prn", "prn_rain100l", "rain100l", 80, 34.630),
    ("prn-r", "prn_r_rain100l", "rain100l", 80, 34.367),
    ("gcanet", "gcanet", "reside-indoor", 160, 25.100),  # of less it can tell little: it normalises over all it sees
    ("lkd-t", "lkd_t_its", "reside-indoor", 80, 27.120),
]


@pytest.mark.parametrize(("name", "file", "benchmark", "side", "psnr"), CROPPED)
def test_published_weights_restore_a_part_of_a_picture(
    name: str, file: str, benchmark: str, side: int, psnr: float
) -> None:
    """Not their figures: those are of whole sets, in docs/peers.md."""
    weights = WEIGHTS / f"{file}.safetensors"
    if not weights.is_file() or not (DATA / benchmark).is_dir():
        pytest.skip("the published weights or pictures are not here")
    gray = benchmark == "bsd68"
    found = find_benchmark(benchmark)
    sample = read_sample(found, found.pairs(DATA), 0, sigma_255=25, seed=0)
    y, x = ((size - side) // 2 for size in sample.clean.shape[:2])
    degraded, clean = (picture[y : y + side, x : x + side] for picture in (sample.degraded, sample.clean))
    opened = open_baseline(name, channels=1 if gray else 3, sigma_255=25, weights=weights)
    result = np.round(255 * opened(degraded).original.clip(0, 1))
    scale = metrics.luma if benchmark == "rain100l" else np.asarray
    assert metrics.psnr(scale(result), scale(clean)) == pytest.approx(psnr, abs=0.05)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("aod-net", "aodnet_caffe"),
        ("aod-net", "aodnet_pytorch"),
        ("ld-net", "ldnet"),
        ("mscnn", "mscnn"),
        ("dehazenet", "dehazenet"),
        ("famed-net", "famed"),
    ],
)
def test_published_dehazing_weights_give_the_figure_of_a_picture(name: str, file: str) -> None:
    weights, measured = WEIGHTS / f"{file}.safetensors", WEIGHTS.parent / "data/haze/measured.json"
    if not weights.is_file() or not measured.is_file() or not (DATA / "reside-indoor").is_dir():
        pytest.skip("the published weights or pictures are not here")
    (item,) = evaluate(name, "reside-indoor", data=DATA, weights=weights, limit=1).items
    assert item.psnr == pytest.approx(json.loads(measured.read_text())["indoor"][file][item.name], abs=0.005)


@pytest.mark.parametrize("bias", [-2.0, 2.0])
def test_dehazenet_learns_where_its_transmission_is_at_an_end(bias: float) -> None:
    network = DehazeNet()
    torch.nn.init.constant_(network.conv4.bias, bias)
    t = network.transmission(torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)))
    assert t.detach().numpy() == pytest.approx(float(bias > 0), abs=1e-6)
    (gradient,) = torch.autograd.grad(t.mean(), network.conv4.bias)
    assert gradient.item() == pytest.approx(1)

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from aigan.errors import AiganError
from aigan.evaluate import figures
from aigan.evaluate.figures import compose, draw_costs, draw_sheets, with_crops
from aigan.evaluate.measure import evaluate
from aigan.evaluate.plan import Method, Plan, Set, Sheet
from aigan.evaluate.tables import entries
from tests.evaluate.test_tables import PAPER, PLAN, ROWS

Save = Callable[..., Path]  # of conftest.py
NetworkFile = Callable[..., Path]


@pytest.mark.parametrize("channels", [1, 3])
def test_boxes_are_red_and_enlarged_below(channels: int) -> None:
    pixels = np.random.default_rng(0).random((40, 84, channels), np.float32)
    result = with_crops(pixels, [(10, 5, 8, 8), (50, 20, 20, 10)])
    assert result.shape == (40 + 4 + 40, 84, 3)
    red = (result == [1, 0, 0]).all(2)
    assert red[5:13, 10:18].sum() == 64 - 4 * 4  # a frame of 2 px
    assert np.array_equal(result[30:40, :50], np.broadcast_to(pixels[30:40, :50], (10, 50, 3)))
    inner = result[44 + 2 : 84 - 2, 2:38]  # 8×8 px, five times as large
    large = pixels[5:13, 10:18].repeat(5, 0).repeat(5, 1)[2:-2, 2:-2]
    assert np.array_equal(inner, np.broadcast_to(large, inner.shape))
    assert result[44 + 20 :, 44:].min() == 1  # the second is less high: white below


def test_a_box_beyond_the_picture_is_named() -> None:
    with pytest.raises(AiganError, match="box 30, 0, 20, 10 is not within"):
        with_crops(np.zeros((40, 40, 3), np.float32), [(30, 0, 20, 10)])


def test_five_panels_take_two_rows() -> None:
    panels = [(str(number), np.full((50, 240, 1), number / 10, np.float32)) for number in range(5)]
    one, five = compose(panels[:3], []), compose(panels, [])
    assert five.shape == (2 * one.shape[0], one.shape[1], 3)
    assert five[one.shape[0] :, -200:].min() == 1


def test_a_plot_of_nothing_measured_is_empty(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    draw_costs(PLAN, [], tmp_path / "t.png")  # warnings are errors
    with Image.open(tmp_path / "t.png") as image:
        assert image.size[0] > 100


def test_costs_are_plotted(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    draw_costs(PLAN, entries(PLAN, ROWS, PAPER), tmp_path / "costs.png")
    with Image.open(tmp_path / "costs.png") as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    for colour in (figures.OURS, figures.OTHERS):
        wanted = [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
        assert (pixels == wanted).all(1).any()


def test_sheets_show_what_restorers_make(
    save: Save, tmp_path: Path, network_file: NetworkFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        save(f"data/set12/{number:02}.png", seed=number, gray=True, size=(60, 50))
    save("examples/clean.png", size=(60, 50))
    save("examples/rainy.png", seed=1, size=(60, 50))
    network = str(network_file())
    plan = Plan(
        name="t",
        title="T",
        benchmarks=(Set(name="set12", title="Set12", sigma_255=(25,)),),
        methods=(Method(name="input"), Method(name="no-such"), Method(name=network, label="ours")),
        sheets=(
            Sheet(name="of-set", benchmark="set12", picture="03", sigma_255=40, crops=((5, 5, 10, 10),)),
            Sheet(name="given", clean="clean.png", degraded="rainy.png", crops=(), methods=(network,)),
            Sheet(name="noisy", clean="clean.png", crops=(), methods=(network,)),
            Sheet(name="lost", benchmark="set12", picture="13", crops=()),
        ),
    )
    captions: dict[int, list[str]] = {}
    drawn = figures.compose

    def compose(panels: list[tuple[str, np.ndarray]], crops: object) -> np.ndarray:
        captions[len(captions)] = [caption for caption, _ in panels]
        return drawn(panels, crops)

    monkeypatch.setattr(figures, "compose", compose)
    configuration = tmp_path / "examples/t.yaml"
    paths, problems = draw_sheets(plan, tmp_path / "out", configuration=configuration, data=tmp_path / "data")
    assert paths == [tmp_path / "out" / name for name in ("sheets/of-set.jpg", "given.jpg", "noisy.jpg")]
    assert problems[0].startswith("of-set lacks no-such: there is no model")
    assert problems[1].startswith("lost is left out: set12 has no picture 13")
    noisy = evaluate("input", "set12", data=tmp_path / "data", sigma_255=40, limit=4).items[3]
    assert captions[0][:2] == ["clean", f"input, {noisy.psnr:.2f} dB"]
    assert captions[1][2].startswith("ours, ")
    restored = tmp_path / "out/sheets/restored"
    assert len(list(restored.iterdir())) == 3
    monkeypatch.setattr(figures, "prepare", prepare_input_only(figures.prepare))
    again, _ = draw_sheets(plan, tmp_path / "out", configuration=configuration, data=tmp_path / "data")
    assert again == paths  # from what was restored before
    assert captions[3] == captions[0]
    changed = msgspec.structs.replace(plan.sheets[2], sigma_255=15)
    plan = msgspec.structs.replace(plan, sheets=(changed,))
    with pytest.raises(AssertionError, match="restored anew"):
        draw_sheets(plan, tmp_path / "out", configuration=configuration, data=tmp_path / "data")


def prepare_input_only(prepare: Callable[..., object]) -> Callable[..., object]:
    def only(model: str, *arguments: object, **options: object) -> object:
        assert model == "input" or "no-such" in model, "restored anew"
        return prepare(model, *arguments, **options)

    return only

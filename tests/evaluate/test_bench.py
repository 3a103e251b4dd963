from __future__ import annotations

import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from aigan.cli.commands import gather
from aigan.errors import AiganError
from aigan.evaluate import bench, convolution
from aigan.restore import fastest


def test_a_network_is_measured_and_its_figures_agree(network_file, tmp_path) -> None:
    file, table = tmp_path / "costs.json", tmp_path / "costs.md"
    command = ["bench", "--models", str(network_file(kmac_per_px=2.0)), "--sizes", "24x16", "--threads", "1"]
    result = CliRunner().invoke(gather(), [*command, "--repeat", "2", "--json", str(file), "--markdown", str(table)])
    assert result.exit_code == 0, result.output
    (cost,) = json.loads(file.read_text())
    assert cost["repeats"] == 2
    assert 0 < cost["min_ms"] <= cost["median_ms"]
    assert cost["mpx_per_s"] == pytest.approx(24 * 16 / 1e3 / cost["min_ms"])
    assert cost["gflop_per_s"] == pytest.approx(2 * 2.0 * cost["mpx_per_s"])
    assert cost["peak_share"] > 0
    assert cost["peak_memory_mb"] > 10
    assert table.read_text() in result.stdout
    assert "24×16" in table.read_text()


def test_rates_are_of_the_fastest() -> None:
    cell = bench.Cell("denoise-s", "onnx", 1000, 500, 1)
    cost = bench.cost(cell, [500, 100, 200], 50, 200, 3_000_000, 120, "torch")
    assert (cost.min_ms, cost.median_ms, cost.mpx_per_s, cost.gflop_per_s, cost.peak_share, cost.peak_memory_mb) == (
        pytest.approx((100, 200, 5, 500, 2.5, 3))
    )


def test_an_int8_variant_is_held_against_the_network_that_it_is_of(network_file, tmp_path) -> None:
    for name in ("blur.onnx", "blur-int8.onnx"):
        (tmp_path / name).write_bytes(network_file().read_bytes())

    def reference(name: str) -> tuple[str, str] | None:
        cell = bench._reference(bench.Cell(str(tmp_path / name), "onnx", 8, 8, 2))
        return cell and (cell.model, cell.backend)

    assert reference("blur.onnx") is None
    halved = bench._reference(bench.Cell(str(tmp_path / "blur.onnx"), "openvino", 8, 8, 2, "bf16"))
    assert halved == bench.Cell(str(tmp_path / "blur.onnx"), "onnx", 8, 8, 1, "fp32")
    on_cuda = bench._reference(bench.Cell(str(tmp_path / "blur.onnx"), "torch", 8, 8, 2, "fp32", "cuda"))
    assert on_cuda == bench.Cell(str(tmp_path / "blur.onnx"), "onnx", 8, 8, 1, "fp32", "cpu")
    assert reference("blur-int8.onnx") == (str(tmp_path / "blur.onnx"), "onnx")
    pytest.importorskip("torch")
    (tmp_path / "blur.safetensors").touch()
    for name in ("blur.onnx", "blur-int8.onnx"):
        assert reference(name) == (str(tmp_path / "blur.safetensors"), "torch")


def test_cells_are_all_combinations_and_baselines_have_one_backend(network_file) -> None:
    model = str(network_file())
    cells = bench.cells([model, "bm3d"], ["onnx", "torch"], [(8, 8), (9, 8)], [1, 2], ["fp32", "bf16"])
    assert len(set(cells)) == 2 * 2 * 2 * 2 + 2 * 2
    assert {(cell.backend, cell.precision) for cell in cells if cell.model == "bm3d"} == {("", "fp32")}
    on_cuda = bench.cells([model, "bm3d"], ["torch"], [(8, 8)], [1], ["fp16"], "cuda")
    assert [(cell.backend, cell.precision, cell.device) for cell in on_cuda] == [
        ("torch", "fp16", "cuda"),
        ("", "fp32", "cpu"),
    ]
    with pytest.raises(AiganError, match="no model"):
        bench.cells(["unheard-of"], ["onnx"], [(8, 8)], [1])


def test_what_cannot_be_measured_is_said_and_the_rest_goes_on(tmp_path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no network")
    command = ["bench", "--models", str(broken), "--sizes", "8x8", "--threads", "1", "--repeat", "1"]
    result = CliRunner().invoke(gather(), command)
    assert result.exit_code == 1
    assert "cannot be measured" in result.stderr


def test_a_precision_that_a_backend_lacks_is_said(network_file) -> None:
    command = ["bench", "--models", str(network_file()), "--sizes", "8x8", "--repeat", "1", "--precisions", "fp32,bf16"]
    result = CliRunner().invoke(gather(), command)
    assert result.exit_code == 1
    assert "ONNX Runtime computes in fp32" in result.stderr
    assert "| fp32 |" in result.stdout


def test_a_device_that_is_missing_is_said(network_file, monkeypatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    command = ["bench", "--models", str(network_file()), "--sizes", "8x8", "--repeat", "1", "--device", "cuda"]
    result = CliRunner().invoke(gather(), [*command, "--backends", "torch", "--precisions", "fp16"])
    assert result.exit_code == 1
    assert re.search("torch, cuda fp16 cannot be measured: (torch finds no cuda|this needs torch)", result.stderr)


def test_the_table_names_a_device_that_is_not_the_processor() -> None:
    cell = bench.Cell("denoise-s", "torch", 10, 5, 1, "bf16", "cuda")
    table = bench.markdown([bench.cost(cell, [1.0], 50, 200, 3_000_000, 60, "torch")])
    assert "| denoise-s | torch, cuda | bf16 | 10×5 | 1 | 1.0 |" in table


@pytest.mark.parametrize(
    "words",
    [
        ["--sizes", "8"],
        ["--threads", "0"],
        ["--backends", "abacus"],
        ["--precisions", "int8"],
        ["--device", "abacus"],
        ["--models", ","],
    ],
)
def test_wrong_usage(words) -> None:
    assert CliRunner().invoke(gather(), ["bench", *words]).exit_code == 2


def test_the_fastest_is_remembered_of_models_measured_in_several_backends(network_file) -> None:
    one, other = str(network_file("blur")), str(network_file("blocks"))
    times = [(one, "onnx", 3.0), (one, "openvino", 2.0), (one, "torch", 1.0), (other, "onnx", 1.0)]
    times += [("denoise-s-int8", "onnx", 2.0), ("denoise-s-int8", "openvino", 1.0)]  # these two round differently
    costs = [
        bench.cost(bench.Cell(model, backend, 8, 8, 1), [milliseconds], 0, None, None, None, None)  # type: ignore[arg-type]
        for model, backend, milliseconds in times
    ]
    assert bench.fastest_of(costs) == {"blur": "openvino"}


def test_the_convolution_written_by_hand_convolves() -> None:
    ort = pytest.importorskip("onnxruntime")
    kernel = np.random.default_rng(0).standard_normal((5, 3, 3, 3), np.float32)
    pixels = np.random.default_rng(1).standard_normal((1, 3, 6, 300), np.float32)
    session = ort.InferenceSession(convolution.graph(kernel, pixels.shape), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": pixels})
    around = np.pad(pixels[0], ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(around, (3, 3), axis=(1, 2))
    np.testing.assert_allclose(found[0], np.einsum("chwij,ocij->ohw", windows, kernel), atol=1e-4)


def test_remember_needs_two_backends(network_file, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(bench, "measure", lambda cells, repeats: iter(()))
    result = CliRunner().invoke(gather(), ["bench", "--models", str(network_file()), "--remember"])
    assert isinstance(result.exception, AiganError)
    assert not fastest.file().exists()

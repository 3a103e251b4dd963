"""Which backend runs what, and that all give the same."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import aigan
from aigan.errors import AiganError, MissingExtra, UsageError
from aigan.restore import backends, registry
from aigan.restore.backends import onnx
from aigan.restore.backends.contract import PARTS, Device, outputs_for
from aigan.restore.loading import check, open_restorer, read_spec

AUTO = {"backend": "auto", "device": "auto", "precision": "auto"}


def picture(height: int, width: int, channels: int = 3):
    return np.random.default_rng(0).random((height, width, channels), np.float32)


def alike(one, other) -> None:
    """Equal to 1e-4, and the expected error, of which that is a part of a gray level, to 0.03."""
    for part, tolerance in (("original", 1e-4), ("interference", 1e-4), ("expected_error", 0.03)):
        np.testing.assert_allclose(getattr(one, part), getattr(other, part), atol=tolerance)


@pytest.fixture(scope="session")
def weights(tmp_path_factory) -> Path:
    """A small network that was never exported."""
    torch = pytest.importorskip("torch")
    from aigan.decomposition import ModelSpec
    from aigan.network import presets
    from aigan.network import weights as stored

    torch.manual_seed(0)
    config = presets.NetworkConfig(widths=(4, 6), encode_blocks=(1, 1), decode_blocks=(1,), generator_width=4)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    spec = ModelSpec(name="tiny", task="derain", channels=3, multiple_of=4, halo_px=64, receptive_radius_px=64)
    stored.save(path, presets.build(config), spec)
    return path


INT8 = [name for name in registry.shipped() if name.endswith(registry.INT8)]


@pytest.mark.parametrize("name", sorted({*registry.shipped()} - {*INT8}))
@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_every_backend_gives_the_same_for_every_model(name: str, backend: str) -> None:
    pytest.importorskip(backend)
    file = registry.find(name)
    pixels = picture(41, 30, onnx.read_spec(file).channels)
    options = {**AUTO, "backend": backend, "device": "cpu"}
    alike(open_restorer(name, channels=pixels.shape[2], **options)(pixels), onnx.load(file)(pixels))


@pytest.mark.parametrize("name", INT8)
def test_an_int8_variant_is_close_to_its_network_in_each_backend_that_runs_it(name: str) -> None:
    file = registry.find(name)
    pixels = 0.4 + 0.2 * picture(41, 30, onnx.read_spec(file).channels)  # noise as strong as some that calibrated it
    exact = onnx.load(registry.unquantized(file))(pixels).original
    for backend in ("onnx", "openvino"):
        if backend == "openvino":
            pytest.importorskip(backend)
        found = open_restorer(name, channels=pixels.shape[2], **{**AUTO, "backend": backend})(pixels).original
        assert 0 < np.sqrt(np.mean(np.square(found - exact))) < 0.5 / 255
    pytest.importorskip("torch")
    with pytest.raises(AiganError, match=r"torch cannot run .*-int8\.onnx: take --backend onnx"):
        open_restorer(name, channels=pixels.shape[2], **{**AUTO, "backend": "torch", "device": "cpu"})


@pytest.mark.parametrize("parts", [(), ("interference",), ("expected_error",), PARTS])
@pytest.mark.parametrize("backend", ["onnx", "openvino", "torch"])
def test_what_is_not_asked_for_is_not_computed(network_file, request, backend: str, parts) -> None:
    pytest.importorskip(backend if backend != "onnx" else "onnxruntime")
    file = request.getfixturevalue("weights") if backend == "torch" else network_file("blocks")
    options = {**AUTO, "backend": backend, "device": "cpu"}
    lean = open_restorer(str(file), channels=3, parts=parts, **options)
    full = open_restorer(str(file), channels=3, **options)
    pixels = picture(9, 14)
    result, expected = lean(pixels), full(pixels)
    np.testing.assert_allclose(result.original, expected.original, atol=1e-6)
    assert (result.expected_error is None) == ("expected_error" not in parts)
    interference = expected.interference if "interference" in parts else pixels - result.original
    np.testing.assert_allclose(result.interference, interference, atol=1e-6)
    if backend == "openvino":
        names = {output.get_any_name() for output in lean.request.model_outputs}
        assert names == {*outputs_for(parts)}


def test_auto_is_onnx_runtime_and_torch_for_weights_and_reduced_precision(network_file, weights) -> None:
    def kind(model: Path, **options: str) -> str:
        restorer = open_restorer(str(model), channels=3, **{**AUTO, **options})
        return type(getattr(restorer, "reduced", restorer)).__name__

    assert kind(network_file()) == "OnnxRestorer"
    assert kind(network_file(), device="cpu", precision="fp32") == "OnnxRestorer"
    assert kind(weights) == "TorchRestorer"
    assert kind(weights, precision="bf16") == "TorchRestorer"
    with pytest.raises(AiganError, match=r"blur\.safetensors does not exist.*--backend onnx"):
        kind(network_file(), precision="bf16")


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        ("derain", {"backend": "onnx", "device": "cuda"}, "--backend torch for cuda"),
        ("derain", {"backend": "onnx", "precision": "bf16"}, "in fp32"),
        (None, {"backend": "onnx", "device": "mps"}, "--backend torch for mps"),
        ("derain", {"backend": "openvino", "device": "cuda"}, "--backend torch for cuda"),
        ("derain", {"backend": "openvino", "precision": "fp16"}, "--precision fp32"),
        ("derain", {"backend": "torch", "device": "cuda"}, "finds no cuda"),
        ("derain", {"device": "mps"}, "finds no mps"),
        (None, {"backend": "torch", "precision": "fp16"}, "graphics processors"),
        ("derain", {"device": "cpu", "precision": "fp16"}, "graphics processors"),
        ("tiny.safetensors", {"backend": "onnx"}, "aigan export"),
        ("tiny.safetensors", {"backend": "openvino"}, "aigan export"),
        ("dcp", {"backend": "torch"}, "no network"),
        ("dcp", {"device": "cpu"}, "no network"),
    ],
)
def test_what_does_not_go_together_is_said_before_anything_is_begun(
    monkeypatch, weights, model, options, words
) -> None:
    torch = pytest.importorskip("torch")
    if options.get("backend") == "openvino":
        pytest.importorskip("openvino")
        monkeypatch.setattr("aigan.restore.backends.openvino.capabilities", lambda: {"FP32"})
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(registry, "FOLDER", weights.parent)
    (weights.parent / "derain-s.onnx").touch()
    model = str(weights) if model == weights.name else model
    with pytest.raises(UsageError, match=words) as caught:
        check(model, **{**AUTO, **options})
    assert "\n" not in str(caught.value)
    if model:
        with pytest.raises(UsageError, match=words):
            aigan.load(model, **options)


@pytest.mark.parametrize(("backend", "extra"), [("openvino", "openvino"), ("torch", "train")])
def test_a_backend_that_is_not_installed_comes_with_the_command(monkeypatch, network_file, backend, extra) -> None:
    monkeypatch.setitem(sys.modules, backend, None)
    monkeypatch.delitem(sys.modules, f"aigan.restore.backends.{backend}", raising=False)
    monkeypatch.delattr(backends, backend, raising=False)
    with pytest.raises(MissingExtra, match=rf"pip install 'aigan\[{extra}\]'"):
        aigan.load(network_file(), backend=backend)


def test_every_device_is_named_in_the_contract() -> None:
    torch = pytest.importorskip("aigan.restore.backends.torch")
    assert {*torch.devices()} <= {*get_args(Device)}
    assert torch.devices()[-1] == "cpu"


def test_weights_restore_pictures_and_say_what_they_are(weights) -> None:
    torch = pytest.importorskip("torch")
    from aigan.network import weights as stored

    assert read_spec(weights).name == "tiny"
    pixels = picture(32, 40)
    result = open_restorer(str(weights), channels=3, **{**AUTO, "device": "cpu"})(pixels)
    network, _ = stored.load(weights)
    with torch.inference_mode():
        I = torch.from_numpy(pixels).permute(2, 0, 1)[None]
        O, T = network.fuse(I, network(I))
    for ours, theirs in ((result.original, O), (result.interference, T)):
        np.testing.assert_allclose(ours, theirs[0].permute(1, 2, 0), atol=1e-5)
    tta = open_restorer(str(weights), channels=3, tta=True, **{**AUTO, "device": "cpu"})
    turned = tta(np.rot90(pixels)).original
    np.testing.assert_allclose(np.rot90(turned, -1), tta(pixels).original, atol=1e-4)


def test_weights_are_measured_like_any_model(weights, tmp_path) -> None:
    from aigan.evaluate.measure import evaluate
    from aigan.pictures import write

    write(picture(24, 30), tmp_path / "one.png")
    evaluation = evaluate(str(weights), "folder", clean=tmp_path, sigma_255=10)
    assert evaluation.model == "tiny"
    assert 0 < evaluation.mean.psnr < 40


def test_damaged_weights_are_refused_in_a_sentence(weights, tmp_path) -> None:
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(weights.read_bytes()[:300])
    for read in (read_spec, lambda file: open_restorer(str(file), channels=3)):
        with pytest.raises(AiganError, match=r"damaged\.safetensors") as caught:
            read(path)
        assert "\n" not in str(caught.value)


def test_half_the_bits_are_close_to_all_of_them(weights) -> None:
    pixels = picture(24, 30)
    full = open_restorer(str(weights), channels=3, **{**AUTO, "device": "cpu"})(pixels)
    reduced = open_restorer(str(weights), channels=3, **{**AUTO, "device": "cpu", "precision": "bf16"})(pixels)
    assert reduced.original.dtype == np.float32
    assert 0 < np.abs(full.original - reduced.original).max() < 0.1


@pytest.mark.parametrize(
    ("text", "kind"),
    [("CUDA out of memory.", MemoryError), ("can't allocate memory: you tried", MemoryError), ("a bug", RuntimeError)],
)
def test_a_picture_that_does_not_fit_onto_the_device_is_a_memory_error(weights, text: str, kind) -> None:
    torch = pytest.importorskip("torch")
    from aigan.restore.backends import torch as backend

    def full(*_: object, **__: object) -> None:
        raise (torch.OutOfMemoryError if "CUDA" in text else RuntimeError)(text)

    restorer = replace(backend.load(weights, device="cpu"), network=full)
    with pytest.raises(kind, match=text):
        restorer(picture(8, 8))


def test_a_picture_that_does_not_fit_into_openvino_is_a_memory_error(network_file) -> None:
    openvino = pytest.importorskip("aigan.restore.backends.openvino")

    class Request:
        def __init__(self, text: str) -> None:
            self.text = text

        def infer(self, inputs: object) -> None:
            raise RuntimeError(self.text)

    for text, kind in (("std::bad_alloc", MemoryError), ("bug", RuntimeError)):
        with pytest.raises(kind):
            openvino.OpenVinoRestorer(Request(text), onnx.read_spec(network_file()))(picture(2, 2))

"""The int8 variant is close to the weights that it was made from, whatever the size, and says what it is."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import onnx
import onnx.numpy_helper
import onnxruntime
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from aigan.cli.commands import gather
from aigan.decomposition import ModelSpec
from aigan.errors import AiganError
from aigan.network import export, quantize, weights
from aigan.network.presets import NetworkConfig
from aigan.restore import registry
from aigan.restore.backends.onnx import Metadata
from aigan.training import int8

EXAMPLES = Path(__file__).parents[2] / "examples"
SHIPPED = registry.find("denoise-gray-s")
VARIANTS = [name for name in registry.shipped() if name.endswith(registry.INT8)]


@pytest.fixture(scope="module")
def traced() -> Callable[[Path], tuple[None, onnx.ModelProto]]:
    """In place of `export.trace`, which takes seconds: the graph that is shipped, of float32 weights as traced."""
    model = onnx.load(SHIPPED)
    casts = {node.input[0]: node for node in model.graph.node if node.op_type == "Cast"}
    for tensor in model.graph.initializer:
        if tensor.name in casts:
            cast = casts[tensor.name]
            values = onnx.numpy_helper.to_array(tensor).astype(np.float32)
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, cast.output[0]))
            model.graph.node.remove(cast)

    def trace(source: Path) -> tuple[None, onnx.ModelProto]:
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        return None, copy

    return trace


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch, traced: Callable[[Path], tuple[None, onnx.ModelProto]]) -> None:
    monkeypatch.setattr(quantize, "trace", traced)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    with Image.open(EXAMPLES / "cat-clean.png") as cat:
        for place in range(3):
            cat.crop((90 + 60 * place, 60, 154 + 60 * place, 120)).save(folder / f"{place}.png")
    return folder


@pytest.fixture(scope="module")
def variant(photographs: Path, traced: Callable[[Path], tuple[None, onnx.ModelProto]]) -> tuple[Path, str]:
    """As `aigan export --int8` makes it, and what it prints."""
    source = photographs.parent / "weights" / "denoise-gray-s.safetensors"
    source.parent.mkdir()
    shutil.copy(SHIPPED.with_suffix(registry.WEIGHTS), source)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quantize, "trace", traced)
        exported = CliRunner().invoke(gather(), ["export", str(source), "--int8", str(photographs)])
    assert exported.exit_code == 0, exported.output
    return source.with_name("denoise-gray-s-int8.onnx"), exported.stdout


def metadata(file: Path) -> Metadata:
    return msgspec.json.decode({p.key: p.value for p in onnx.load(file).metadata_props}["aigan"], type=Metadata)


def test_the_command_says_the_loss_and_the_file(variant: tuple[Path, str]) -> None:
    file, output = variant
    loss, path = output.splitlines()
    assert abs(float(loss.split()[1])) < 0.2
    assert path == str(file)
    assert {other.name for other in file.parent.iterdir()} == {"denoise-gray-s.safetensors", file.name}


@pytest.mark.parametrize("size", [(1, 1, 1), (1, 7, 100), (2, 40, 33)])
def test_all_outputs_are_close_to_those_of_torch_at_any_size(variant: tuple[Path, str], size) -> None:
    network, _ = weights.load(SHIPPED.with_suffix(registry.WEIGHTS))
    session = onnxruntime.InferenceSession(variant[0], providers=["CPUExecutionProvider"])
    n, height, width = size
    with Image.open(EXAMPLES / "cat-noise.png") as cat:
        pixels = np.asarray(cat.convert("L"), np.float32)[:height, :width] / 255
    I = torch.from_numpy(np.stack([pixels] * n)[:, None])
    with torch.inference_mode():
        expected = [output.numpy() for output in export.Exported(network)(I)]
    for name, found, close in zip(
        export.OUTPUTS, session.run(list(export.OUTPUTS), {"degraded": I.numpy()}), expected, strict=True
    ):
        assert found.shape == close.shape, name
        assert np.sqrt(np.mean(np.square(found - close))) < 1 / 255, name
    assert np.abs(found - close).max() > 0


def test_features_are_int8_but_for_the_first_block_and_the_last_level(variant: tuple[Path, str]) -> None:
    graph = onnx.load(variant[0]).graph
    kernels = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer if len(t.dims) == 4}
    rounded = {name.removesuffix("_quantized"): kernel for name, kernel in kernels.items() if kernel.dtype == np.int8}
    blocks = ["descent.encode.0.1", *(f"descent.encode.{place}" for place in ("1.0", "1.1", "2.0", "2.1", "2.2"))]
    assert sorted(name.removeprefix("network.e.").removesuffix(".weight") for name in rounded) == sorted(
        [f"{block}.conv{number}" for block in (*blocks, "ascent.decode.1.0") for number in (1, 2)]
        + ["descent.down.0", "descent.down.1", "ascent.up.0", "ascent.up.1"]
    )
    assert all(np.abs(kernel).max() <= 64 for kernel in rounded.values())  # 255·64·2 < 2^15: no sum saturates
    scales = [len(onnx.numpy_helper.to_array(t)) for t in graph.initializer if t.name.endswith("weight_scale")]
    assert sorted(scales) == sorted(len(kernel) for kernel in rounded.values())  # one for each output channel


def test_the_file_says_what_it_is(variant: tuple[Path, str]) -> None:
    source = SHIPPED.with_suffix(registry.WEIGHTS)
    found, full = metadata(variant[0]), metadata(SHIPPED)
    assert found.source_sha256 == full.source_sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert msgspec.json.decode(found.network, type=NetworkConfig) == weights.read_header(source).network
    assert found.spec.halo_px >= found.spec.receptive_radius_px
    assert found.spec.figures == ()
    assert full.spec == msgspec.structs.replace(
        found.spec, name="denoise-gray-s", halo_px=full.spec.halo_px, figures=full.spec.figures
    )


def test_the_same_photographs_give_the_same_file(variant: tuple[Path, str], photographs: Path, tmp_path: Path) -> None:
    int8.export_int8(SHIPPED.with_suffix(registry.WEIGHTS), tmp_path / "again.onnx", photographs)
    assert (tmp_path / "again.onnx").read_bytes() == variant[0].read_bytes()


def test_every_tenth_photograph_measures_and_the_others_calibrate(
    photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    pairs = int8._pairs

    def watched(paths: list[Path], spec: ModelSpec) -> list[tuple[torch.Tensor, torch.Tensor]]:
        seen.append([path.stem for path in paths])
        return pairs(paths[:1], spec)

    for place in range(12):
        shutil.copy(photographs / "0.png", tmp_path / f"{place:02}.png")
    monkeypatch.setattr(int8, "_pairs", watched)
    monkeypatch.setattr(int8, "quantize", lambda source, target, pictures: shutil.copy(SHIPPED, target))
    loss = int8.export_int8(SHIPPED.with_suffix(registry.WEIGHTS), tmp_path / "out.onnx", tmp_path)
    assert seen == [[f"{place:02}" for place in range(12) if place % 10], ["00", "10"]]
    assert abs(loss) < 1e-3  # of the float32 network itself


@pytest.mark.parametrize("folder", ["missing", "empty"])
def test_what_is_no_folder_of_photographs_is_answered_in_a_sentence(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(AiganError, match=folder) as caught:
        int8.export_int8(SHIPPED.with_suffix(registry.WEIGHTS), tmp_path / "out.onnx", tmp_path / folder)
    assert "\n" not in str(caught.value)


def test_a_network_without_such_layers_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(quantize, "LEVELS", ())
    with pytest.raises(AiganError, match=r"denoise-gray-s\.safetensors: none of"):
        quantize.quantize(SHIPPED.with_suffix(registry.WEIGHTS), tmp_path / "out.onnx", [])
    assert not (tmp_path / "out.onnx").exists()


@pytest.mark.parametrize("name", VARIANTS)
def test_shipped_variants_are_of_the_shipped_weights(name: str) -> None:
    file = registry.find(name)
    source = registry.unquantized(file).with_suffix(registry.WEIGHTS)
    assert metadata(file).spec.name == name
    assert metadata(file).source_sha256 == hashlib.sha256(source.read_bytes()).hexdigest()

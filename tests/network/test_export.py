"""The ONNX file equals the network in torch, whatever the size; the shipped pairs of files belong together."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

import aigan
from aigan.decomposition import ModelSpec
from aigan.errors import AiganError
from aigan.network import weights
from aigan.network.export import OUTPUTS, export
from aigan.network.presets import NetworkConfig, build

SHIPPED = sorted((Path(aigan.__file__).parent / "weights").glob("*.safetensors"))
TINY = {"widths": (4, 6), "encode_blocks": (1, 1), "decode_blocks": (1,), "generator_width": 4}


def written(folder: Path, config: NetworkConfig) -> Path:
    torch.manual_seed(0)
    path = folder / "tiny.safetensors"
    weights.save(path, build(config), ModelSpec(name="tiny", task="derain", channels=config.channels))
    return path


def runs_alike(source: Path, target: Path, sizes: list[tuple[int, int, int]]) -> None:
    network, _ = weights.load(source)
    session = onnxruntime.InferenceSession(target, providers=["CPUExecutionProvider"])
    assert [o.name for o in session.get_outputs()] == list(OUTPUTS)
    for n, height, width in sizes:
        picture = torch.rand(n, network.config.channels, height, width)
        with torch.inference_mode():
            O, T = network.fuse(picture, network(picture))
        original, interference, *_ = session.run(None, {"degraded": picture.numpy()})
        assert original.shape == picture.shape
        assert np.abs(original - O.numpy()).max() < 1e-4
        assert np.abs(interference - T.numpy()).max() < 1e-4


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")  # torch's exporter's own
@pytest.mark.parametrize(
    "config",
    [
        NetworkConfig(**TINY, channels=1, fusion="mean", common_trunk=False),
        NetworkConfig(**TINY, branches=1),
        NetworkConfig(**TINY, generator_features=True, fusion="learned"),
        NetworkConfig(**TINY, smooth=True),
    ],
)
def test_exported_equals_torch_at_any_size(tmp_path: Path, config: NetworkConfig) -> None:
    source, target = written(tmp_path, config), tmp_path / "tiny.onnx"
    export(source, target)
    runs_alike(source, target, [(1, 1, 1), (3, 5, 17), (1, 40, 33)])
    model = onnx.load(target)
    assert {t.data_type for t in model.graph.initializer if len(t.dims) > 1} == {onnx.TensorProto.FLOAT16}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["tiny.onnx", "tiny.safetensors"]


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_a_file_that_differs_from_torch_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = written(tmp_path, NetworkConfig(**TINY))
    monkeypatch.setattr("aigan.network.export.TOLERANCE", -1.0)
    with pytest.raises(AiganError, match="differs from torch"):
        export(source, tmp_path / "tiny.onnx")
    assert not (tmp_path / "tiny.onnx").exists()


@pytest.mark.parametrize("source", SHIPPED, ids=lambda path: path.stem)
def test_shipped_files_belong_together(source: Path) -> None:
    target = source.with_suffix(".onnx")
    metadata = json.loads({p.key: p.value for p in onnx.load(target).metadata_props}["aigan"])
    assert metadata.pop("source_sha256") == hashlib.sha256(source.read_bytes()).hexdigest()
    header = weights.read_header(source)
    assert metadata["spec"]["name"] == header.spec.name == source.stem
    runs_alike(source, target, [(1, 96, 72)])


@pytest.mark.parametrize("source", SHIPPED, ids=lambda path: path.stem)
def test_shipped_specs_say_what_the_network_is(source: Path) -> None:
    network, spec = weights.load(source)
    assert spec.receptive_radius_px == network.receptive_radius_px
    assert spec.multiple_of == network.multiple_of
    assert spec.parameters == sum(parameter.numel() for parameter in network.parameters())
    assert 0 < spec.halo_px <= -(-spec.receptive_radius_px // spec.multiple_of) * spec.multiple_of
    assert spec.training_data
    assert spec.data_terms
    assert spec.limits

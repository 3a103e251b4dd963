"""Weights files: what is written comes back; what is damaged is answered with one sentence."""

from pathlib import Path

import msgspec
import pytest
import torch

from aigan.decomposition import ModelSpec
from aigan.errors import AiganError
from aigan.network import weights
from aigan.network.presets import NetworkConfig, build

CONFIG = NetworkConfig(widths=(4, 6), encode_blocks=(1, 1), decode_blocks=(1,), generator_width=4)
SPEC = ModelSpec(name="tiny", task="denoise", channels=3, multiple_of=4, halo_px=8)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    torch.manual_seed(1)
    weights.save(tmp_path / "tiny.safetensors", build(CONFIG), SPEC)
    return tmp_path / "tiny.safetensors"


def test_the_header_rebuilds_the_network(file: Path) -> None:
    torch.manual_seed(1)
    original = build(CONFIG)
    network, spec = weights.load(file)
    assert spec == SPEC
    assert network.config == CONFIG
    for name, tensor in original.state_dict().items():
        assert torch.equal(network.state_dict()[name], tensor.half().float())
    assert list(file.parent.iterdir()) == [file]


def older(network: dict[str, object]) -> dict[str, str]:
    header = {"spec": msgspec.to_builtins(SPEC), "network": msgspec.to_builtins(CONFIG) | network}
    return {"aigan": msgspec.json.encode(header).decode()}


def test_a_header_may_have_fields_that_are_no_more_where_they_said_what_is_so_now(tmp_path: Path) -> None:
    path, tensors = tmp_path / "old.safetensors", build(CONFIG).state_dict()
    weights.write_safetensors(path, tensors, older({"edge": "zeros", "overview": False}))
    assert weights.load(path)[0].config == CONFIG
    for other in ({"edge": "replicate"}, {"overview": True}, {"unheard": "of"}):
        weights.write_safetensors(path, tensors, older(other))
        with pytest.raises(AiganError, match=f"not AI-GAN weights .*{next(iter(other))}"):
            weights.load(path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b"",
        lambda b: b[:50],
        lambda b: b[:-7],
        lambda b: b.replace(b'\\"channels\\":3', b'\\"channels\\":7'),
        lambda b: b.replace(b'\\"widths\\":[4,6]', b'\\"widths\\":[4,9]'),
        lambda b: b.replace(b"aigan", b"nagia"),
        lambda b: bytes(reversed(b)),
    ],
)
def test_damaged_files_are_one_sentence(file: Path, damage: object) -> None:
    before = file.read_bytes()
    file.write_bytes(damage(before))  # type: ignore[operator]
    assert file.read_bytes() != before
    with pytest.raises(AiganError, match="tiny") as caught:
        weights.load(file)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_missing_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(AiganError, match="cannot be written"):
        weights.write_safetensors(tmp_path / "nowhere" / "tiny.safetensors", {}, {})


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(AiganError, match="no such weights file"):
        weights.load(tmp_path / "nothing.safetensors")

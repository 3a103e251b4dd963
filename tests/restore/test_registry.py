from __future__ import annotations

import pytest

from aigan.errors import AiganError
from aigan.restore import registry
from aigan.restore.registry import find, shipped, unquantized


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("denoise-s", "denoise-s-int8", "denoise-m", "denoise-gray-s", "derain-s", "dehaze-m-int8"):
        (tmp_path / f"{name}.onnx").touch()
    monkeypatch.setattr(registry, "FOLDER", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("model", "gray", "name"),
    [
        ("denoise", False, "denoise-s"),
        ("denoise", True, "denoise-gray-s"),
        ("denoise-m", True, "denoise-m"),
        ("denoise-gray", False, "denoise-gray-s"),
        ("derain", True, "derain-s"),
        ("denoise-s-int8", False, "denoise-s-int8"),
    ],
)
def test_names_stand_for_the_default_size_and_gray_for_the_gray_model(folder, model, gray, name) -> None:
    assert find(model, gray=gray) == folder / f"{name}.onnx"


def test_a_file_is_taken_as_it_is(folder) -> None:
    assert find(folder / "derain-s.onnx", gray=True) == folder / "derain-s.onnx"


@pytest.mark.parametrize("model", ["dehaze", "dehaze-m", "denoise-int8", "../derain-s", "", "missing.onnx"])
def test_what_is_not_there_is_answered_with_what_is(folder, model) -> None:
    with pytest.raises(AiganError, match="derain-s"):
        find(model)


def test_shipped_are_in_order(folder) -> None:
    assert shipped() == ["dehaze-m-int8", "denoise-gray-s", "denoise-m", "denoise-s", "denoise-s-int8", "derain-s"]


def test_an_int8_variant_is_of_the_network_beside_it(folder) -> None:
    assert unquantized(find("denoise-s-int8")) == unquantized(find("denoise-s")) == find("denoise-s")

from __future__ import annotations

from pathlib import Path

import pytest

from aigan.restore import fastest, loading
from tests.conftest import NetworkFile


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for caches, where nothing is yet; both backends count as installed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(fastest, "find_spec", lambda name: True)
    monkeypatch.setattr(fastest, "_machine", lambda: "this one")
    return tmp_path


def test_what_is_remembered_is_taken_for_that_model_only(cache) -> None:
    assert fastest.backend_for("denoise-s") == "onnx"
    assert fastest.remember({"denoise-s": "openvino"})
    assert fastest.remember({"derain-s": "onnx"})
    assert fastest.backend_for("denoise-s") == "openvino"
    assert fastest.backend_for("derain-s") == fastest.backend_for("dehaze-s") == "onnx"


def test_another_machine_or_version_counts_for_nothing(cache, monkeypatch) -> None:
    fastest.remember({"denoise-s": "openvino"})
    monkeypatch.setattr(fastest, "_machine", lambda: "another one")
    assert fastest.backend_for("denoise-s") == "onnx"
    fastest.remember({"derain-s": "openvino"})
    assert fastest.backend_for("derain-s") == "openvino"
    assert fastest.backend_for("denoise-s") == "onnx"


def test_what_is_no_longer_installed_is_not_taken(cache, monkeypatch) -> None:
    fastest.remember({"denoise-s": "openvino"})
    monkeypatch.setattr(fastest, "find_spec", lambda name: None)
    assert fastest.backend_for("denoise-s") == "onnx"


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"machine": "this one", "fastest": {"denoise-s": "abacus"}}', b"\xff"]
)
def test_a_damaged_file_is_ignored_and_replaced(cache, content) -> None:
    fastest.file().parent.mkdir()
    fastest.file().write_bytes(content)
    assert fastest.backend_for("denoise-s") == "onnx"
    assert fastest.remember({"denoise-s": "openvino"})
    assert fastest.backend_for("denoise-s") == "openvino"


def test_a_cache_that_cannot_be_written_is_no_error(cache, monkeypatch) -> None:
    (cache / "aigan").write_text("a file where the folder should be")
    assert not fastest.remember({"denoise-s": "openvino"})
    assert fastest.backend_for("denoise-s") == "onnx"


def test_a_relative_cache_is_not_taken(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert fastest.file() == tmp_path / ".cache/aigan/backends.json"


def test_auto_opens_the_backend_that_is_remembered(cache, network_file: NetworkFile) -> None:
    pytest.importorskip("openvino")
    file = network_file()
    names = []
    for backend in ("onnx", "openvino"):
        fastest.remember({file.stem: backend})
        names.append(type(loading.open_restorer(str(file), channels=3)).__name__)
    assert names == ["OnnxRestorer", "OpenVinoRestorer"]

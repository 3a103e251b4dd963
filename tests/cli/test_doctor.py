from __future__ import annotations

import sys

from typer.testing import CliRunner

from aigan.cli.commands import gather
from aigan.restore import backends, registry
from aigan.restore.doctor import examine


def test_says_what_is_there_and_how_fast(network_file, tmp_path, monkeypatch) -> None:
    (tmp_path / "denoise-s.onnx").write_bytes(network_file("blur").read_bytes())
    (tmp_path / "derain-s.onnx").write_bytes(b"damaged")
    monkeypatch.setattr(registry, "FOLDER", tmp_path)
    done = CliRunner().invoke(gather(), ["doctor"])
    assert done.exit_code == 0
    for text in (
        "onnxruntime",
        "CPUExecutionProvider",
        "backend openvino",
        "backend torch",
        "devices",
        "ms for a picture of 481 × 321",
        "derain-s.onnx is no ONNX file",
    ):
        assert text in done.stdout


def test_missing_extras_come_with_the_command_that_installs_them(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(registry, "FOLDER", tmp_path)
    monkeypatch.setattr("aigan.restore.doctor.metadata.requires", lambda name: ['nosuchpackage>=1; extra == "raw"'])
    findings = {finding.name: finding for finding in examine()}
    assert findings["extra raw"].value == "nosuchpackage not installed"
    assert findings["extra raw"].advice == "pip install 'aigan[raw]'"
    assert findings["models"].advice


def test_backends_that_are_missing_come_with_the_command_too(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(registry, "FOLDER", tmp_path)
    for backend in ("openvino", "torch"):
        monkeypatch.setitem(sys.modules, backend, None)
        monkeypatch.delitem(sys.modules, f"aigan.restore.backends.{backend}", raising=False)
        monkeypatch.delattr(backends, backend, raising=False)
    findings = {finding.name: finding for finding in examine()}
    assert findings["backend openvino"].advice == "pip install 'aigan[openvino]'"
    assert findings["backend torch"].advice == "pip install 'aigan[train]'"
    assert findings["devices"].value == "cpu"

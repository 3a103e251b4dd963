from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aigan.errors import AiganError
from aigan.restore.backends import onnx


def test_computes_only_what_is_asked_for(network_file) -> None:
    path = network_file("blur")
    pixels = np.random.default_rng(0).random((5, 7, 3), np.float32)
    full, lean = onnx.load(path)(pixels), onnx.load(path, parts=())(pixels)
    np.testing.assert_array_equal(full.original, lean.original)
    np.testing.assert_allclose(lean.interference, pixels - lean.original)
    assert full.original.shape == full.interference.shape == (5, 7, 3)
    assert full.expected_error.shape == (5, 7)
    assert lean.expected_error is None


def test_the_spec_is_read_with_and_without_a_session(network_file) -> None:
    path = network_file("blocks", licence="CC0-1.0")
    assert onnx.read_spec(path) == onnx.load(path).spec
    assert onnx.read_spec(path).licence == "CC0-1.0"


def damaged(path: Path, content: bytes, how: str) -> bytes:
    return {
        "empty": b"",
        "text": b"not a network",
        "cut short": content[: len(content) // 2],
        "without description": content.replace(b"aigan", b"other"),
        "of another task": content.replace(b'"denoise"', b'"paint!!"'),
        "with a bad size": content.replace(b'"multiple_of":8', b'"multiple_of":0'),
        "without a hash": content.replace(b"0" * 64, b"x" * 64),
        "with another input": content.replace(b"degraded", b"degrudad"),
        "without a step": content.replace(b"original_step1", b"original_step9"),
    }[how]


@pytest.mark.parametrize(
    "how",
    ["empty", "text", "cut short", "without description", "of another task", "with a bad size", "without a hash",
     "with another input", "without a step"],
)  # fmt: skip
def test_a_file_that_is_no_network_is_refused_in_a_sentence(network_file, tmp_path, how: str) -> None:
    path = tmp_path / "damaged.onnx"
    path.write_bytes(damaged(path, network_file("blocks").read_bytes(), how))
    with pytest.raises(AiganError, match=r"damaged\.onnx") as caught:
        onnx.load(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(AiganError, match=r"nowhere\.onnx"):
        onnx.load(tmp_path / "nowhere.onnx")


def test_a_picture_that_does_not_fit_is_a_memory_error(network_file) -> None:
    class Session:
        def run(self, *_: object) -> None:
            raise RuntimeError("Failed to allocate memory for requested buffer of size 1")

    restorer = onnx.OnnxRestorer(Session(), onnx.read_spec(network_file()), ())
    with pytest.raises(MemoryError):
        restorer(np.zeros((1, 1, 3), np.float32))


@pytest.mark.parametrize(("wish", "kept"), [(None, "1"), ("0", "0")])
def test_onnx_runtime_reports_to_nobody_unless_the_user_wants_it(wish: str | None, kept: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    if wish:
        environment["ORT_DISABLE_TELEMETRY"] = wish
    code = "import aigan, os, sys; print('onnxruntime' in sys.modules, os.environ['ORT_DISABLE_TELEMETRY'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["False", kept]

"""The whole way from file to file, for every kind that can be written; and files that are damaged at random."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aigan.pictures import Form, read, write
from aigan.pictures.kinds import FORMATS
from aigan.restore.job import Job
from aigan.restore.naming import Item

LOSSLESS = ("PNG", "TIFF", "BMP", "PPM")
KINDS = [(format, depth) for format in FORMATS if format.name not in ("HEIC", "GIF") for depth in format.depths]


@pytest.mark.parametrize(("format", "depth"), KINDS, ids=[f"{format.name}-{depth}" for format, depth in KINDS])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("alpha", [False, True])
def test_kind_depth_channels_and_alpha_stay(network_file, tmp_path, format, depth, channels: int, alpha: bool) -> None:
    if alpha and not format.alpha:
        pytest.skip(f"{format.name} has no alpha")
    pixels = np.full((24, 31, channels), 0.4, np.float32)
    pixels[4:20, 5:25] = 0.6
    mask = np.linspace(0, 1, 24 * 31, dtype=np.float32).reshape(24, 31) if alpha else None
    source, target = (tmp_path / f"{name}{format.extensions[0]}" for name in ("source", "target"))
    write(pixels, source, form=Form(format=format.name, depth=depth), alpha=mask, quality=100)
    (result,) = Job(model=str(network_file("blur")), strength=0, quality=100).run([Item(source, target)])
    assert result.status == "restored", result.error
    before, after = read(source), read(target)
    assert (after.form.format, after.form.depth) == (format.name, depth)
    assert after.pixels.shape == before.pixels.shape
    assert (after.alpha is None) == (not alpha)
    if alpha:
        np.testing.assert_allclose(after.alpha, before.alpha, atol=1e-6 if format.name in LOSSLESS else 2 / 255)
    visible = slice(None) if mask is None else mask > 0.02
    atol = 1e-6 if format.name in LOSSLESS else 4 / 255
    np.testing.assert_allclose(after.pixels[visible], before.pixels[visible], atol=atol)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    pixels = np.random.default_rng(0).random((12, 17, 3), np.float32)
    for extension in (".png", ".jpg", ".webp", ".tif", ".bmp", ".ppm", ".gif"):
        write(pixels, folder / f"a{extension}")
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_fail_in_a_sentence_and_leave_nothing(network_file, tmp_path, whole, caplog, data) -> None:
    extension = data.draw(st.sampled_from(sorted(whole)))
    content = bytearray(whole[extension])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(0, len(content))) :]
    source, target = tmp_path / f"source{extension}", tmp_path / "target.png"
    source.write_bytes(content)
    target.unlink(missing_ok=True)
    (result,) = Job(model=str(network_file("blur"))).run([Item(source, target)])
    assert result.status == ("restored" if target.exists() else "failed")
    assert "Traceback" not in caplog.text  # a bug would be logged with one
    assert "\n" not in result.error
    assert {path.name for path in Path(tmp_path).iterdir()} <= {source.name, target.name, *_others(tmp_path, source)}


def _others(folder: Path, source: Path) -> set[str]:
    """What earlier examples left: sources of other kinds."""
    return {path.name for path in folder.glob("source.*")} - {source.name}

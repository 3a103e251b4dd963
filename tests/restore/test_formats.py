"""The whole way from file to file, for every kind that can be written; and files that are damaged at random."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from aigan.pictures import Form, read, write
from aigan.pictures.kinds import FORMATS
from aigan.restore import border
from aigan.restore.job import Job
from aigan.restore.loading import open_restorer
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


MODES = {  # of Pillow, and the kinds that hold them: what comes out has so many channels, and alpha or not
    "1": ("png tif bmp pbm", 1, False),
    "L": ("png tif jpg bmp pgm", 1, False),
    "I;16": ("png tif", 1, False),
    "LA": ("png tif", 1, True),
    "P": ("png tif gif bmp", 3, False),
    "P transparent": ("png gif", 3, True),
    "RGB": ("png tif jpg webp bmp ppm avif", 3, False),
    "RGBA": ("png tif webp avif", 3, True),
    "CMYK": ("jpg tif", 3, False),
}


@pytest.mark.parametrize(
    ("mode", "extension"), [(mode, extension) for mode, (kinds, *_) in MODES.items() for extension in kinds.split()]
)
def test_every_mode_comes_through_in_every_kind_that_holds_it(network_file, tmp_path, mode: str, extension) -> None:
    _, channels, alpha = MODES[mode]
    source, target = tmp_path / f"a.{extension}", tmp_path / f"b.{'png' if extension == 'gif' else extension}"
    _in_mode(mode).save(source, **({"transparency": 3} if mode == "P transparent" else {}))
    (result,) = Job(model=str(network_file("blocks")), tile=16).run([Item(source, target)])
    assert result.status == "restored", result.error
    given, restored = read(source), read(target)
    assert given.pixels.shape == restored.pixels.shape == (37, 45, channels)
    assert restored.form.depth == ("uint16" if mode == "I;16" else "uint8")
    assert (given.alpha is not None) == (restored.alpha is not None) == alpha
    seen = border.seen(given.pixels, given.alpha)
    direct = open_restorer(str(network_file("blocks")), channels=channels)(seen)
    visible = slice(None) if given.alpha is None else given.alpha > 0.1
    expected = border.restored(given.pixels, given.alpha, direct, 1.0)
    assert np.abs(restored.pixels - expected)[visible].mean() < (0.02 if extension in LOSSY else 0.003)


LOSSY = "jpg", "webp", "avif"


def _in_mode(mode: str) -> Image.Image:
    """Smooth colours, smooth alpha, in a mode."""
    y, x = np.mgrid[:37, :45]
    values = np.stack([5 * x, 6 * y, 2 * x + 3 * y, 255 - 4 * x], axis=2).astype(np.uint8)
    colours = Image.fromarray(values)
    if mode == "I;16":
        return Image.fromarray(values[..., 0].astype(np.uint16) * 256 + 77)
    if mode.startswith("P"):
        return colours.convert("RGB").quantize(16)
    return colours if mode == "RGBA" else colours.convert("LA" if mode == "LA" else "RGB").convert(mode)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    channels=st.sampled_from([1, 3]),
    alpha=st.booleans(),
    kind=st.sampled_from([("PNG", "uint8"), ("PNG", "uint16"), *(("TIFF", d) for d in ("uint8", "uint16", "float32"))]),
    tile=st.sampled_from(["auto", "none", 8, 16]),
    strength=st.sampled_from([0.0, 0.5, 1.0]),
    seed=st.integers(0, 99),
)
def test_any_size_mode_and_depth_gives_what_the_network_gives(
    network_file, tmp_path, size, channels: int, alpha: bool, kind, tile, strength: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    pixels = random.random((*size, channels), np.float32)
    mask = random.random(size, np.float32).round(1) if alpha else None
    source, target = (tmp_path / f"{name}.{'png' if kind[0] == 'PNG' else 'tif'}" for name in ("source", "target"))
    write(pixels, source, form=Form(format=kind[0], depth=kind[1]), alpha=mask, overwrite=True)
    model = str(network_file("blocks"))
    job = Job(model=model, tile=tile, tile_exact=True, strength=strength, overwrite=True)
    (result,) = job.run([Item(source, target)])
    assert result.status == "restored", result.error
    given, restored = read(source), read(target)
    direct = open_restorer(model, channels=channels)(border.seen(given.pixels, given.alpha))
    step = {"uint8": 0.51 / 255, "uint16": 0.51 / 65_535, "float32": 1e-5}[kind[1]]
    if given.alpha is None:
        np.testing.assert_allclose(
            restored.pixels, border.restored(given.pixels, None, direct, strength), atol=step + 1e-5
        )
    else:  # colours under transparency are filled in from what the band shows
        np.testing.assert_array_equal(restored.alpha, given.alpha)
        np.testing.assert_array_equal(restored.pixels[given.alpha == 0], given.pixels[given.alpha == 0])
    assert (restored.form.format, restored.form.depth) == kind


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    pixels = np.random.default_rng(0).random((12, 17, 3), np.float32)
    for extension in (".png", ".jpg", ".webp", ".tif", ".avif", ".bmp", ".ppm", ".gif"):
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

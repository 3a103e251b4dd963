from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aigan.decomposition import Context, Decomposition, ModelSpec
from aigan.errors import AiganError, UsageError
from aigan.pictures import Form, read, write
from aigan.restore import job as job_module
from aigan.restore.inspect import decide
from aigan.restore.job import Job
from aigan.restore.loading import open_restorer
from aigan.restore.naming import plan
from aigan.restore.untouched import Untouched

ALL = ("original", "interference", "error", "comparison")


@pytest.fixture
def pixels():
    return np.random.default_rng(0).random((40, 52, 3), np.float32)


@pytest.fixture
def photo(tmp_path, pixels) -> Path:
    path = tmp_path / "photo.png"
    write(pixels, path)
    return path


@pytest.fixture
def model(network_file) -> str:
    return str(network_file("blocks"))


def run(job: Job, source: Path, out: Path, **options: str):
    return list(job.run(plan([source], out, **options)))


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_writes_the_result_and_its_companions(photo, model, tmp_path) -> None:
    (result,) = run(Job(model=model, save=ALL), photo, tmp_path / "out")
    assert result.status == "restored"
    assert (result.width, result.height, result.model) == (52, 40, "blocks")
    assert files(tmp_path / "out") == ["photo.comparison.png", "photo.error.png", "photo.interference.png", "photo.png"]
    assert {part: Path(path).name for part, path in result.outputs.items()}["error"] == "photo.error.png"
    degraded, original, interference = (
        read(path).pixels for path in (photo, result.outputs["original"], result.outputs["interference"])
    )
    np.testing.assert_allclose(original + 2 * (interference - 0.5), degraded, atol=2 / 255)
    assert read(result.outputs["error"]).pixels.shape == (40, 52, 1)
    assert read(result.outputs["comparison"]).pixels.shape[1] > 4 * 52
    assert set(result.seconds) == {"reading", "restoring", "writing"}


def test_bands_give_what_the_whole_gives(photo, model, tmp_path) -> None:
    run(Job(model=model, save=ALL, tile="none"), photo, tmp_path / "whole")
    run(Job(model=model, save=ALL, tile=8, tile_exact=True), photo, tmp_path / "tiles")
    for name in ("photo.png", "photo.interference.png", "photo.comparison.png"):
        np.testing.assert_array_equal(read(tmp_path / "whole" / name).pixels, read(tmp_path / "tiles" / name).pixels)


@pytest.mark.parametrize("strength", [0.0, 0.5])
def test_strength(photo, pixels, model, tmp_path, strength: float) -> None:
    run(Job(model=model), photo, tmp_path / "full")
    run(Job(model=model, strength=strength), photo, tmp_path / "part")
    degraded, full, part = (
        read(path).pixels for path in (photo, tmp_path / "full/photo.png", tmp_path / "part/photo.png")
    )
    np.testing.assert_allclose(part, degraded - strength * (degraded - full), atol=1.01 / 255)


def test_sixteen_bits_stay_sixteen(pixels, model, tmp_path) -> None:
    from dataclasses import replace

    from aigan.pictures import Form

    write(pixels, tmp_path / "deep.tif", form=replace(Form(format="TIFF"), depth="uint16"))
    run(Job(model=model, save=ALL[:3]), tmp_path / "deep.tif", tmp_path / "out")
    for name in files(tmp_path / "out"):
        assert read(tmp_path / "out" / name).form.depth == "uint16"


def test_gray_stays_gray_and_alpha_as_it_is(pixels, model, tmp_path) -> None:
    alpha = (np.arange(40 * 52, dtype=np.float32).reshape(40, 52) % 256) / 255
    write(pixels[..., :1], tmp_path / "gray.png", alpha=alpha)
    run(Job(model=model), tmp_path / "gray.png", tmp_path / "out")
    result = read(tmp_path / "out/gray.png")
    assert result.pixels.shape == (40, 52, 1)
    np.testing.assert_array_equal(result.alpha, read(tmp_path / "gray.png").alpha)


def test_one_bad_file_does_not_stop_the_batch(photo, model, tmp_path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"")
    (folder / "b.png").write_bytes(photo.read_bytes())
    (folder / "c.png").write_bytes(photo.read_bytes()[:2000])
    results = run(Job(model=model), folder, tmp_path / "out")
    assert [result.status for result in results] == ["failed", "restored", "failed"]
    assert "a.png" in results[0].error
    assert files(tmp_path / "out") == ["b.png"]


def test_a_missing_file_is_named(model, tmp_path) -> None:
    (result,) = run(Job(model=model), tmp_path / "nowhere.png", tmp_path / "out")
    assert result.status == "failed"
    assert "nowhere.png" in result.error
    assert not (tmp_path / "out").exists()


def test_a_bug_is_one_failed_picture_too(photo, model, tmp_path, monkeypatch, caplog) -> None:
    monkeypatch.setattr(job_module, "open_strips", lambda path: 1 / 0)
    (result,) = run(Job(model=model), photo, tmp_path / "out")
    assert result.status == "failed"
    assert str(photo) in result.error
    assert "ZeroDivisionError" in caplog.text


def test_a_model_that_is_not_there_stops_before_the_first_picture(photo, tmp_path) -> None:
    with pytest.raises(AiganError, match="no model"):
        run(Job(model="derain-xxl"), photo, tmp_path / "out")


def test_nothing_is_overwritten_unless_asked_for(photo, model, tmp_path) -> None:
    out = tmp_path / "out"
    run(Job(model=model), photo, out)
    (out / "photo.png").write_bytes(b"mine")
    (result,) = run(Job(model=model), photo, out)
    assert result.status == "failed"
    assert "--overwrite" in result.error
    assert (out / "photo.png").read_bytes() == b"mine"
    assert run(Job(model=model, overwrite=True), photo, out)[0].status == "restored"
    assert (out / "photo.png").read_bytes() != b"mine"


def test_resume_makes_what_is_missing_and_nothing_else(photo, model, tmp_path) -> None:
    out = tmp_path / "out"
    run(Job(model=model), photo, out)
    (out / "photo.png").write_bytes(b"mine")
    (result,) = run(Job(model=model, save=("original", "error"), resume=True), photo, out)
    assert list(result.outputs) == ["error"]
    assert files(out) == ["photo.error.png", "photo.png"]
    assert (out / "photo.png").read_bytes() == b"mine"
    assert run(Job(model=model, save=("original", "error"), resume=True), photo, out)[0].status == "skipped"


@pytest.mark.parametrize("name", ["photo.png", "link.png"])
def test_a_source_is_never_overwritten(photo, model, tmp_path, name: str) -> None:
    if name == "link.png":
        (tmp_path / name).symlink_to(photo)
    before = photo.read_bytes()
    (result,) = run(Job(model=model, overwrite=True), photo, tmp_path / name)
    assert result.status == "failed"
    assert "never overwritten" in result.error
    assert photo.read_bytes() == before


def test_an_interrupted_picture_leaves_nothing(photo, model, tmp_path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    items = plan([photo], tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        list(Job(model=model, save=ALL, tile=16).run(items, on_progress=interrupt))
    assert files(tmp_path / "out") == []


def test_a_folder_that_cannot_be_made_is_named(photo, model, tmp_path) -> None:
    (tmp_path / "out").write_text("a file")
    (result,) = run(Job(model=model), photo, tmp_path / "out")
    assert result.status == "failed"
    assert "folder" in result.error


def test_progress_is_in_pixels(photo, model, tmp_path) -> None:
    seen: list[tuple[int, int]] = []
    items = plan([photo], tmp_path / "out")
    list(Job(model=model, tile=16).run(items, on_progress=lambda *done: seen.append(done)))
    assert len(seen) == 3 * 4
    assert seen[-1] == (40 * 52, 40 * 52)


def test_self_ensemble(photo, model, tmp_path) -> None:
    run(Job(model=model), photo, tmp_path / "one")
    run(Job(model=model, tta=True), photo, tmp_path / "eight")
    difference = np.abs(read(tmp_path / "one/photo.png").pixels - read(tmp_path / "eight/photo.png").pixels)
    assert difference.max() < 1.5 / 255  # this network is symmetric


@pytest.fixture
def models(network_file, tmp_path, monkeypatch):
    folder = tmp_path / "weights"
    folder.mkdir()
    for task in ("derain", "dehaze", "denoise"):
        (folder / f"{task}-s.onnx").write_bytes(network_file("blur", name=f"{task}-s", task=task).read_bytes())
    monkeypatch.setattr("aigan.restore.registry.FOLDER", folder)


def test_auto_chooses_for_each_picture_and_says_why(models, photo, tmp_path) -> None:
    write(np.full((40, 52, 3), 0.1, np.float32), tmp_path / "clear.png")
    items = plan([photo, tmp_path / "clear.png"], tmp_path / "out")
    noisy, clear = Job(save=("original", "interference", "error")).run(items)
    assert (noisy.model, clear.model) == ("denoise-s", "none")
    assert noisy.notes[0].startswith("denoise: white noise")
    assert clear.notes[0].startswith("left as it is:")
    np.testing.assert_array_equal(read(tmp_path / "out/clear.png").pixels, read(tmp_path / "clear.png").pixels)
    assert read(tmp_path / "out/clear.error.png").pixels.max() == 0


def test_a_picture_that_is_left_as_it_is_is_the_very_file(models, tmp_path) -> None:
    write(np.linspace(0, 1, 40 * 52 * 3, dtype=np.float32).reshape(40, 52, 3), tmp_path / "clear.jpg", quality=60)
    source = tmp_path / "clear.jpg"
    assert run(Job(), source, tmp_path / "out")[0].outputs == {"original": str(tmp_path / "out/clear.jpg")}
    assert (tmp_path / "out/clear.jpg").read_bytes() == source.read_bytes()
    run(Job(strip_metadata=True), source, tmp_path / "stripped")
    assert (tmp_path / "stripped/clear.jpg").read_bytes() != source.read_bytes()
    run(Job(), source, tmp_path / "png", ext="png")
    np.testing.assert_array_equal(read(tmp_path / "png/clear.png").pixels, read(source).pixels)


def test_auto_once_decides_on_the_first_picture(models, photo, tmp_path) -> None:
    write(np.full((40, 52, 3), 0.1, np.float32), tmp_path / "clear.png")
    items = plan([photo, tmp_path / "clear.png"], tmp_path / "out")
    assert [result.model for result in Job(auto_once=True).run(items)] == ["denoise-s"] * 2


def test_auto_decides_once_on_each_picture_that_is_to_be_made(models, photo, pixels, tmp_path, monkeypatch) -> None:
    vanishing, there = tmp_path / "vanishing.png", tmp_path / "there.png"
    for path in (vanishing, there):
        write(pixels, path)
    items = plan([photo, vanishing, there], tmp_path / "out")
    vanishing.unlink()
    (tmp_path / "out").mkdir()
    write(pixels, tmp_path / "out/there.png")
    asked = []
    monkeypatch.setattr(job_module, "decide", lambda source: asked.append(source.name) or decide(source))
    results = list(Job(resume=True).run(items))
    assert [result.status for result in results] == ["restored", "failed", "skipped"]
    assert results[0].notes == (f"denoise: {decide(photo).reason}",)
    assert sorted(asked) == ["photo.png", "vanishing.png"]


def test_what_is_global_is_measured_once_on_a_thumbnail_and_handed_to_every_tile(photo, tmp_path, monkeypatch) -> None:
    seen: list[Context | None] = []

    class Airlight:
        """Removes the brightest value of the whole picture."""

        spec = ModelSpec(name="airlight", task="dehaze", channels=3, needs_context=True)

        def __call__(self, degraded, *, context=None):
            seen.append(context)
            veil = context.values * np.ones_like(degraded)
            return Decomposition(degraded, degraded - veil, veil)

        def context(self, whole):
            assert max(whole.shape) <= 32
            return Context(whole.max(axis=(0, 1)) / 2)

    monkeypatch.setattr(job_module, "CONTEXT_PX", 32)
    monkeypatch.setattr(job_module, "open_restorer", lambda *_, **__: Airlight())
    (result,) = run(Job(model="dcp", tile=16, save=("original", "interference")), photo, tmp_path / "out")
    assert result.status == "restored", result.error
    assert len(seen) == 12
    assert all(context is seen[0] for context in seen)
    removed = read(tmp_path / "out/photo.interference.png").pixels
    assert len(np.unique(removed.reshape(-1, 3), axis=0)) == 1


def test_a_restorer_without_expected_error_says_so(photo, tmp_path, monkeypatch) -> None:
    class Plain(Untouched):
        def __call__(self, degraded, *, context=None):
            return Decomposition(degraded, degraded, 0 * degraded)

    plain = Plain(ModelSpec(name="plain", task="derain", channels=3))
    monkeypatch.setattr(job_module, "open_restorer", lambda *_, **__: plain)
    (result,) = run(Job(model="id", save=("original", "error")), photo, tmp_path / "out")
    assert "leave error out of --save" in result.error
    assert files(tmp_path / "out") == []


def test_what_lies_beyond_white_in_floating_point_is_kept(model, tmp_path) -> None:
    pixels = np.full((40, 52, 3), 0.5, np.float32)
    pixels[10:20] = 3
    pixels[30:, :9] = -0.25
    write(pixels, tmp_path / "hdr.tif", form=Form(format="TIFF", depth="float32"))
    run(Job(model=model, strength=0), tmp_path / "hdr.tif", tmp_path / "same")
    np.testing.assert_array_equal(read(tmp_path / "same/hdr.tif").pixels, pixels)
    (result,) = run(Job(model=model, save=("original", "interference")), tmp_path / "hdr.tif", tmp_path / "out")
    restored, stored = (read(path).pixels for path in result.outputs.values())
    np.testing.assert_allclose(restored, np.clip(pixels - 2 * (stored - 0.5), -0.25, 3), atol=1e-5)
    assert restored.max() > 2.5
    run(Job(model=model), tmp_path / "hdr.tif", tmp_path / "png", ext="png")
    np.testing.assert_allclose(read(tmp_path / "png/hdr.png").pixels, restored.clip(0, 1), atol=1e-5)


def test_backend_device_and_precision_reach_the_model(photo, model, tmp_path, monkeypatch) -> None:
    asked = []

    def opened(name, **options):
        asked.append(options)
        return open_restorer(name, channels=options["channels"])

    monkeypatch.setattr(job_module, "open_restorer", opened)
    run(Job(model=model, backend="onnx", device="cpu", precision="fp32"), photo, tmp_path / "out")
    assert [(one["backend"], one["device"], one["precision"]) for one in asked] == [("onnx", "cpu", "fp32")]
    with pytest.raises(UsageError, match="fp32"):
        run(Job(model=model, backend="onnx", precision="bf16"), photo, tmp_path / "more")
    with pytest.raises(UsageError, match="fp32"):
        run(Job(backend="onnx", precision="bf16"), photo, tmp_path / "more")
    assert not (tmp_path / "more").exists()


def test_floats_of_another_scale_are_noted(pixels, model, tmp_path) -> None:
    for name, scale in (("a.tif", 1), ("b.tif", 255)):
        write(pixels * np.float32(scale), tmp_path / name, form=Form(format="TIFF", depth="float32"))
        (result,) = run(Job(model=model), tmp_path / name, tmp_path / "out")
        assert any("outside [0, 1]" in note for note in result.notes) == (scale == 255)

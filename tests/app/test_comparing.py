from pathlib import Path

import numpy as np
import pytest

from aigan.app import comparing
from aigan.app.work import Watch
from aigan.errors import AiganError
from aigan.evaluate.metrics import psnr
from aigan.pictures import read
from tests.app.conftest import picture
from tests.conftest import NetworkFile


def compared(
    source: Path, clean: Path | None, folder: Path, *methods: str, seconds: float = 60
) -> list[comparing.Compared]:
    return list(
        comparing.compare(source, clean, folder, chosen=methods, sigma_255=20, max_pixels=10_000, watch=Watch(seconds))
    )


def test_each_method_has_its_picture_and_its_figure(tmp_path: Path, network_file: NetworkFile) -> None:
    source, clean = picture(tmp_path / "a.png", 1), picture(tmp_path / "b.png", 2)
    model = str(network_file())
    given, restored = compared(source, clean, tmp_path, model)
    assert given.method == "as given"
    assert given.psnr == pytest.approx(psnr(255 * read(source).pixels, 255 * read(clean).pixels))
    assert restored.picture
    assert restored.psnr == pytest.approx(psnr(255 * read(restored.picture).pixels, 255 * read(clean).pixels), abs=1e-3)
    assert np.array_equal(read(str(given.picture)).pixels, read(source).pixels)


def test_without_a_clean_picture_there_is_no_figure(tmp_path: Path) -> None:
    (given,) = compared(picture(tmp_path / "a.png"), None, tmp_path)
    assert given.psnr is None
    assert given.picture


def test_a_method_that_fails_does_not_stop_the_rest(tmp_path: Path, network_file: NetworkFile) -> None:
    source, model = picture(tmp_path / "a.png"), str(network_file())
    _, failed, restored = compared(source, None, tmp_path, "no-such-model", model)
    assert failed.picture is None
    assert failed.error.startswith("there is no model no-such-model")
    assert restored.picture
    _, late = compared(source, None, tmp_path, model, seconds=0)
    assert "longer than" in late.error


def test_what_is_stopped_is_stopped_as_a_whole(tmp_path: Path, network_file: NetworkFile) -> None:
    watch, model = Watch(60), str(network_file())
    results = comparing.compare(
        picture(tmp_path / "a.png"),
        None,
        tmp_path,
        chosen=[model, model],
        sigma_255=20,
        max_pixels=10_000,
        watch=watch,
    )
    assert next(results).picture
    assert next(results).picture
    watch.stopped = True
    with pytest.raises(AiganError, match="stopped"):
        next(results)


def test_pictures_that_do_not_fit_together(tmp_path: Path) -> None:
    source = picture(tmp_path / "a.png")
    for clean in (picture(tmp_path / "b.png", size=(30, 20)), picture(tmp_path / "c.png", channels=1)):
        with pytest.raises(AiganError, match=r"the clean picture is \d+ × \d+ px in .* and the other 56 × 40 px"):
            compared(source, clean, tmp_path)


def test_only_what_can_be_run_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "derain-s" in comparing.methods()
    assert not {"bm3d", "dcp", "dncnn-s"} & {*comparing.methods()}

from __future__ import annotations

import json
import stat
from pathlib import Path

import numpy as np
import pytest

from aigan.errors import AiganError, UsageError
from aigan.pictures import read, write
from aigan.pictures.form import Form
from aigan.study.ballots import Ballots
from aigan.study.create import create_study
from aigan.study.manifest import Method, methods_for, pictures_for, read_study
from tests.study.conftest import METHODS, Make, tokens_of


@pytest.fixture
def rainy(tmp_path: Path) -> Path:
    (tmp_path / "rainy").mkdir()
    rng = np.random.default_rng(0)
    write(rng.random((12, 16, 3), np.float32), tmp_path / "rainy/a.png")
    write(rng.random((10, 9, 1), np.float32), tmp_path / "rainy/b.png", form=Form(format="PNG", depth="uint16"))
    return tmp_path / "rainy"


def test_a_study_holds_all_results_under_names_that_say_nothing(make: Make) -> None:
    folder = make(pictures=3, assessors=5)
    study = read_study(folder)
    assert study.names == METHODS
    files = {path.name for path in (folder / "pictures").iterdir()}
    assert len(files) == 15
    for number, shown in enumerate(study.pictures):
        assert (shown.name, shown.width, shown.height) == (f"{number:02}.png", 6, 4)
        for place, name in enumerate((shown.degraded, *(shown.outputs[method] for method in METHODS))):
            assert f"{name}.png" in files
            picture = read(folder / "pictures" / f"{name}.png")
            assert np.all(picture.pixels * 255 == place + 5 * number)
    invitations = (folder / "invitations.txt").read_text()
    assert not any(word in json.dumps([*files]) + invitations for word in METHODS)
    assert "00.png" not in files  # as a whole name: a random one may end so
    assert "00.png" not in invitations


def test_invitations_are_secrets_and_the_database_holds_none(make: Make) -> None:
    folder = make(assessors=40)
    tokens = tokens_of(folder)
    assert len(set(tokens)) == 40
    assert min(map(len, tokens)) >= 22  # 128 bits
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    stored = (folder / "ballots.sqlite3").read_bytes()
    assert not any(token.encode() in stored for token in tokens)
    ballots = Ballots(folder / "ballots.sqlite3")
    assessors = [ballots.assessor(token) for token in tokens]
    ballots.close()
    numbers = [assessor.id for assessor in assessors if assessor]
    assert sorted(numbers) == [*range(1, 41)]
    assert numbers != sorted(numbers)  # a number does not say which line the invitation was on
    assert len({assessor.seed for assessor in assessors if assessor}) == 40


def test_models_run_on_colour_gray_and_16_bits(rainy: Path, network_file, tmp_path: Path) -> None:
    blur = str(network_file())
    ready = tmp_path / "ready"
    for picture in rainy.iterdir():
        write(1 - read(picture).pixels, ready_file(ready, picture.stem), quality=100)
    study = create_study(
        tmp_path / "made/study",
        methods=["none", f"blur={blur}", f"inverse={ready}", "dcp"],
        pictures=rainy,
        task="dehaze",
    )
    folder = tmp_path / "made/study"
    for shown in study.pictures:
        degraded, none, blurred, inverse = (
            read(folder / "pictures" / f"{name}.png").pixels
            for name in (shown.degraded, *(shown.outputs[name] for name in ("none", "blur", "inverse")))
        )
        np.testing.assert_array_equal(none, degraded)
        assert np.abs(blurred - degraded).mean() > 0.05
        np.testing.assert_allclose(inverse[..., :1], 1 - degraded[..., :1], atol=0.2)
    assert study.methods[1] == Method(name="blur", source=blur)
    assert "how little haze is left" in study.question
    assert "2 pictures" in study.consent
    assert "A B C D" in study.consent
    assert read_study(folder) == study


def ready_file(folder: Path, stem: str) -> Path:
    folder.mkdir(exist_ok=True)
    return folder / f"{stem}.bmp"  # the extension may differ


def test_orders_differ_between_assessors_and_stay_for_each(make: Make) -> None:
    study = read_study(make(pictures=10))
    orders = {tuple(methods_for(study.pictures[0], str(seed))) for seed in range(200)}
    assert len(orders) == 24  # all there are
    first = [methods_for(shown, "a")[0] for shown in study.pictures]
    assert len(set(first)) > 1  # and between pictures
    assert pictures_for(study, "a") == pictures_for(study, "a") != pictures_for(study, "b")
    counts = {name: sum(methods_for(study.pictures[0], str(s))[0] == name for s in range(2000)) for name in METHODS}
    assert min(counts.values()) > 430  # of 500, five deviations


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"methods": ["none"]}, UsageError, "name 2 to 9 methods"),
        ({"methods": ["none", "none"]}, UsageError, "each once"),
        ({"methods": ["none", "nothing"]}, AiganError, "there is no model nothing"),
        ({"methods": ["none", ""]}, UsageError, "is no method"),
        ({"methods": ["none", "a="]}, UsageError, "is no method"),
        ({"methods": ["none", "a=missing"]}, AiganError, "there is no model missing"),
        ({"methods": ["none", "a" * 65]}, UsageError, "at most 64 letters"),
        ({"methods": ["none", "bm3d"]}, AiganError, "must be told how strong the noise is"),
        ({"url": "example.org"}, UsageError, "no address of a server"),
        ({"pictures": Path("missing")}, AiganError, "missing is no folder"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_leaves_nothing(
    rainy: Path, tmp_path: Path, changes: dict, error: type[AiganError], words: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(error, match=words):
        create_study(tmp_path / "study", **{"methods": ["none", "dcp"], "pictures": rainy, **changes})
    assert sorted(tmp_path.rglob("*")) == before


def test_ready_pictures_must_be_all_there_and_of_the_same_size(rainy: Path, tmp_path: Path) -> None:
    write(np.zeros((12, 16, 3), np.float32), ready_file(tmp_path / "ready", "a"))
    methods = ["none", f"x={tmp_path / 'ready'}"]
    with pytest.raises(AiganError, match=r"lacks the results of b\.png"):
        create_study(tmp_path / "study", methods=methods, pictures=rainy)
    write(np.zeros((12, 16, 3), np.float32), ready_file(tmp_path / "ready", "b"))
    with pytest.raises(AiganError, match=r"b\.bmp \(16×12\) and .*b\.png \(9×10\) differ in size"):
        create_study(tmp_path / "study", methods=methods, pictures=rainy)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rainy", "ready"]


def test_a_study_is_never_overwritten(make: Make, tmp_path: Path) -> None:
    folder = make()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(AiganError, match="never overwritten"):
        create_study(folder, methods=["none", "dcp"], pictures=tmp_path)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_damaged_manifest_is_one_sentence(make: Make, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no study"):
        read_study(tmp_path)
    folder = make()
    manifest = json.loads((folder / "study.json").read_text())
    manifest["pictures"][0]["degraded"] = "../../../etc/passwd"
    (folder / "study.json").write_text(json.dumps(manifest))
    with pytest.raises(AiganError, match=r"study\.json is damaged.*degraded"):
        read_study(folder)
    del manifest["pictures"][0]["outputs"]["s-gan"]
    manifest["pictures"][0]["degraded"] = "0" * 32
    (folder / "study.json").write_text(json.dumps(manifest))
    with pytest.raises(AiganError, match="one output of every picture"):
        read_study(folder)

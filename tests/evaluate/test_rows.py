from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

import aigan
from aigan.baselines import registry
from aigan.baselines.registry import Baseline
from aigan.errors import AiganError
from aigan.evaluate import rows
from aigan.evaluate.measure import Item
from aigan.evaluate.rows import Journal, Measured, identity_of

NetworkFile = Callable[..., Path]


def picture(name: str) -> Measured:
    return Measured(
        method="input",
        identity="1",
        benchmark="set12",
        sigma_255=25,
        seed=0,
        peak_memory_bytes=None,
        item=Item(name=name, psnr=20, ssim=0.5, psnr_y=None, ssim_y=None, seconds=0, cpu_seconds=0),
        version="0",
        commit="",
        machine="",
    )


def test_a_line_that_was_cut_short_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    assert journal.pictures == []
    journal.append(picture("a"))
    journal.append(picture("b"))
    journal.close()
    whole = path.read_bytes()
    for cut in (1, 40):
        path.write_bytes(whole[:-cut])
        journal = Journal(path)
        assert journal.pictures == [picture("a")]
        journal.append(picture("c"))
        journal.close()
        assert [msgspec.json.decode(line)["item"]["name"] for line in path.read_bytes().splitlines()] == ["a", "c"]


def test_equal_pictures_are_read_back(tmp_path: Path) -> None:
    equal = {"psnr": math.inf, "ssim": 1.0, "seconds": 0.0, "cpu_seconds": 0.0}
    gray = Item(name="gray", psnr_y=None, ssim_y=None, **equal)
    colour = Item(name="colour", psnr_y=math.inf, ssim_y=1, **equal)
    pictures = [msgspec.structs.replace(picture(""), item=item) for item in (gray, colour)]
    journal = Journal(tmp_path / "journal.jsonl")
    for one in pictures:
        journal.append(one)
    journal.close()
    again = Journal(tmp_path / "journal.jsonl")
    again.close()
    assert again.pictures == pictures


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"method": 1}\n')
    with pytest.raises(AiganError, match=r"journal\.jsonl is damaged.*delete it"):
        Journal(path)


def test_a_network_is_its_weights(network_file: NetworkFile) -> None:
    once, again, other = (identity_of(str(network_file(gain=gain)), gray=False) for gain in (1.0, 1.0, 2.0))
    assert once == again != other
    assert aigan.__version__ in once
    assert identity_of("denoise", gray=True) == identity_of("denoise-gray-s", gray=False)


def test_a_baseline_is_its_source_and_what_that_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "aigan_like"
    package.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(rows, "_PREFIX", "aigan_like.")
    monkeypatch.setitem(registry.BASELINES, "new", Baseline("dehaze", "new", "New"))
    for name, text in {
        "__init__": "",
        "new": "from aigan_like import helper\nfrom aigan_like.helper import thing\n",
        "helper": "import math\nthing = 1\n",
        "other": "",
    }.items():
        (package / f"{name}.py").write_text(text)
    before = identity_of("new", gray=False)
    (package / "other.py").write_text("changed = True")
    assert identity_of("new", gray=False) == before
    seen = {before}
    for name in ("new.py", "helper.py", "new.npz"):
        (package / name).write_bytes(b"changed = True\nfrom aigan_like import helper\n")
        seen.add(identity_of("new", gray=False))
    assert len(seen) == 4


def test_here_is_said_without_naming_the_host() -> None:
    here = rows.here()
    assert here.version == aigan.__version__
    assert "cores" in here.machine

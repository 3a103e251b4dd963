"""Data that shows a test scene of a benchmark that the configuration names is refused."""

from pathlib import Path

import pytest

from aigan.data.check import Seen
from aigan.errors import AiganError
from aigan.training import provenance
from tests.training.conftest import Configure


def test_a_test_scene_in_the_data_is_refused(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    def seen(paths: list[Path], benchmarks: object) -> list[Seen]:
        return [Seen(paths[0], "set12", "cameraman")]

    monkeypatch.setattr(provenance, "test_scenes_seen", seen)
    assert provenance.require_unseen(configure(benchmarks=("cbsd68",)), None) == ("set12",)
    with pytest.raises(AiganError, match=r"shows scene cameraman of set12.*without: \[set12\]"):
        provenance.require_unseen(configure(benchmarks=("set12",)), None)

"""Test scenes of the benchmarks that a configuration names are refused; what weights saw before is said."""

from pathlib import Path

import msgspec
import pytest
import torch

from aigan.data.check import Seen
from aigan.data.sources import Stores
from aigan.errors import AiganError
from aigan.network.presets import build
from aigan.training import provenance
from tests.training.conftest import Configure

STORES = Stores(torch.device("cpu"))


def test_a_test_scene_in_the_data_is_refused(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    def seen(paths: list[Path], benchmarks: object) -> list[Seen]:
        return [Seen(paths[0], "set12", "cameraman")]

    monkeypatch.setattr(provenance, "test_scenes_seen", seen)
    assert provenance.require_unseen(configure(benchmarks=("cbsd68",)), "", None, STORES) == ("set12",)
    with pytest.raises(AiganError, match=r"shows scene cameraman of set12.*without: \[set12\]"):
        provenance.require_unseen(configure(benchmarks=("set12",)), "", None, STORES)


def test_data_and_its_terms_are_inherited(configure: Configure) -> None:
    config = configure(data_terms="for research only")
    network = build(config.network)
    first = provenance.spec_of(config, network, (), "", 0)
    terms = "not for sale; for research only"
    older = msgspec.structs.replace(first, training_data=("older", "clean"), data_terms=terms)
    spec = provenance.spec_of(config, network, (), "older.safetensors", 0, begun=older)
    assert (first.training_data, first.data_terms) == (("clean",), "for research only")
    assert (spec.training_data, spec.data_terms) == (("older", "clean"), terms)

"""Configurations: read, checked by type, overridden; errors name the key."""

from pathlib import Path

import pytest

from aigan.errors import AiganError
from aigan.network.presets import PRESETS
from aigan.training.config import read_config

CONFIGS = Path(__file__).parents[2] / "configs"
COMMITTED = sorted({*CONFIGS.rglob("*.yaml")} - {*CONFIGS.glob("benchmark/*")})


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_committed_configurations_are_valid_and_say_what_they_are(path: Path) -> None:
    config = read_config(path)
    assert config.name == path.stem
    head = path.read_text().splitlines()[:4]
    assert all(any(line.startswith(f"# {word}:") for line in head) for word in ("Purpose", "Cost", "Command"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "one.yaml"
    path.write_text(
        "name: one\ntask: derain\nnetwork: {preset: plus-s, channels: 1}\n"
        "sources: [{kind: clean, folders: [{folder: a}], degrade: {noise: {}}}]\n"
    )
    return path


def test_a_configuration_like_another(file: Path) -> None:
    path = file.with_name("two.yaml")
    path.write_text("like: one.yaml\nname: two\nnetwork: {preset: plus-m}\n")
    one, two = read_config(file), read_config(path, ("steps=7",))
    assert (two.name, two.network, two.steps) == ("two", PRESETS["plus-m"], 7)
    assert two.sources == one.sources
    path.write_text("like: two.yaml\nname: two\n")
    with pytest.raises(AiganError, match="like itself"):
        read_config(path)
    path.write_text("like: three.yaml\nname: two\n")
    path.with_name("three.yaml").write_text("like: two.yaml\nname: three\n")
    with pytest.raises(AiganError, match="like itself"):
        read_config(path)
    path.with_name("three.yaml").unlink()
    with pytest.raises(AiganError, match=r"three\.yaml: there is no such configuration"):
        read_config(path)


def test_a_preset_with_changes(file: Path) -> None:
    network = read_config(file).network
    assert network.channels == 1
    assert network.widths == PRESETS["plus-s"].widths


def test_overrides_reach_into_structs_and_lists(file: Path) -> None:
    changes = (
        "steps=77",
        "optimiser.kind=adamw",
        "optimiser.muon_rate=8e-4",
        "sources.0.folders.0.folder=b",
        "network.widths=[8, 8, 8]",
    )
    config = read_config(file, changes)
    assert config.steps == 77
    assert config.optimiser.kind == "adamw"
    assert config.optimiser.muon_rate == 8e-4  # which YAML takes for a string
    assert config.sources[0].folders[0].folder == "b"
    assert config.network.widths == (8, 8, 8)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("steps=many", r"steps"),
        ("steps=0", r"steps"),
        ("speed=3", r"speed"),
        ("steps", r"key=value"),
        ("sources.5.share=1", r"no place sources.5.share"),
        ("network.preset=minus-s", r"network.preset must be one of"),
        ("network={preset: [plus-s]}", r"network.preset must be one of"),
        ("network=", r"network"),
        ("seed=9223372036854775808", r"seed"),
        ("lambda_gan=.inf", r"lambda_gan"),  # no JSON, which checkpoints hold
        ("optimiser.clip_norm=.inf", r"clip_norm"),
        ("benchmarks=[cbsd86]", r"no benchmark cbsd86: name some of cbsd68"),
        ("validation=[{name: v, folders: [{folder: a}]}, {name: v, folders: [{folder: b}]}]", r"the same name"),
        ("network.decode_blocks=[1]", r"decode_blocks"),
        ("stages=[{share: 0.5, crop: 16, batch: 2}]", r"shares of the stages"),
        ("optimiser.kind=sgd", r"optimiser.kind"),
    ],
)
def test_mistakes_are_one_sentence_with_the_key(file: Path, override: str, message: str) -> None:
    with pytest.raises(AiganError, match=message) as caught:
        read_config(file, (override,))
    assert "\n" not in str(caught.value)


def test_missing_and_broken_files(tmp_path: Path) -> None:
    with pytest.raises(AiganError, match="no such configuration"):
        read_config(tmp_path / "nothing.yaml")
    (tmp_path / "broken.yaml").write_text("a: [")
    with pytest.raises(AiganError, match="no valid YAML") as caught:
        read_config(tmp_path / "broken.yaml")
    assert "\n" not in str(caught.value)
    with pytest.raises(AiganError, match="cannot be read"):
        read_config(tmp_path)


@pytest.mark.parametrize("text", ["", "- a", "a"])
def test_what_is_no_mapping_is_no_configuration(tmp_path: Path, text: str) -> None:
    (tmp_path / "one.yaml").write_text(text)
    with pytest.raises(AiganError, match="no configuration"):
        read_config(tmp_path / "one.yaml", ("steps=3",))


def test_stages_follow_their_shares(file: Path) -> None:
    config = read_config(file, ("steps=100",))
    crops = [config.stage_at(step).crop for step in range(100)]
    assert crops == [48] * 25 + [64] * 25 + [96] * 35 + [128] * 15

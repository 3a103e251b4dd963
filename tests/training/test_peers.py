"""Systems of others in the engine: trained, resumed and written as `aigan evaluate` reads them."""

from pathlib import Path

import pytest
import torch

from aigan.baselines.learned import restorer
from aigan.baselines.learned.layers import Conv
from aigan.baselines.registry import BASELINES, open_baseline
from aigan.data.folders import Pair
from aigan.data.sources import Stores
from aigan.errors import AiganError
from aigan.evaluate.benchmarks import Benchmark
from aigan.evaluate.measure import prepare
from aigan.training.config import Stage, TrainingConfig, read_config
from aigan.training.engine import Run, average_, make_network, train
from aigan.training.optimisers import OptimiserConfig
from aigan.training.peers import Peer, PeerNetwork, tell_noise
from aigan.training.processes import make_fabric
from tests.training.conftest import Configure

STORES = Stores(torch.device("cpu"))

LEARNED = [name for name, baseline in BASELINES.items() if baseline.learned]
PEERS = Path(__file__).parents[2] / "configs/peers"


def of(configure: Configure, system: str, **changes: object) -> TrainingConfig:
    channels = BASELINES[system].find().channels[0]
    fixed = {
        "stages": (Stage(share=1.0, crop=32, batch=1),),
        "optimiser": OptimiserConfig(kind="adamw", warmup_steps=3),
    }
    return configure(peer=Peer(system=system, channels=channels), **fixed, **changes)


def start(config: TrainingConfig, out: Path, *, resume: bool = False) -> Run:
    return Run(config, out / config.name, make_fabric({"fp32"}), STORES, init=None, resume=resume)


@pytest.mark.parametrize("system", LEARNED)
def test_every_system_makes_steps_on_the_error_of_its_one_estimate(
    configure: Configure, tmp_path: Path, system: str
) -> None:
    run = start(of(configure, system, validation=()), tmp_path)
    before = [parameter.clone() for parameter in run.network.parameters()]
    run.advance()
    assert set(run.terms) == {"step1_O"}
    assert torch.isfinite(run.terms["step1_O"])
    moved = [not torch.equal(now, was) for now, was in zip(run.network.parameters(), before, strict=True)]
    assert sum(moved) > len(moved) / 3  # MSCNN's coarse network, and what dead units cut off, stay


def test_stopped_and_resumed_it_is_the_same_run_with_statistics(configure: Configure, tmp_path: Path) -> None:
    config = of(configure, "dncnn-s", steps=3, checkpoint_every=2, validation=())
    (whole,) = train([config], tmp_path / "whole")
    first = start(config, tmp_path / "parts")
    first.advance()
    first.advance()
    (resumed,) = train([config], tmp_path / "parts", resume=True)
    assert resumed.read_bytes() == whole.read_bytes()


def test_golden_losses(configure: Configure, tmp_path: Path) -> None:
    run = start(of(configure, "aod-net", steps=5, validation=()), tmp_path)
    losses = []
    for _ in range(5):
        run.advance()
        losses.append(run.terms["step1_O"].item())
    assert losses == pytest.approx(GOLDEN, abs=2e-3)


GOLDEN = [-0.531, -0.606, -0.562, -0.392, -0.449]


def test_weights_open_as_the_system_and_tell_what_they_saw(configure: Configure, tmp_path: Path) -> None:
    run = start(of(configure, "dncnn-s", benchmarks=()), tmp_path)
    run.seen = ("set12",)
    run.advance()
    run.write_weights()
    path = run.path
    opened = open_baseline("dncnn-s", channels=1, weights=path)
    assert opened.spec.parameters == 555_137  # folded
    assert opened.spec.training.startswith("configuration tiny")
    assert opened.spec.training_data == ("clean",)
    assert opened.spec.saw_test_scenes_of == ("set12",)
    seen = Benchmark(name="set12", pictures="", measured_on="gray", degraded="noise")
    with pytest.raises(AiganError, match="saw test scenes of set12"):
        prepare("dncnn-s", seen, [Pair("one", clean=tmp_path)], weights=path)
    unseen = Benchmark(name="bsd68", pictures="", measured_on="gray", degraded="noise")
    assert prepare("dncnn-s", unseen, [], weights=path).restorer is not None


def test_published_weights_have_no_header_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    network = BASELINES["aod-net"].find().network(3)
    restorer.save(network, tmp_path / "plain.safetensors")
    assert restorer.read_spec(tmp_path / "plain.safetensors") is None
    restorer.write_safetensors(tmp_path / "bad.safetensors", network.state_dict(), {"aigan": '{"spec": 3}'})
    with pytest.raises(AiganError, match="header is damaged"):
        restorer.read_spec(tmp_path / "bad.safetensors")


def test_the_average_takes_in_the_statistics_of_normalisations() -> None:
    old, new = (Conv(1, 2, norm=True) for _ in range(2))
    assert old.norm is not None
    assert new.norm is not None
    assert new.norm.running_mean is not None
    new.norm.running_mean.fill_(4.0)
    average_(old, new, torch.tensor(0.25))
    assert torch.equal(old.norm.running_mean, torch.tensor([1.0, 1.0]))


def test_ffdnet_is_told_how_strong_each_pictures_noise_is() -> None:
    network = PeerNetwork(Peer(system="ffdnet", channels=1))
    tell_noise(network, torch.tensor([10.0, 20.0])[:, None, None, None].expand(2, 1, 8, 8) / 255)
    torch.testing.assert_close(network.e.sigma_255, torch.tensor([10.0, 20.0])[:, None, None, None])
    both = network(torch.rand(1, 1, 8, 8).expand(2, -1, -1, -1)).yhat_O
    assert not torch.equal(both[0], both[1])


def test_ffdnet_validates_and_writes_weights(configure: Configure, tmp_path: Path) -> None:
    (path,) = train([of(configure, "ffdnet", steps=1)], tmp_path)
    assert open_baseline("ffdnet", channels=1, sigma_255=15, weights=path).spec.channels == 1


def test_what_cannot_be_is_told(configure: Configure, tmp_path: Path) -> None:
    with pytest.raises(AiganError, match=r"peer\.system must be one of ssda"):
        read_config(PEERS / "derain.yaml", ("peer.system=bm3d",))
    with pytest.raises(AiganError, match="jorder is for pictures of 3 channels"):
        read_config(PEERS / "derain.yaml", ("peer.system=jorder", "peer.channels=1"))
    (first,) = train([configure(steps=1, lambda_gan=0.0)], tmp_path)
    with pytest.raises(AiganError, match="trains a peer, from nothing"):
        Run(
            of(configure, "aod-net"),
            tmp_path / "no",
            make_fabric({"fp32"}),
            Stores(torch.device("cpu")),
            init=first,
            resume=False,
        )


def test_a_peer_has_no_discriminators_whatever_lambda_is(configure: Configure, tmp_path: Path) -> None:
    run = start(of(configure, "aod-net", lambda_gan=0.8, adversary_from=0.0), tmp_path)
    assert not run.players.discriminators
    assert isinstance(make_network(run.config), PeerNetwork)

"""The engine: what moves when, what survives a kill, and that processes and neighbours change nothing."""

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from aigan.data.sources import Clean, Degrade, Folder, Stores
from aigan.errors import AiganError, UsageError
from aigan.interference.haze import Haze
from aigan.interference.noise import Camera, Noise
from aigan.interference.rain import Rain
from aigan.network import weights
from aigan.training import checkpoints
from aigan.training.config import Stage, TrainingConfig
from aigan.training.engine import Run, average_, make_network, schedule, train
from aigan.training.processes import make_fabric
from aigan.training.validation import Validator
from tests.training.conftest import Configure

STORES = Stores(torch.device("cpu"))


def rows(out: Path, name: str = "tiny") -> list[tuple[int, dict[str, float]]]:
    lines = (out / name / "stats.jsonl").read_bytes().splitlines()
    decoded = [msgspec.json.decode(line) for line in lines]
    return [(row["step"], row["terms"]) for row in decoded if "terms" in row]


def state(path: Path) -> dict[str, torch.Tensor]:
    return weights.load(path)[0].state_dict()


def command(config: TrainingConfig, out: Path, *options: str) -> list[str]:
    yaml = out / f"{config.name}.yaml"
    yaml.parent.mkdir(parents=True, exist_ok=True)
    yaml.write_bytes(msgspec.yaml.encode(msgspec.to_builtins(config)))
    return ["-m", "aigan", "train", str(yaml), "--out", str(out / "runs"), *options]


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}


def test_a_run_learns_and_writes_everything_down(configure: Configure, tmp_path: Path) -> None:
    config = configure(
        steps=60, lambda_gan=0.0, checkpoint_every=20, validate_every=30, stages=(Stage(share=1.0, crop=16, batch=8),)
    )
    (path,) = train([config], tmp_path)
    terms = [row["step2_O"] for _, row in rows(tmp_path)]
    assert len(terms) == 60
    assert sum(terms[-10:]) / 10 < sum(terms[:10]) / 10 - 0.3
    folder = tmp_path / "tiny"
    steps = sorted(p.name for p in folder.glob("step-*"))
    assert steps == ["step-00000020.safetensors", "step-00000040.safetensors", "step-00000060.safetensors"]
    assert sorted(p.name for p in (folder / "pictures").iterdir()) == ["step-00000030.png", "step-00000060.png"]
    assert any((folder / "tensorboard").iterdir())
    validations = [
        m for m in map(msgspec.json.decode, (folder / "stats.jsonl").read_bytes().splitlines()) if "validation" in m
    ]
    assert [v["step"] for v in validations] == [30, 60]
    network, spec = weights.load(path)
    assert network.config == config.network
    assert spec.training == "configuration tiny, 0 Mpx"
    assert spec.training_data == ("clean",)
    assert spec.parameters == sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("update", ["joint", "alternate"])
def test_killed_at_any_moment_and_resumed_it_is_the_same_run(configure: Configure, tmp_path: Path, update: str) -> None:
    config = configure(update=update, steps=40)
    whole = train([config], tmp_path / "whole")
    stats = tmp_path / "killed" / "runs" / "tiny" / "stats.jsonl"
    arguments = [sys.executable, *command(config, tmp_path / "killed", "--resume")]
    process = subprocess.Popen(arguments, env=environment(), stdout=subprocess.DEVNULL)
    while process.poll() is None and (not stats.exists() or stats.read_bytes().count(b"\n") < 20):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert stats.read_bytes().count(b"\n") < 41  # it was killed on the way
    subprocess.run(arguments, env=environment(), stdout=subprocess.DEVNULL, check=True)
    assert rows(tmp_path / "killed" / "runs") == rows(tmp_path / "whole")
    for name, tensor in state(tmp_path / "killed" / "runs" / "tiny" / "tiny.safetensors").items():
        assert torch.equal(tensor, state(whole[0])[name])


def test_two_processes_equal_one(configure: Configure, tmp_path: Path) -> None:
    config = configure(steps=8, lambda_gan=0.8)
    one = train([config], tmp_path / "one")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    result = subprocess.run(
        [*torchrun, *command(config, tmp_path / "two")], env=environment(), capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr[-2000:]
    for (step, theirs), (_, ours) in zip(rows(tmp_path / "two" / "runs"), rows(tmp_path / "one"), strict=True):
        assert theirs == pytest.approx(ours, abs=2e-4), step
    for name, tensor in state(tmp_path / "two" / "runs" / "tiny" / "tiny.safetensors").items():
        torch.testing.assert_close(tensor, state(one[0])[name], atol=2e-3, rtol=0)


def test_configurations_side_by_side_do_not_touch_each_other(configure: Configure, tmp_path: Path) -> None:
    first, second = configure(lambda_gan=0.0), configure(name="other", seed=7, lambda_gan=0.0)
    train([first, second], tmp_path / "both")
    train([first], tmp_path / "alone")
    assert rows(tmp_path / "both") == rows(tmp_path / "alone")
    assert rows(tmp_path / "both", "other") != rows(tmp_path / "alone")


def test_configurations_side_by_side_start_from_weights_of_their_own(configure: Configure, tmp_path: Path) -> None:
    starts = train([configure(steps=1, lambda_gan=0.0, seed=seed, name=f"s{seed}") for seed in (1, 2)], tmp_path)
    both = [configure(name=name, steps=3, lambda_gan=0.0) for name in ("first", "second")]
    train(both, tmp_path / "both", init=starts)
    train(both[1:], tmp_path / "alone", init=starts[1:])
    assert rows(tmp_path / "both", "second") == rows(tmp_path / "alone", "second")
    assert rows(tmp_path / "both", "first") != rows(tmp_path / "both", "second")
    train(both, tmp_path / "one", init=starts[1:])
    assert rows(tmp_path / "one", "first") == rows(tmp_path / "one", "second") == rows(tmp_path / "alone", "second")
    with pytest.raises(UsageError, match="2 weights to start 3 configurations"):
        train([*both, configure()], tmp_path / "no", init=starts)


def test_of_configurations_side_by_side_one_may_start_from_nothing(configure: Configure, tmp_path: Path) -> None:
    (weights_of_one,) = train([configure(steps=1, lambda_gan=0.0, seed=1, name="s1")], tmp_path)
    both = [configure(name=name, steps=3, lambda_gan=0.0) for name in ("first", "second")]
    train(both, tmp_path / "both", init=[weights_of_one, None])
    train(both[1:], tmp_path / "alone")
    assert rows(tmp_path / "both", "second") == rows(tmp_path / "alone", "second")
    assert rows(tmp_path / "both", "first") != rows(tmp_path / "both", "second")


def test_one_that_fails_does_not_stop_those_beside_it(configure: Configure, tmp_path: Path) -> None:
    def spoil(run: Run) -> None:
        if run.config.name == "first" and run.step == 2:
            with torch.no_grad():
                run.network.G_T.conv2.bias.fill_(math.nan)

    both = [configure(name=name, steps=5, lambda_gan=0.0) for name in ("first", "second")]
    with pytest.raises(AiganError, match="step 2: the term step1_T is nan"):
        train(both, tmp_path, on_step=spoil)
    assert rows(tmp_path, "first")[-1][0] == 2
    assert rows(tmp_path, "second")[-1][0] == 5
    assert (tmp_path / "second" / "second.safetensors").exists()


def test_the_last_step_is_always_written_down_and_a_checkpoint_comes_with_weights(
    configure: Configure, tmp_path: Path
) -> None:
    train([configure(steps=5, log_every=2, checkpoint_every=3, lambda_gan=0.0)], tmp_path)
    assert [step for step, _ in rows(tmp_path)] == [2, 4, 5]
    run = start(configure(checkpoint_every=1, lambda_gan=0.0), tmp_path / "other")
    run.advance()
    assert weights.load(tmp_path / "other" / "tiny" / "tiny.safetensors")[1].name == "tiny"


class Forbidden(TorchDispatchMode):
    """Notes what a captured CUDA graph cannot hold: values that come from the host, or that it waits for."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = str(function)
        index = args[1] if name.startswith(("aten.index.Tensor", "aten.index_put")) else ()
        by_mask = any(i is not None and i.dtype == torch.bool for i in index)
        if by_mask or any(word in name for word in ("lift_fresh", "_local_scalar_dense", "nonzero", "masked_select")):
            self.found.append(name)
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    "degrade",
    [{"noise": Noise()}, {"camera": Camera()}, {"rain": Rain(length_px=(4, 9))}, {"haze": Haze()}],
    ids=lambda degrade: next(iter(degrade)),
)
def test_a_step_can_be_captured(configure: Configure, tmp_path: Path, degrade: dict[str, Any]) -> None:
    source = Clean(folders=(Folder(folder="clean"),), degrade=Degrade(**degrade))
    run = start(configure(sources=(source,), adversary_from=0.0), tmp_path)
    run.advance()
    run._graph = object()  # type: ignore[assignment]  # as on CUDA, where a step is not looked at as it goes
    with Forbidden() as seen:
        run._compute(run.config.stages[0])
    assert seen.found == []
    with Forbidden() as seen:
        torch.tensor(1.0).item()
    assert len(seen.found) == 2


def test_a_folder_in_use_another_configuration_and_damage_are_told(configure: Configure, tmp_path: Path) -> None:
    config = configure(steps=3, lambda_gan=0.0)
    train([config], tmp_path)
    with pytest.raises(AiganError, match="--resume"):
        train([config], tmp_path)
    with pytest.raises(AiganError, match=r"another configuration \(seed"):
        train([configure(steps=3, lambda_gan=0.0, seed=1)], tmp_path, resume=True)
    newest = max((tmp_path / "tiny").glob("step-*"))
    newest.write_bytes(newest.read_bytes()[:-10])
    with pytest.raises(AiganError, match="damaged"):
        train([config], tmp_path, resume=True)


def test_a_resumed_run_is_refused_other_steps_and_another_start(configure: Configure, tmp_path: Path) -> None:
    config = configure(steps=3, lambda_gan=0.0)
    (first,) = train([config], tmp_path)
    with pytest.raises(AiganError, match=r"another configuration \(steps"):
        train([configure(steps=4, lambda_gan=0.0)], tmp_path, resume=True)
    with pytest.raises(AiganError, match="began from nothing: leave out --init"):
        train([config], tmp_path, init=[first], resume=True)


def test_runs_of_one_name_are_refused(configure: Configure, tmp_path: Path) -> None:
    with pytest.raises(AiganError, match="two configurations are named tiny"):
        train([configure(), configure(seed=1)], tmp_path)


def test_a_disk_that_takes_nothing_is_one_sentence(configure: Configure, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(AiganError, match="file/tiny cannot be made"):
        train([configure()], tmp_path / "file")


def test_gray_pictures_are_validated_as_gray(configure: Configure) -> None:
    (validation,) = configure().validation
    config = configure(validation=(validation, msgspec.structs.replace(validation, name="gray", gray=True)))
    validator = Validator(config, Path(config.data), torch.device("cpu"))
    seen: list[torch.Tensor] = []
    network = make_network(config)
    network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    assert {*validator.measure(network)} == {"held out", "gray"}
    assert [I.shape[1] for I in seen] == [3] * len(seen)
    assert len(seen) == 2 * sum(torch.equal(I[:, :1].expand_as(I), I) for I in seen) > 0


def test_a_folder_for_validation_alone_is_held_out_in_full(configure: Configure, tmp_path: Path) -> None:
    (validation,) = configure().validation
    alone = msgspec.structs.replace(validation, folders=(Folder(folder="clean"),))
    run = start(configure(validation=(alone,), lambda_gan=0.0), tmp_path)
    assert math.isfinite(run.validate()["held out"])
    none = msgspec.structs.replace(validation, folders=(Folder(folder="clean", hold_out_last=1, leave_out=("9",)),))
    with pytest.raises(AiganError, match="validation set held out"):
        start(configure(validation=(none,)), tmp_path)


def test_max_minutes_fixes_the_steps_and_changes_nothing_else(configure: Configure, tmp_path: Path) -> None:
    config = configure(lambda_gan=0.8, steps=10**6, adversary_from=0.9)
    train([config], tmp_path, max_minutes=0.03)
    found = checkpoints.read_newest(tmp_path / "tiny")
    assert found is not None
    steps = found[0].config.steps
    assert found[0].step == steps < 10**6
    train([msgspec.structs.replace(config, steps=steps)], tmp_path / "again")
    assert rows(tmp_path / "again")[:5] == rows(tmp_path)[:5]


def test_a_term_that_is_not_finite_stops_the_run_before_weights_move(configure: Configure, tmp_path: Path) -> None:
    run = start(configure(lambda_gan=0.0), tmp_path)
    run.advance()
    with torch.no_grad():
        run.network.G_T.conv2.bias.fill_(math.nan)
    before = {name: tensor.clone() for name, tensor in run.network.state_dict().items()}
    with pytest.raises(AiganError, match="step 1: the term step1_T is nan"):
        run.advance()
    for name, tensor in run.network.state_dict().items():
        assert torch.equal(tensor.nan_to_num(), before[name].nan_to_num())


def start(config: TrainingConfig, out: Path) -> Run:
    return Run(config, out / config.name, make_fabric({"fp32"}), STORES, init=None, resume=False)


def test_a_source_that_gets_no_row_of_a_batch_is_told(
    configure: Configure, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = configure().sources[0]
    shares = (0.9, 0.1)
    start(configure(sources=tuple(msgspec.structs.replace(whole, share=share) for share in shares)), tmp_path)
    assert [record.getMessage() for record in caplog.records if "no row" in record.getMessage()] == [
        f"tiny: no row of a batch of {batch} is for the source of share 0.1: take larger batches" for batch in (4, 2)
    ]


@pytest.mark.parametrize("update", ["joint", "alternate"])
def test_each_phase_moves_only_its_own_weights(configure: Configure, tmp_path: Path, update: str) -> None:
    run = start(configure(update=update, adversary_from=0.0), tmp_path)
    parts = {
        "D_O": run.players.discriminators["O"],
        "D_T": run.players.discriminators["T"],
        **{name: getattr(run.network, name) for name in ("e", "d_O", "d_T", "G_O", "G_T")},
    }
    moved: dict[str, set[str]] = {}
    plain = run.players.update

    def watched(loss: torch.Tensor, terms: dict[str, torch.Tensor], phase: str) -> None:
        before = {part: [p.clone() for p in module.parameters()] for part, module in parts.items()}
        plain(loss, terms, phase)
        moved[phase] = {
            part
            for part, module in parts.items()
            if any(not torch.equal(p, q) for p, q in zip(module.parameters(), before[part], strict=True))
        }

    run.players.update = watched
    run.advance()
    expected = {"discriminator_O": {"D_O"}, "discriminator_T": {"D_T"}}
    if update == "joint":
        expected["both_branches"] = {"e", "d_O", "d_T", "G_O", "G_T"}
    else:
        expected["branch_O"], expected["branch_T"] = {"e", "d_O", "G_O"}, {"e", "d_T", "G_T"}
    assert moved == expected
    assert list(moved) == list(expected)  # in the paper's order


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"branches": 1}, {"step1_O", "gan1_O", "discriminator_O"}),
        ({"exchange": False}, {"step1_O", "step1_T", "gan1_O", "gan1_T", "discriminator_O", "discriminator_T"}),
        ({"fusion": "learned"}, {"fused_O"}),
    ],
)
def test_ablations_train_on_the_terms_that_they_have(
    configure: Configure, tmp_path: Path, changes: dict[str, object], names: set[str]
) -> None:
    config = configure()
    config = configure(network=msgspec.structs.replace(config.network, **changes), adversary_from=0.0, saturating=True)
    run = start(config, tmp_path)
    run.advance()
    assert names <= set(run.terms)
    if "fusion" not in changes:
        assert set(run.terms) == names


def test_ai_cnn_has_no_discriminators(configure: Configure, tmp_path: Path) -> None:
    run = start(configure(lambda_gan=0.0), tmp_path)
    run.advance()
    assert not run.players.discriminators
    assert set(run.terms) == {"step1_O", "step1_T", "step2_O", "step2_T"}


def test_init_goes_on_from_weights_and_inherits_what_they_saw(configure: Configure, tmp_path: Path) -> None:
    (first,) = train([configure(steps=3, lambda_gan=0.0)], tmp_path / "first")
    network, spec = weights.load(first)
    weights.save(first, network, msgspec.structs.replace(spec, saw_test_scenes_of=("set12",)))
    run = Run(configure(), tmp_path / "next", make_fabric({"fp32"}), STORES, init=first, resume=False)
    assert torch.equal(run.network.G_O.conv1.weight.contiguous(), network.G_O.conv1.weight)
    run.write_weights()
    assert weights.load(run.path)[1].saw_test_scenes_of == ("set12",)
    run.advance()
    run.save()
    resumed = Run(configure(), tmp_path / "next", make_fabric({"fp32"}), STORES, init=None, resume=True)
    resumed.write_weights()
    assert weights.load(resumed.path)[1].saw_test_scenes_of == ("set12",)
    with pytest.raises(AiganError, match="saw test scenes of set12"):
        Run(
            configure(benchmarks=("set12",)),
            tmp_path / "no",
            make_fabric({"fp32"}),
            Stores(torch.device("cpu")),
            init=first,
            resume=False,
        )
    other = msgspec.structs.replace(configure().network, generator_width=8)
    with pytest.raises(AiganError, match="its network is not the one"):
        Run(
            configure(network=other),
            tmp_path / "no",
            make_fabric({"fp32"}),
            Stores(torch.device("cpu")),
            init=first,
            resume=False,
        )


def test_schedule_warms_up_and_ends_at_zero() -> None:
    factors = [schedule(step, 100, 10) for step in range(101)]
    assert factors[0] == pytest.approx(1 / 11)
    assert factors[10] == 1
    assert factors[55] == pytest.approx(0.5)
    assert factors[100] == pytest.approx(0)
    assert factors[10:] == sorted(factors[10:], reverse=True)


def test_average_moves_a_part_of_the_way() -> None:
    old, new = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    expected = old.weight * 0.75 + new.weight * 0.25
    average_(old, new, torch.tensor(0.25))
    torch.testing.assert_close(old.weight, expected)

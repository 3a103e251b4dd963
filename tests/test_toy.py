from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from typer.testing import CliRunner  # noqa: E402

from aigan.cli.commands import gather  # noqa: E402
from aigan.network.topology import Estimates  # noqa: E402
from aigan.toy.experiment import MODELS  # noqa: E402
from aigan.toy.networks import build, discriminator, parameters_of  # noqa: E402
from aigan.toy.report import FALLS, Report, report_reading  # noqa: E402
from aigan.toy.signals import READINGS, Samples, draw, wasserstein1  # noqa: E402
from aigan.toy.training import TEST_SAMPLES, Game, Trained, generator_error, train  # noqa: E402


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # several on a busy machine wait for each other
    yield
    torch.set_num_threads(threads)


def generators(count: int = 2) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in range(count)]


def short_run(model: str, *, seeds: int = 2, steps: int = 3) -> Trained:
    return train("sum", model, seeds=seeds, steps=steps, sigma=1.0, on_step=lambda: None)


@pytest.mark.parametrize("reading", READINGS)
def test_signals_are_independent_gaussians_and_targets_add_up(reading: str) -> None:
    samples = draw(reading, 20_000, generators(), sigma=0.5)
    for signal, mean in ((samples.A, -1.0), (samples.B, 1.0)):
        assert signal.mean(dim=1).squeeze() == pytest.approx(torch.full((2,), mean), abs=0.02)
        assert signal.std(dim=1).squeeze() == pytest.approx(torch.full((2,), 0.5), abs=0.02)
    a, b = (signal[0, :, 0] for signal in (samples.A, samples.B))
    assert abs(torch.corrcoef(torch.stack([a, b]))[0, 1]) < 0.02
    torch.testing.assert_close(samples.y_O + samples.y_T, samples.I)


def test_readings_differ_in_what_c_is() -> None:
    A, B, C = draw("sum", 1000, generators())
    torch.testing.assert_close(C, A + B)
    A, B, C = draw("mixture", 1000, generators())
    assert ((C == A) | (C == B)).all()
    assert (C == A).float().mean() == pytest.approx(0.5, abs=0.05)
    A, B, C = draw("gated", 1000, generators())
    assert ((C == B) | (C == A + B)).all()
    assert (C == B).float().mean() == pytest.approx(0.5, abs=0.05)


def test_wasserstein_distance_is_scipys() -> None:
    stats = pytest.importorskip("scipy.stats")
    samples = draw("mixture", 500, generators())
    expected = [stats.wasserstein_distance(x, y) for x, y in zip(samples.A[..., 0], samples.I[..., 0], strict=True)]
    assert wasserstein1(samples.A, samples.I).tolist() == pytest.approx(expected, rel=1e-4)


def test_wasserstein_distance_ignores_the_order() -> None:
    x = draw("sum", 100, generators()).B
    assert wasserstein1(x, x.flip(1)).tolist() == [0, 0]


def test_both_models_have_the_same_generator_and_begin_alike() -> None:
    one, two = build("S-GAN", generators()), build("AI-GAN", generators())
    assert parameters_of(one.G_O, seeds=2) == parameters_of(two.G_O, seeds=2) == 1153
    I = torch.linspace(-3, 3, 7).expand(2, 7).unsqueeze(-1)
    torch.testing.assert_close(one(I).yhat_O, two(I).yhat_O)
    assert one(I).ytilde_O is None
    assert two(I).ytilde_T.shape == I.shape


def test_seeds_do_not_touch_each_other() -> None:
    network, I = build("AI-GAN", generators(3)), torch.zeros(3, 4, 1)
    changed = I.clone()
    changed[1] = 1.0
    differs = [not torch.equal(before, after) for before, after in zip(network(I)[2], network(changed)[2], strict=True)]
    assert differs == [False, True, False]


def test_a_seed_trains_alike_whatever_runs_beside_it() -> None:
    alone, beside = short_run("AI-GAN", seeds=2), short_run("AI-GAN", seeds=3)
    assert alone.error.shape == (len(alone.steps), 2)
    torch.testing.assert_close(alone.error, beside.error[:, :2])
    torch.testing.assert_close(alone.after.O, beside.after.O[:2])


@pytest.mark.parametrize("model", MODELS)
def test_a_step_moves_every_weight_of_network_and_discriminators(model: str) -> None:
    game = Game(model, generators(), steps=10)
    parts = [game.network, *game.discriminators.values()]
    before = [weight.clone() for part in parts for weight in part.parameters()]
    game.step(draw("sum", 64, generators()))
    after = [weight for part in parts for weight in part.parameters()]
    assert all((old != new).flatten(1).any(dim=1).all() for old, new in zip(before, after, strict=True))


def test_generator_error_is_averaged_over_the_estimates() -> None:
    y_O = draw("sum", 64, generators()).y_O
    estimates = Estimates(y_O + 1.0, y_O, y_O - 3.0, y_O)
    assert generator_error(estimates, y_O).tolist() == pytest.approx([5, 5])
    assert generator_error(Estimates(y_O + 2.0), y_O).tolist() == pytest.approx([4, 4])


def test_discriminator_gives_a_logit_a_sample() -> None:
    assert discriminator(generators())(torch.zeros(2, 5, 1)).shape == (2, 5, 1)


@pytest.mark.parametrize("model", MODELS)
def test_training_brings_the_restored_distribution_closer(model: str) -> None:
    run = short_run(model, steps=60)
    assert run.before.O.shape == run.after.O.shape == (2, TEST_SAMPLES, 1)
    assert (run.distance[-1] < 0.5 * run.distance[0]).all()


def test_steps_to_reach_a_level() -> None:
    runs = {model: short_run(model) for model in MODELS}
    assert runs["S-GAN"].steps == [0, 1, 2, 3]
    falling = torch.tensor([[10.0, 8.0], [5.0, 5.0], [2.0, 1.0], [0.0, 0.0]])
    stuck = torch.tensor([[10.0, 10.0], [9.0, 4.0], [9.0, 0.0], [9.0, 1.0]])
    for model, error in zip(MODELS, (falling, stuck), strict=True):
        runs[model] = dataclasses.replace(runs[model], error=error)
    report = report_reading(runs, sigma=1.0)
    assert report.errors_to_reach == pytest.approx([9 * (1 - fall) for fall in FALLS])
    half = report.models["AI-GAN"].steps_to_error[0]
    assert half.per_seed == [None, 1]
    assert (half.mean, half.std) == (1, None)
    assert report.models["S-GAN"].steps_to_error[1].per_seed == [3, 3]


def test_command_writes_panels_and_numbers(tmp_path: Path) -> None:
    out = tmp_path / "toy"
    result = CliRunner().invoke(gather(), ["toy", "--out", str(out), "--seeds", "2", "--steps", "2"])
    assert result.exit_code == 0, result.output
    for reading in READINGS:
        assert (out / f"{reading}.png").read_bytes().startswith(b"\x89PNG")
        assert f"{out / reading}.png" in result.stdout
    assert sorted(path.name for path in out.iterdir()) == sorted([*(f"{r}.png" for r in READINGS), "toy.json"])
    report = msgspec.json.decode((out / "toy.json").read_bytes(), type=Report)
    assert (report.seeds, report.steps, report.falls) == (2, 2, FALLS)
    for of_reading in report.readings.values():
        for model in of_reading.models.values():
            assert len(model.distance.per_seed) == 2
            assert model.distance.std > 0
        assert of_reading.models["S-GAN"].distance_step2 is None


def test_a_run_can_be_repeated() -> None:
    calls: list[None] = []
    once, again = (
        train("gated", "AI-GAN", seeds=2, steps=3, sigma=1.0, on_step=lambda: calls.append(None)) for _ in range(2)
    )
    assert torch.equal(once.after.O, again.after.O)
    assert len(calls) == 6


def test_samples_name_their_targets() -> None:
    samples = Samples(torch.ones(1, 1, 1), 2 * torch.ones(1, 1, 1), 5 * torch.ones(1, 1, 1))
    assert (samples.y_O.item(), samples.y_T.item()) == (2, 3)

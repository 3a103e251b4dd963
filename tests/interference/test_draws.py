import numpy as np
import pytest
import torch
from scipy import stats

from aigan.interference.draws import GeneratorDraws, KeyedDraws, between, mix, sample_keys

KEYS = np.arange(6, dtype=np.int64)


def test_uniform_is_uniform() -> None:
    values = KeyedDraws(KEYS).uniform(50, 60)
    assert values.shape == (6, 50, 60)
    assert values.dtype == np.float32
    assert 0 <= values.min() <= values.max() < 1
    counts = np.histogram(values, bins=100, range=(0, 1))[0]
    assert stats.chisquare(counts).pvalue > 1e-3


def test_normal_is_normal() -> None:
    values = KeyedDraws(KEYS).normal(50, 61)
    assert values.dtype == np.float32
    assert stats.kstest(values.ravel(), "norm").pvalue > 1e-3
    assert values.max() < 6


@pytest.mark.parametrize("name", ["uniform", "normal"])
def test_rows_calls_and_positions_are_uncorrelated(name: str) -> None:
    draws = KeyedDraws(KEYS)
    first, second = getattr(draws, name)(5000), getattr(draws, name)(5000)
    series = np.concatenate([first, second, first[:, ::-1], np.roll(first, 1, axis=1)])
    correlation = np.corrcoef(series) - np.eye(len(series))
    assert abs(correlation).max() < 5 / np.sqrt(5000)


def test_a_row_is_a_function_of_its_own_key() -> None:
    together, alone = KeyedDraws(KEYS), KeyedDraws(KEYS[3:4])
    for _ in range(2):
        assert np.array_equal(together.uniform(7)[3], alone.uniform(7)[0])
        assert np.array_equal(together.normal(7)[3], alone.normal(7)[0])


def test_the_first_draws_of_neighbouring_keys_are_uniform() -> None:
    """Parameters of a picture are single draws: over many keys they must fill their range."""
    draws = KeyedDraws(np.arange(4000, dtype=np.int64))
    first, second = draws.uniform(), draws.uniform()
    assert stats.kstest(first, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.06
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 0.06


def test_torch_draws_what_numpy_draws() -> None:
    a, b = KeyedDraws(KEYS), KeyedDraws(torch.from_numpy(KEYS))
    assert np.array_equal(a.uniform(3, 4), b.uniform(3, 4).numpy())
    assert np.allclose(a.normal(33), b.normal(33).numpy(), atol=1e-5)


def test_mix_is_one_to_one_and_moves_half_the_bits() -> None:
    values = np.arange(20_000, dtype=np.int64)
    assert len(np.unique(mix(values))) == len(values)
    flipped = mix(values) ^ mix(values ^ 1)
    assert abs(np.mean([int(value).bit_count() for value in flipped]) - 16) < 0.2


def test_sample_keys_differ_in_seed_step_and_index() -> None:
    index = np.arange(64, dtype=np.int64)
    keys = [sample_keys(seed, np.int64(step), index) for seed in (0, 1, 2**32 - 1, -1, 2**63) for step in range(20)]
    assert len(np.unique(np.stack(keys[:60]))) == 60 * 64
    assert np.array_equal(keys[40], keys[60])  # the low 32 bits of the seed count
    assert np.array_equal(keys[7], sample_keys(0, torch.tensor(7), torch.from_numpy(index)).numpy())


def test_generator_draws_continue_the_generators_sequence() -> None:
    draws = GeneratorDraws(np.random.default_rng((5, 2)), batch=2)
    generator = np.random.default_rng((5, 2))
    assert np.array_equal(draws.normal(3, 4), generator.standard_normal((2, 3, 4), dtype=np.float32))
    assert np.array_equal(draws.uniform(), generator.random(2, dtype=np.float32))


def test_between_fills_its_bounds() -> None:
    values = between(KeyedDraws(np.arange(1000, dtype=np.int64)), (-2.0, 6.0))
    assert values.shape == (1000,)
    assert -2 <= values.min() < -1.9
    assert 5.9 < values.max() < 6

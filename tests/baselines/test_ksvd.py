from __future__ import annotations

import numpy as np
import pytest

from aigan.baselines.classical import ksvd
from aigan.baselines.classical.ksvd import KSVD
from aigan.restore import tiles

SIGMA = 20 / 255


def stripes(side: int) -> ksvd.Array:
    return np.where(np.add.outer(np.arange(side), np.arange(side)) % 12 < 6, 0.3, 0.7).astype(np.float32)


def noisy(clean: ksvd.Array) -> ksvd.Array:
    return clean + np.random.default_rng(0).normal(0, SIGMA, clean.shape).astype(np.float32)


def centred(count: int) -> ksvd.Array:
    x = np.random.default_rng(0).normal(size=(count, 64)).cumsum(axis=1)
    return (x - x.mean(1, keepdims=True)).astype(np.float32)


def test_all_patches_are_pursued_as_one_by_one_in_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.linear_model")
    x, atoms, target = centred(20), ksvd.redundant_dct(), 20.0
    error, chosen = ksvd.pursue(x, atoms, target)
    coefficients = sklearn.orthogonal_mp(atoms.T.astype(np.float64), x.T.astype(np.float64), tol=target).T
    for row, own in enumerate(coefficients):
        assert {*np.flatnonzero(own)} == {*chosen[row]} - {-1}
    np.testing.assert_allclose(x - error, coefficients @ atoms, atol=1e-3)
    np.testing.assert_allclose(ksvd.sparse_code(x, atoms, target), coefficients, atol=1e-2)
    assert (np.square(error).sum(1) <= target).all()
    assert (np.square(x).sum(1) > target).any()


def test_a_round_of_learning_fits_better_and_keeps_norms() -> None:
    x, atoms = centred(600), ksvd.redundant_dct()
    coefficients = ksvd.sparse_code(x, atoms, 20.0)
    learned = ksvd.improved(x, atoms, coefficients)
    np.testing.assert_allclose(np.linalg.norm(learned, axis=1), 1, atol=1e-5)
    assert np.count_nonzero(ksvd.sparse_code(x, learned, 20.0)) < np.count_nonzero(coefficients)


def test_an_atom_of_one_pattern_becomes_that_pattern() -> None:
    rng = np.random.default_rng(0)
    pattern = rng.normal(size=64).astype(np.float32)
    pattern /= np.linalg.norm(pattern)
    x = np.outer(rng.normal(size=50), pattern).astype(np.float32)
    start = pattern + rng.normal(0, 0.05, 64).astype(np.float32)
    start /= np.linalg.norm(start)
    learned = ksvd.improved(x, start[None], (x @ start)[:, None])
    np.testing.assert_allclose(np.abs(learned[0] @ pattern), 1, atol=1e-5)


def test_the_dct_is_redundant_and_without_mean() -> None:
    atoms = ksvd.redundant_dct()
    assert np.linalg.matrix_rank(atoms) == 64
    np.testing.assert_allclose(np.linalg.norm(atoms, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(atoms[1:].sum(1), 0, atol=1e-5)


def test_it_removes_noise_and_learns_what_the_dct_lacks() -> None:
    clean = stripes(48)
    given = noisy(clean)
    error = np.square(KSVD(1, 20)(given[..., None]).original[..., 0] - clean).mean()
    assert error < 0.3 * SIGMA**2
    assert error < np.square(ksvd.denoise(given, SIGMA, ksvd.redundant_dct()) - clean).mean()


def test_tiles_with_the_dictionary_of_the_whole_are_the_whole() -> None:
    given = noisy(stripes(48))[..., None]
    restorer = KSVD(1, 20)
    np.testing.assert_allclose(
        tiles.decompose(restorer, given, tile=16, exact=True).original, restorer(given).original, atol=1e-5
    )


@pytest.mark.parametrize("sigma_255", [0, 25])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 30, 1)])
def test_constant_and_tiny_pictures_stay(shape: tuple[int, int, int], sigma_255: float) -> None:
    constant = np.full(shape, 0.4, np.float32)
    result = KSVD(channels=1, sigma_255=sigma_255)(constant)
    np.testing.assert_allclose(result.original, constant, atol=1e-5)
    np.testing.assert_array_equal(result.interference, constant - result.original)

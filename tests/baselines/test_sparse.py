from __future__ import annotations

import numpy as np
import pytest

from aigan.baselines.classical import sparse
from aigan.decomposition import Array


def normed(count: int, size: int, *, seed: int = 0) -> Array:
    atoms = np.random.default_rng(seed).normal(size=(count, size))
    return (atoms / np.linalg.norm(atoms, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("shape", [(1, 1), (7, 30), (33, 24)])
def test_patches_are_laid_back_where_they_were_taken(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).random(shape, np.float32)
    np.testing.assert_allclose(sparse.laid(sparse.taken(picture, 8, 2), shape, 2), picture, atol=1e-6)


def test_a_patch_is_laid_around_its_place() -> None:
    patches = np.zeros_like(sparse.taken(np.zeros((16, 16), np.float32), 4, 2))
    patches[9 * 3 + 4] = 1  # the patch whose first pixel is at row 4, column 6: places start at −2
    expected = np.zeros((16, 16))
    expected[4:8, 6:10] = 0.25  # each pixel lies in four patches
    np.testing.assert_allclose(sparse.laid(patches, (16, 16), 2), expected)


def test_sampled_patches_are_of_the_picture() -> None:
    picture = np.arange(400, dtype=np.float32).reshape(20, 20)
    patches = sparse.sampled(picture, 4, 1000, np.random.default_rng(0))
    assert patches.shape == (21 * 21, 16)  # all that there are
    inner = patches[(patches[:, 1] - patches[:, 0] == 1) & (patches[:, 3] - patches[:, 2] == 1)]
    assert len({*inner[:, 0]}) > 200


def test_all_patches_are_pursued_as_one_by_one_in_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.linear_model")
    x, atoms = normed(30, 20, seed=1), normed(60, 20)
    expected = sklearn.orthogonal_mp(atoms.T.astype(np.float64), x.T.astype(np.float64), n_nonzero_coefs=5).T
    np.testing.assert_allclose(sparse.pursue(x, atoms, [5]).toarray(), expected, atol=1e-3)


def test_no_patch_has_more_atoms_of_a_kind_than_it_may() -> None:
    x, atoms, kinds = normed(50, 20, seed=1), normed(60, 20), np.repeat([0, 1], 30)
    used = sparse.pursue(x, atoms, [2, 3], kinds=kinds).toarray() != 0
    assert (used[:, :30].sum(1) == 2).all()
    assert (used[:, 30:].sum(1) == 3).all()


def test_bright_atoms_are_only_added() -> None:
    atoms = np.eye(4, dtype=np.float32)
    x = np.array([[3, -2, 1, 0.5]], np.float32)
    bright = np.array([False, True, True, True])
    np.testing.assert_allclose(sparse.pursue(x, atoms, [2], bright=bright).toarray(), [[3, 0, 1, 0]], atol=1e-3)


def test_learning_finds_the_atoms_of_which_patches_are_made() -> None:
    rng, truth = np.random.default_rng(0), normed(12, 20)
    chosen = np.argsort(rng.random((2000, 12)), axis=1)[:, :2]
    codes = np.zeros((2000, 12), np.float32)
    np.put_along_axis(codes, chosen, rng.normal(size=chosen.shape).astype(np.float32), axis=1)
    x = codes @ truth
    start = sparse.drawn(x, 12, rng)
    learned = sparse.learned(x, start, 2, rounds=10)
    np.testing.assert_allclose(np.linalg.norm(learned, axis=1), 1, atol=1e-4)

    def error(atoms: Array) -> float:
        return float(np.square(x - sparse.pursue(x, atoms, [2]) @ atoms).mean() / np.square(x).mean())

    assert error(start) > 0.2
    assert error(learned) < 0.05


def test_a_dictionary_starts_from_any_patches() -> None:
    atoms = sparse.drawn(np.zeros((3, 16), np.float32), 40, np.random.default_rng(0))
    np.testing.assert_allclose(np.linalg.norm(atoms, axis=1), 1, atol=1e-4)

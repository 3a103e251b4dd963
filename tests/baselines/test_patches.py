from __future__ import annotations

import itertools

import numpy as np

from aigan.baselines.classical import patches

SIDE = 3


def picture(height: int, width: int) -> patches.Array:
    return np.random.default_rng(0).random((height, width), dtype=np.float32)


def test_patches_are_cut_and_overlaid_as_by_loops() -> None:
    whole = picture(6, 5)
    cut = patches.every(whole, SIDE)
    total = np.zeros_like(whole)
    for row, (i, j) in enumerate(itertools.product(range(4), range(3))):
        np.testing.assert_array_equal(cut[row].reshape(SIDE, SIDE), whole[i : i + SIDE, j : j + SIDE])
        total[i : i + SIDE, j : j + SIDE] += cut[row].reshape(SIDE, SIDE)
    np.testing.assert_allclose(patches.overlaid(cut, whole.shape), total, rtol=1e-6)


def test_what_is_added_to_a_patch_twice_counts_twice() -> None:
    rng = np.random.default_rng(0)
    members = np.array([[2, 5, 3], [5, 9, 3], [9, 2, 2]])
    values = rng.random((3, 3, 4), dtype=np.float32)
    total, expected = np.ones((12, 4), np.float32), np.ones((12, 4), np.float32)
    patches.add(total, members, values)
    np.add.at(expected, members, values)
    np.testing.assert_allclose(total, expected, rtol=1e-6)


def test_the_nearest_patches_are_those_of_a_full_search() -> None:
    whole = picture(21, 26)
    cut = patches.every(whole, SIDE)
    groups = patches.similar(cut, whole.shape, step=2, group=7)
    for group in groups:
        distances = np.square(cut - cut[group[0]]).sum(1)
        assert {*group} == {*np.argsort(distances, kind="stable")[:7]}
    rows, columns = np.divmod(groups[:, 0], 24)
    assert {*zip(rows, columns, strict=True)} == {
        *itertools.product([*range(0, 19, 2)], [*range(0, 24, 2), 23])
    }  # 19 rows of corners, and 24 columns


def test_only_the_window_is_searched() -> None:
    whole = picture(8, 120)
    whole[:, 100:108] = whole[:, :8]  # the same patch, but too far away
    group = patches.similar(patches.every(whole, 8), whole.shape, step=4, group=2)[0]
    assert group[0] == 0
    assert group[1] <= patches.CELL + patches.MARGIN

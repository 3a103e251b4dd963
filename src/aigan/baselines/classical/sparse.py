"""Patches as sums of few atoms of a dictionary that is learned from them: what the two deraining systems share.

J. Mairal, F. Bach, J. Ponce, G. Sapiro, "Online Dictionary Learning for Sparse Coding", ICML 2009, with orthogonal
matching pursuit as its coder. scikit-learn's class of that name takes minutes for patches of 16 × 16 pixels, as it
codes them one by one; here a batch is pursued at once.

A dictionary is (K, d): an atom of norm 1 a row. Codes are sparse, (N, K). Where a picture is cut into patches they lie
at the multiples of a step, beyond the border too, where the picture is mirrored: so each pixel lies in equally many.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy.sparse import csr_array

from aigan.decomposition import Array

Mask = npt.NDArray[np.bool_]
Codes = Any  # scipy's csr_array, (N, K) float32

_AT_ONCE = 2048  # patches whose bases are in memory: some 30 MB
_BATCH = 1024  # patches between two updates of the dictionary
_FORGETTING = 1.5  # ρ of Mairal et al.: how much less early batches count, which were coded with poor atoms


def sampled(picture: Array, side: int, count: int, rng: np.random.Generator) -> Array:
    """Patches at places drawn from (H, W), which is mirrored around: (N, side²), N = count or all, in random order."""
    windows = sliding_window_view(np.pad(picture, side // 2, mode="symmetric"), (side, side))
    height, width = windows.shape[:2]
    rows, columns = np.divmod(rng.choice(height * width, size=min(count, height * width), replace=False), width)
    return windows[rows, columns].reshape(-1, side * side)


def taken(picture: Array, side: int, step: int) -> Array:
    """The patches of (H, W) at multiples of `step`, which divides `side`: (P, side²)."""
    pads = [(side - step, counted * step + side - step - size) for size, counted in _counted(picture.shape, step)]
    windows = sliding_window_view(np.pad(picture, pads, mode="symmetric"), (side, side))
    return windows[::step, ::step].reshape(-1, side * side)


def laid(patches: Array, shape: tuple[int, ...], step: int) -> Array:
    """The mean, at each pixel of (H, W), of all patches that it lies in; `patches` as from `taken`."""
    side = math.isqrt(patches.shape[1])
    cells = side // step
    (height, down), (width, across) = _counted(shape, step)
    rows, columns = down + cells - 1, across + cells - 1
    parts = patches.reshape(rows, columns, cells, step, cells, step)
    total = np.zeros((rows + cells - 1, step, columns + cells - 1, step), np.float32)
    for i in range(cells):
        for j in range(cells):
            total[i : i + rows, :, j : j + columns] += parts[:, :, i, :, j].swapaxes(1, 2)
    whole = total.reshape(total.shape[0] * step, -1) / np.float32(cells**2)
    return whole[side - step :, side - step :][:height, :width]


def pursue(
    x: Array,
    atoms: Array,
    most: Sequence[int],
    *,
    kinds: npt.NDArray[np.intp] | None = None,
    bright: Mask | None = None,
) -> Codes:
    """Orthogonal matching pursuit of patches x (N, d): the codes, (N, K).

    `most`: how many atoms of each kind a patch may have; `kinds` (K,): each atom's, none where all are of kind 0.
    `bright` (K,): atoms that are only chosen with a positive coefficient.
    """
    kinds = np.zeros(len(atoms), np.intp) if kinds is None else kinds
    bright = np.zeros(len(atoms), np.bool_) if bright is None else bright
    starts = range(0, len(x), _AT_ONCE)
    chosen, weights = zip(
        *(_pursued(x[start : start + _AT_ONCE], atoms, most, kinds, bright) for start in starts), strict=True
    )
    columns, values = np.concatenate(chosen), np.concatenate(weights)
    ends = np.arange(0, columns.size + 1, sum(most))
    return csr_array((values.ravel(), columns.ravel(), ends), shape=(len(x), len(atoms)))


def _pursued(
    x: Array, atoms: Array, most: Sequence[int], kinds: npt.NDArray[np.intp], bright: Mask
) -> tuple[npt.NDArray[np.intp], Array]:
    every, count = np.arange(len(x)), sum(most)
    left = np.tile(most, (len(x), 1))
    barred = np.zeros((len(x), len(atoms)), np.bool_)
    chosen = np.zeros((len(x), count), np.intp)
    basis = np.zeros((len(x), count, x.shape[1]), np.float32)  # of the chosen atoms' span, orthonormal
    error = x.copy()
    for number in range(count):
        products = error @ atoms.T
        fit = np.where(bright, products, np.abs(products))
        fit[barred] = -np.inf
        best = fit.argmax(1)
        left[every, kinds[best]] -= 1
        barred[every, best] = True
        for kind in range(len(most)):
            barred[np.ix_(left[:, kind] == 0, kinds == kind)] = True
        earlier = basis[:, :number]
        new = atoms[best] - ((earlier @ atoms[best][..., None]).swapaxes(1, 2) @ earlier)[:, 0]
        new /= np.maximum(np.linalg.norm(new, axis=1, keepdims=True), np.float32(1e-6))
        error -= (error * new).sum(1, keepdims=True) * new
        basis[:, number], chosen[:, number] = new, best
    base = atoms[chosen]
    gram = base @ base.swapaxes(1, 2) + np.float32(1e-5) * np.eye(count, dtype=np.float32)
    return chosen, np.linalg.solve(gram, base @ x[..., None])[..., 0]


def drawn(x: Array, count: int, rng: np.random.Generator) -> Array:
    """A dictionary to start from: so many of the patches x (N, d), again from the first where they are too few."""
    noise = rng.normal(scale=1e-6, size=(count, x.shape[1]))  # for flat patches, which have no direction
    atoms = (x[np.resize(rng.permutation(len(x)), count)] + noise).astype(np.float32)
    return np.asarray(atoms / np.linalg.norm(atoms, axis=1, keepdims=True))


def learned(x: Array, atoms: Array, most: int, *, rounds: int = 1) -> Array:
    """The dictionary (K, d) fitted to patches x (N, d), in their order, each coded by at most so many atoms."""
    atoms = atoms.copy()
    products, targets = np.zeros((len(atoms), len(atoms)), np.float32), np.zeros_like(atoms)
    starts = [*range(0, len(x), _BATCH)] * rounds
    for number, start in enumerate(starts):
        batch = x[start : start + _BATCH]
        codes = pursue(batch, atoms, [most])
        kept = np.float32((number / (number + 1)) ** _FORGETTING)
        products = kept * products + (codes.T @ codes).toarray()
        targets = kept * targets + codes.T @ batch
        for k in np.flatnonzero(products.diagonal() > 1e-6):
            atom = atoms[k] + (targets[k] - products[k] @ atoms) / products[k, k]
            atoms[k] = atom / max(np.linalg.norm(atom), 1e-6)
    return atoms


def alignment(atoms: Array) -> npt.NDArray[np.complexfloating]:
    """Σ z² / Σ |z|² over the gradients z = dx + i·dy of each atom (K, side²): (K,).

    Squares take opposite directions as one. The modulus is 1 where all gradients lie on one line, 0 where no line is
    preferred; the phase is twice that line's angle.
    """
    side = math.isqrt(atoms.shape[1])
    dy, dx = np.asarray(np.gradient(atoms.reshape(-1, side, side), axis=(1, 2)))
    gradients = dx + 1j * dy
    flat = 1e-12  # has no direction
    return np.asarray(np.square(gradients).sum((1, 2)) / np.maximum(np.square(np.abs(gradients)).sum((1, 2)), flat))


def _counted(shape: tuple[int, ...], step: int) -> list[tuple[int, int]]:
    """Each side of a picture, and how many steps it takes."""
    return [(size, -(-size // step)) for size in shape]

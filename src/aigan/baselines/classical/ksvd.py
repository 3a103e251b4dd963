"""K-SVD: each patch is a sum of few atoms of a dictionary that is learned from the noisy picture itself.

M. Elad, M. Aharon, "Image Denoising Via Sparse and Redundant Representations Over Learned Dictionaries", IEEE TIP 2006,
with a dictionary trained on the corrupted picture, and its parameters. 8×8 patches without their mean, 256 atoms, ten
rounds of sparse coding and K-SVD from the redundant DCT, then all patches coded and laid over the noisy picture:

    min ‖α‖₀ where ‖Dα − Ry‖² ≤ 64 (1.15 σ)²   (by orthogonal matching pursuit)
    x = (λ y + Σ Rᵀ D α) / (λ + Σ Rᵀ R),  λ = 30/σ

scikit-learn has no K-SVD, and pursues patch after patch; here all are pursued at once.

Deviations: the dictionary is learned from at most 62,001 patches, evenly spread; an atom and its coefficients are
updated by one step of power iteration instead of a singular value decomposition (R. Rubinstein, M. Zibulevsky, M. Elad,
"Efficient Implementation of the K-SVD Algorithm Using Batch Orthogonal Matching Pursuit", Technion CS-2008-08).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from aigan.baselines.classical import patches
from aigan.decomposition import Array, Context, Decomposition, ModelSpec

_SIDE = 8  # of a patch, px
_SIZE = _SIDE**2
_ATOMS = 16  # of the redundant DCT in each direction: 256 in all
_ROUNDS = 10
_GAIN = 1.15  # C: by how much the error may exceed the noise
_LEARNED_FROM = 62_001  # patches: those of a picture of 256×256 px
_MOST = _SIZE // 2  # atoms a patch
_RARE = 4  # patches: an atom in fewer gives way to the patch that is represented worst
_AT_ONCE = 4096  # patches whose bases are in memory: 34 MB


@dataclass(frozen=True)
class KSVD:
    """For gray pictures with white noise of that standard deviation, in gray levels of 255."""

    channels: Literal[1, 3]
    sigma_255: float

    @property
    def spec(self) -> ModelSpec:
        """One channel, whatever is asked for."""
        return ModelSpec(
            name="ksvd",
            task="denoise",
            channels=1,
            needs_context=True,
            receptive_radius_px=_SIDE - 1,
            halo_px=_SIDE - 1,
            limits="white Gaussian noise of a strength that it is told; gray: the channels of colour one by one, with a"
            " dictionary of their mean",
        )

    def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
        """Decompose a noisy picture, (H, W, 1) float32."""
        noisy, sigma = degraded[..., 0], self.sigma_255 / 255
        atoms = learn(noisy, sigma) if context is None else context.values.reshape(-1, _SIZE)
        original = denoise(noisy, sigma, atoms)[..., None]
        return Decomposition(degraded, original, degraded - original)

    def context(self, whole: Array) -> Context:
        """The dictionary, row after row."""
        return Context(learn(whole[..., 0], self.sigma_255 / 255).ravel())


def denoise(noisy: Array, sigma: float, atoms: Array) -> Array:
    """(H, W) with white noise of standard deviation `sigma` -> (H, W) without, by atoms (K, 64)."""
    if sigma == 0:
        return noisy
    y = patches.padded(noisy, _SIDE)
    seen = patches.every(y, _SIDE)
    centred = _centred(seen)
    for rows in _chunks(len(seen)):
        seen[rows] -= pursue(centred[rows], atoms, _target(sigma))[0]
    share = np.float32(30 / (255 * sigma))  # the paper's σ is in gray levels of 255
    x = (share * y + patches.overlaid(seen, y.shape)) / (share + patches.overlaid(np.ones_like(seen), y.shape))
    return x[: noisy.shape[0], : noisy.shape[1]]


def learn(noisy: Array, sigma: float) -> Array:
    """A dictionary (256, 64) of atoms of norm 1, learned from a noisy picture (H, W)."""
    seen = patches.every(patches.padded(noisy, _SIDE), _SIDE)
    x = _centred(seen[:: -(-len(seen) // _LEARNED_FROM)])
    atoms = redundant_dct()
    for _ in range(_ROUNDS if sigma else 0):
        coded = [sparse_code(x[rows], atoms, _target(sigma)) for rows in _chunks(len(x))]
        atoms = improved(x, atoms, np.concatenate(coded))
    return atoms


def pursue(x: Array, atoms: Array, target: float) -> tuple[Array, Array]:
    """Orthogonal matching pursuit of patches x (N, d) until their square errors are at most `target`.

    Errors (N, d), and the atoms chosen, in order, −1 after the last: (N, at most 32).
    """
    error = x.copy()
    chosen = np.full((len(x), _MOST), -1)
    basis = np.empty((len(x), _MOST, x.shape[1]), np.float32)  # of the chosen atoms' span, orthonormal
    active = np.arange(len(x))
    for count in range(_MOST):
        active = active[np.square(error[active]).sum(1) > target]
        if not len(active):
            break
        left = error[active]
        best = np.abs(left @ atoms.T).argmax(1)
        earlier = basis[active, :count]
        new = atoms[best] - _times(_times(atoms[best], earlier.swapaxes(1, 2)), earlier)
        new /= np.maximum(np.linalg.norm(new, axis=1, keepdims=True), np.float32(1e-6))
        error[active] = left - (left * new).sum(1, keepdims=True) * new
        basis[active, count], chosen[active, count] = new, best
    return error, chosen


def sparse_code(x: Array, atoms: Array, target: float) -> Array:
    """The coefficients (N, K) of patches x (N, d) that pursuit finds."""
    _, chosen = pursue(x, atoms, target)
    counts = (chosen >= 0).sum(1)
    coefficients = np.zeros((len(x), len(atoms)), np.float32)
    for count in range(1, counts.max(initial=0) + 1):
        rows = np.flatnonzero(counts == count)
        support = chosen[rows, :count]
        base = atoms[support]
        gram = base @ base.swapaxes(1, 2) + np.float32(1e-6) * np.eye(count, dtype=np.float32)
        products = base @ x[rows, :, None]
        coefficients[rows[:, None], support] = np.linalg.solve(gram, products)[..., 0]
    return coefficients


def improved(x: Array, atoms: Array, coefficients: Array) -> Array:
    """One round of K-SVD: each atom in turn fits what the others leave of the patches that use it."""
    atoms = atoms.copy()
    error = x - coefficients @ atoms
    shares = np.ascontiguousarray(coefficients.T)
    worst = iter(np.argsort(-np.square(error).sum(1), kind="stable"))
    for number, atom in enumerate(atoms):
        users = np.flatnonzero(shares[number])
        if len(users) < _RARE:
            atoms[number] = _normalised(x[next(worst, 0)], otherwise=atom)
            continue
        weights = shares[number, users]
        wanted = error[users] + weights[:, None] * atom
        atoms[number] = _normalised(weights @ wanted, otherwise=atom)
        error[users] = wanted - (wanted @ atoms[number])[:, None] * atoms[number]
    return atoms


def redundant_dct() -> Array:
    """(256, 64): the products of 16 cosines down and 16 across, without mean but for the first, of norm 1."""
    cosines = np.cos(np.outer(np.arange(_ATOMS), np.arange(_SIDE)) * math.pi / _ATOMS)
    cosines[1:] -= cosines[1:].mean(1, keepdims=True)
    cosines /= np.linalg.norm(cosines, axis=1, keepdims=True)
    return np.kron(cosines, cosines).astype(np.float32)


def _normalised(atom: Array, *, otherwise: Array) -> Array:
    norm = float(np.linalg.norm(atom))
    return np.asarray(atom / norm, np.float32) if norm else otherwise


def _centred(seen: Array) -> Array:
    return np.asarray(seen - seen.mean(1, keepdims=True), np.float32)


def _target(sigma: float) -> float:
    return _SIZE * (_GAIN * sigma) ** 2


def _times(rows: Array, matrices: Array) -> Array:
    """(N, a), (N, a, b) -> (N, b)."""
    return (rows[:, None] @ matrices)[:, 0]


def _chunks(count: int) -> Iterator[slice]:
    return (slice(start, start + _AT_ONCE) for start in range(0, count, _AT_ONCE))

"""What patches of natural pictures look like: a mixture of zero-mean Gaussians over 8×8 patches without their mean.

D. Zoran, Y. Weiss, "From Learning Models of Natural Image Patches to Whole Image Restoration", ICCV 2011. EPLL and the
layer priors of rain share it. `patch_prior.npz` is learned by tools/learn_patch_prior.py.

A patch is held by its 63 DCT coefficients, the constant one left out: so its mean is removed, and covariances, nearly
diagonal there, keep their precision in 16 bit. The paper's own mixture (200 components, two million patches of BSDS300)
is not used: this one is learned anew, with 128.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.fft

from aigan.decomposition import Array

Indices = npt.NDArray[np.intp]

SIDE = 8
SIZE = SIDE**2 - 1
LEARNED = Path(__file__).with_name("patch_prior.npz")
# BSDS500 without all test scenes that aigan measures on, and photos; as tools/learn_patch_prior.py reads them.
TRAINING_DATA = ("bsds500 (365 pictures)", "photos")
DATA_TERMS = "BSDS500: non-commercial research and educational purposes"
_ROWS = 4096  # patches that are scored at once: their products take 33 MB
_FLOOR = 2e-6  # variance; rounding to 8 bit leaves 1.3e-6


@dataclass(frozen=True, eq=False)
class PatchPrior:
    """K zero-mean Gaussians: `weights` (K,), sum 1; `covariances` (K, 63, 63) of the coefficients; float32."""

    weights: Array
    covariances: Array

    def components(self, x: Array, noise: float) -> Indices:
        """The most likely component of each patch, x (N, 63) with white noise of that variance: (N,)."""
        bias, precisions = self._scores(noise)
        best = np.empty(len(x), np.intp)
        for rows in _chunks(len(x)):
            best[rows] = (_products(x[rows]) @ precisions + bias).argmax(1)
        return best

    def estimate(self, x: Array, noise: float, *, signal: Array | None = None) -> Array:
        """Patches x (N, 63) without their white noise: the Wiener filter of each one's most likely component.

        `signal`: (K, 63, 63), for the part of the patches that has these covariances; all of them by default.
        """
        best = self.components(x, noise)
        white = np.float32(noise) * np.eye(SIZE, dtype=np.float32)
        filters = np.linalg.solve(self.covariances + white, self.covariances if signal is None else signal)
        result = np.empty_like(x)
        order = np.argsort(best, kind="stable")
        ends = np.searchsorted(best[order], np.arange(len(self.weights)), side="right")
        for component, rows in enumerate(np.split(order, ends[:-1])):
            result[rows] = x[rows] @ filters[component]
        return result

    def statistics(self, x: Array) -> tuple[Array, Array, float]:
        """E step: responsibilities summed over x, (K,), their products, (K, 2016), and the mean log-likelihood."""
        bias, precisions = self._scores(0.0)
        counts, products = np.zeros_like(self.weights), np.zeros_like(precisions.T)
        total = 0.0
        for rows in _chunks(len(x)):
            pairs = _products(x[rows])
            scores = pairs @ precisions + bias
            top = scores.max(1, keepdims=True)
            shares = np.exp(scores - top)
            sums = shares.sum(1, keepdims=True)
            total += float((top + np.log(sums)).sum())
            shares /= sums
            counts += shares.sum(0)
            products += shares.T @ pairs
        return counts, products, total / len(x) - SIZE / 2 * float(np.log(2 * np.pi))

    def _scores(self, noise: float) -> tuple[Array, Array]:
        """(K,) and (2016, K): log πₖ N(x; 0, Σₖ + noise) = bias + products(x) @ precisions, but for a constant."""
        covariances = self.covariances + noise * np.eye(SIZE)
        precisions = np.linalg.inv(covariances)
        bias = np.log(self.weights) - np.linalg.slogdet(covariances)[1] / 2
        return bias.astype(np.float32), -_triangles(precisions, diagonal=0.5).astype(np.float32).T


def from_statistics(counts: Array, products: Array) -> PatchPrior:
    """M step: the mixture of those sums; covariances get the variance of rounding as a floor."""
    counts = counts + np.float32(1e-3)
    upper = _upper(products / counts[:, None])
    covariances = np.triu(upper, 1).transpose(0, 2, 1) + upper + np.float32(_FLOOR) * np.eye(SIZE, dtype=np.float32)
    return PatchPrior(counts / counts.sum(), covariances)


def fit(x: Array, start: PatchPrior, *, iterations: int) -> PatchPrior:
    """EM on patches x (N, 63)."""
    prior = start
    for _ in range(iterations):
        counts, products, _ = prior.statistics(x)
        prior = from_statistics(counts, products)
    return prior


@dataclass(frozen=True, eq=False)
class Grid:
    """Where the patches of a picture of that `shape` start: at each of `rows` with each of `columns`."""

    shape: tuple[int, ...]
    rows: Indices
    columns: Indices

    def patches(self, picture: Array) -> Array:
        """(H, W) -> (rows · columns, 63), row by row."""
        windows = np.lib.stride_tricks.sliding_window_view(picture, (SIDE, SIDE))
        return coefficients(windows[np.ix_(self.rows, self.columns)].reshape(-1, SIDE, SIDE))

    def average(self, x: Array) -> Array:
        """The mean, in each pixel, of all patches of x, as from `patches`, that it lies in: (H, W)."""
        squares = (_basis() @ x.T).reshape(SIDE, SIDE, len(self.rows), len(self.columns))
        total = np.zeros(self.shape, np.float32)
        for i in range(SIDE):
            for j in range(SIDE):
                total[np.ix_(self.rows + i, self.columns + j)] += squares[i, j]
        return total / np.outer(_overlaps(self.rows), _overlaps(self.columns))


def grid(shape: tuple[int, ...], *, stride: int = 1, turn: int = 0) -> Grid:
    """Patches every `stride` px, and those at the border; `turn` shifts it, so that stride² turns see every patch."""
    rows, columns = (
        np.unique([0, *range(shift % stride, size - SIDE + 1, stride), size - SIDE])
        for size, shift in zip(shape, divmod(turn, stride), strict=True)
    )
    return Grid(shape, rows, columns)


def coefficients(squares: Array) -> Array:
    """(N, 8, 8) -> (N, 63)."""
    return squares.reshape(-1, SIDE**2) @ _basis()


def padded(picture: Array) -> Array:
    """A picture (H, W), mirrored below and to the right where a side is shorter than a patch."""
    height, width = picture.shape
    return np.pad(picture, ((0, max(SIDE - height, 0)), (0, max(SIDE - width, 0))), mode="symmetric")


def expected(prior: PatchPrior, picture: Array, noise: float, *, stride: int = 1, turn: int = 0) -> Array:
    """The mean, in each pixel, of what `estimate` makes of the patches of (H, W) that it lies in."""
    places = grid(picture.shape, stride=stride, turn=turn)
    x = places.patches(picture)
    return picture - places.average(x - prior.estimate(x, noise))


def save(path: Path, prior: PatchPrior) -> None:
    """As Cholesky factors in 16 bit: what they are rounded by leaves covariances positive."""
    factors = np.linalg.cholesky(prior.covariances)
    triangles = _triangles(factors.transpose(0, 2, 1)).astype(np.float16)
    np.savez_compressed(path, weights=prior.weights, factors=triangles)


@functools.cache
def load(path: Path = LEARNED) -> PatchPrior:
    """A mixture that `save` wrote."""
    with np.load(path, allow_pickle=False) as file:
        weights, triangles = file["weights"], file["factors"].astype(np.float32)
    factors = _upper(triangles)
    return PatchPrior(weights, factors.transpose(0, 2, 1) @ factors)


@functools.cache
def _basis() -> Array:
    """(64, 63): the two-dimensional DCT's functions but for the constant one."""
    cosines = scipy.fft.dct(np.eye(SIDE), norm="ortho", axis=0)
    return np.kron(cosines, cosines)[1:].T.astype(np.float32)


def _overlaps(starts: Indices) -> Array:
    """How many patches each pixel of a side lies in."""
    return np.bincount(np.add.outer(starts, np.arange(SIDE)).ravel()).astype(np.float32)


def _products(x: Array) -> Array:
    """xᵢ·xⱼ for i ≤ j, by j − i: (N, 63) -> (N, 2016)."""
    result = np.empty((len(x), SIZE * (SIZE + 1) // 2), np.float32)
    start = 0
    for offset in range(SIZE):
        stop = start + SIZE - offset
        np.multiply(x[:, : SIZE - offset], x[:, offset:], out=result[:, start:stop])
        start = stop
    return result


def _triangles(matrices: Array, *, diagonal: float = 1.0) -> Array:
    """(K, 63, 63) -> (K, 2016), the upper triangles in the order of `_products`."""
    diagonals = [np.diagonal(matrices, offset, 1, 2) for offset in range(SIZE)]
    return np.concatenate([diagonals[0] * np.float32(diagonal), *diagonals[1:]], axis=1)


def _upper(triangles: Array) -> Array:
    """The inverse of `_triangles`: upper triangular matrices."""
    matrices = np.zeros((len(triangles), SIZE, SIZE), np.float32)
    start = 0
    for offset in range(SIZE):
        rows = np.arange(SIZE - offset)
        matrices[:, rows, rows + offset] = triangles[:, start : start + len(rows)]
        start += len(rows)
    return matrices


def _chunks(count: int) -> Iterator[slice]:
    for start in range(0, count, _ROWS):
        yield slice(start, start + _ROWS)

"""DSC: rain and background are sums of few atoms each, and no atom serves both.

Y. Luo, Y. Xu, H. Ji, "Removing Rain from a Single Image via Discriminative Sparse Coding", ICCV 2015. Rain lies over
the background by screen blend,

    O = 1 − (1 − B)(1 − R) = B + R(1 − B),

and the patches of both layers have sparse codes over one dictionary, learned from the picture itself, whose atoms are
mutually exclusive: those used by R are not used by B. Codes, layers and dictionary are improved in turn, by greedy
pursuit. Sizes are those of the authors' demonstration: 16×16 patches, 512 atoms of the background and 128 of rain, 5
and 8 of them a patch, 10,000 patches to learn from, 5 rounds.

All this is done on the luminance; what it loses is taken from each channel, which leaves the chroma as it is.

Deviations:
- Over a patch 1 − B is taken as constant. Then R(1 − B) has the same atoms as R, and a patch of O without its mean is
  the sum of both layers' codes: one pursuit over both kinds of atoms finds them, and exclusive codes need no penalty.
- Rain atoms are those which are streaks along the direction of fall that fits best, within 45° of the vertical; they
  are chosen once. Rain lightens: they have a positive code, and R(1 − B) is not negative.
- Codes say nothing of a patch's mean. Rain's is such that a quarter of the patch has none (chosen on pairs of
  RainTrainL and of its heavy counterpart).
- The rounds improve the dictionary on the sampled patches only; the layers are made once, at its end, from patches
  every 4 px (there: every 2). So the dictionary is all that is global, and a tile gives what the whole picture gives.
- The dictionary is learned online (sparse.py), not by K-SVD.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from aigan.baselines.classical import sparse
from aigan.baselines.classical.luminance import luminance
from aigan.decomposition import Array, Context, Decomposition, ModelSpec

SIDE, STEP = 16, 4  # px, of the patches and between them
ATOMS, RAIN_ATOMS = 640, 128
MOST = (5, 8)  # atoms a patch, of the background and of rain
DRY = 0.25  # share of a patch's pixels on which no rain falls
LEARNED_FROM, ROUNDS = 10_000, 5
_ROUND_FROM = 4000  # patches that a round codes
_FALLS = np.arange(-45, 46, 5)  # degrees from the vertical
_SEED = 0


@dataclass(frozen=True)
class DSC:
    """Discriminative sparse coding for rainy pictures, gray or colour."""

    channels: Literal[1, 3]

    @property
    def spec(self) -> ModelSpec:
        """A tile that sees a patch farther gives what the whole picture gives, under its dictionary."""
        return ModelSpec(
            name="dsc",
            task="derain",
            needs_context=True,
            channels=self.channels,
            multiple_of=STEP,
            receptive_radius_px=SIDE - 1,
            halo_px=SIDE - 1,
            limits="rain of one direction; thins out bright lines of the scene along it, leaves wide and faint streaks",
        )

    def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
        """Decompose a rainy picture, (H, W, C) float32 in [0, 1]; `context` holds its dictionary, if it is known."""
        o = luminance(degraded)
        atoms = (context or self.context(degraded)).values.reshape(ATOMS, SIDE**2)
        rain = rain_part(o, atoms)[..., None]
        return Decomposition(degraded, degraded - rain, np.broadcast_to(rain, degraded.shape))

    def context(self, whole: Array) -> Context:
        """The dictionary, row after row; its last 128 atoms are rain."""
        return Context(learn(luminance(whole)).ravel())


def rain_part(o: Array, atoms: Array) -> Array:
    """R(1 − B) ≥ 0 of a picture O (H, W) under its dictionary."""
    codes = _codes(_centred(sparse.taken(o, SIDE, STEP)), atoms)
    rain = _rain(codes, atoms)
    rain -= np.quantile(rain, DRY, axis=1, keepdims=True).astype(np.float32)
    return np.maximum(sparse.laid(rain, o.shape, STEP), 0)


def learn(o: Array) -> Array:
    """The dictionary (640, 256) of a picture O (H, W), its last 128 atoms rain."""
    rng = np.random.default_rng(_SEED)
    x = _centred(sparse.sampled(o, SIDE, LEARNED_FROM, rng))
    atoms = sparse.learned(x, sparse.drawn(x, ATOMS, rng), MOST[0])
    usage = np.abs(sparse.pursue(x[:_ROUND_FROM], atoms, MOST[:1])).sum(0)
    atoms = atoms[np.argsort(along_the_fall(atoms, usage), kind="stable")]
    for _ in range(ROUNDS):
        atoms = _improved(x[:_ROUND_FROM], _lightening(atoms))
    return _lightening(atoms)


def along_the_fall(atoms: Array, usage: Array) -> Array:
    """How much each atom (K, d) is a streak along the direction of fall, in [−1, 1].

    That is the direction to which most atoms, weighed by their usage (K,), are parallel.
    """
    parallel = (sparse.alignment(atoms) * np.exp(-2j * np.deg2rad(_FALLS))[:, None]).real
    best = (np.maximum(parallel, 0) ** 4 @ usage).argmax()
    return np.asarray(parallel[best], np.float32)


def _improved(x: Array, atoms: Array) -> Array:
    """A round: patches (N, 256) are parted by their codes, and each part's atoms fitted to it."""
    rain = np.maximum(_rain(_codes(x, atoms), atoms), 0)
    background = sparse.learned(_centred(x - rain), atoms[:-RAIN_ATOMS], MOST[0])
    return np.concatenate([background, sparse.learned(_centred(rain), atoms[-RAIN_ATOMS:], MOST[1])])


def _codes(x: Array, atoms: Array) -> sparse.Codes:
    kinds = np.repeat([0, 1], [ATOMS - RAIN_ATOMS, RAIN_ATOMS])
    return sparse.pursue(x, atoms, MOST, kinds=kinds, bright=kinds == 1)


def _rain(codes: sparse.Codes, atoms: Array) -> Array:
    return np.asarray(codes[:, -RAIN_ATOMS:] @ atoms[-RAIN_ATOMS:])


def _lightening(atoms: Array) -> Array:
    """Rain atoms turned so that their few strong values are positive."""
    turned = atoms.copy()
    turned[-RAIN_ATOMS:] *= np.where((atoms[-RAIN_ATOMS:] ** 3).sum(1, keepdims=True) < 0, np.float32(-1), 1)
    return turned


def _centred(x: Array) -> Array:
    return np.asarray(x - x.mean(1, keepdims=True))

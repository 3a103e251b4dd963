"""ID: what varies fast in a picture is a sum of few learned atoms; those that look like rain are left out.

L.-W. Kang, C.-W. Lin, Y.-H. Fu, "Automatic Single-Image-Based Rain Streaks Removal via Image Decomposition", IEEE TIP
2012. The picture is I = I_LF + I_HF, where a bilateral filter gives the low frequencies I_LF. A dictionary of 16×16
patches is learned online from I_HF itself; K-means parts its atoms in two by their histograms of oriented gradients,
and the group whose gradients vary less in direction is rain. Each patch of I_HF is coded by orthogonal matching
pursuit with at most 10 atoms; with its geometric atoms alone it gives I_geo, and the result is I_LF + I_geo.

All this is done on the luminance, as in the paper; what it loses is taken from each channel, which leaves the chroma
as it is.

Deviations: the dictionary is learned with matching pursuit as the coder (sparse.py) and from 10,000 patches;
patches every 4 px (there: every one); an atom's gradients are weighed by their strength where their directions'
variance is taken, which otherwise its flat pixels decide. The paper's second dictionary, of other pictures without
rain, which it adds to the geometric atoms, is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from aigan.baselines.classical import sparse
from aigan.baselines.classical.luminance import luminance
from aigan.decomposition import Array, Context, Decomposition, ModelSpec
from aigan.errors import MissingExtra

try:
    from skimage.feature import hog
    from skimage.restoration import denoise_bilateral
    from sklearn.cluster import KMeans
except ImportError as error:
    raise MissingExtra("id needs scikit-image and scikit-learn: pip install 'aigan[baselines]'") from error

SIDE, STEP = 16, 4  # px, of the patches and between them
ATOMS, MOST = 1024, 10  # of the dictionary; a patch
LEARNED_FROM = 10_000  # patches
WINDOW = 19  # px, of the bilateral filter
SIGMA_SPACE, SIGMA_VALUE = 6, 0.2  # px; of 1
_SEED = 0


@dataclass(frozen=True)
class ID:
    """Image decomposition for rainy pictures, gray or colour."""

    channels: Literal[1, 3]

    @property
    def spec(self) -> ModelSpec:
        """A tile that sees as far as patch and filter reach gives what the whole gives, under its dictionary."""
        reach = SIDE - 1 + WINDOW // 2
        return ModelSpec(
            name="id",
            task="derain",
            needs_context=True,
            channels=self.channels,
            multiple_of=STEP,
            receptive_radius_px=reach,
            halo_px=reach,
            limits="smooths textures, loses lines of the scene that run as the rain does, and leaves strong streaks,"
            " which the low frequencies hold",
        )

    def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
        """Decompose a rainy picture, (H, W, C) float32 in [0, 1]; `context` holds its dictionary, if it is known."""
        rows = (context or self.context(degraded)).values.reshape(ATOMS, SIDE**2 + 1)
        atoms, rain = rows[:, :-1], rows[:, -1] > 0
        high = high_frequencies(luminance(degraded))
        codes = sparse.pursue(sparse.taken(high, SIDE, STEP), atoms, [MOST])
        geometric = sparse.laid(np.asarray(codes[:, ~rain] @ atoms[~rain]), high.shape, STEP)
        lost = (high - geometric)[..., None]
        return Decomposition(degraded, degraded - lost, np.broadcast_to(lost, degraded.shape))

    def context(self, whole: Array) -> Context:
        """The dictionary, row after row, each followed by 1 for rain and 0 for what is geometric."""
        rng = np.random.default_rng(_SEED)
        x = sparse.sampled(high_frequencies(luminance(whole)), SIDE, LEARNED_FROM, rng)
        atoms = sparse.learned(x, sparse.drawn(x, ATOMS, rng), MOST // 2)
        return Context(np.column_stack([atoms, are_rain(atoms)]).astype(np.float32).ravel())


def high_frequencies(y: Array) -> Array:
    """I_HF of (H, W)."""
    low = denoise_bilateral(y, win_size=WINDOW, sigma_color=SIGMA_VALUE, sigma_spatial=SIGMA_SPACE, mode="symmetric")
    return y - np.asarray(low, np.float32)


def are_rain(atoms: Array) -> sparse.Mask:
    """Which atoms (K, 256) are rain: (K,)."""
    squares = atoms.reshape(-1, SIDE, SIDE)
    shapes = [hog(square, orientations=9, pixels_per_cell=(4, 4), cells_per_block=(2, 2)) for square in squares]
    group: sparse.Mask = KMeans(2, n_init=10, random_state=_SEED).fit_predict(np.array(shapes)) == 1
    variance = direction_variance(atoms)
    return group if variance[group].mean() < variance[~group].mean() else ~group


def direction_variance(atoms: Array) -> Array:
    """How much the gradients of each atom (K, 256) vary in direction, opposite ones taken as one: (K,), 0 to 1."""
    return np.asarray(1 - np.abs(sparse.alignment(atoms)))

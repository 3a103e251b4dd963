"""Learn the mixture of Gaussians that EPLL and the layer priors of rain share.

    OMP_NUM_THREADS=1 python tools/learn_patch_prior.py DATA [--steps 300] [--components 128] [--out FILE.npz]

DATA holds bsds500/ and photos/: patches of BSDS500 without the test scenes of cbsd68 (bsd68), rain100l and rain100h,
and of photos without those held out for validation, half and half, as gray pictures. Some three minutes of one core.

Stepwise EM (O. Cappé, E. Moulines, "On-line expectation-maximization algorithm for latent data models", JRSS B 2009):
each step sees 10,000 new patches, whose statistics enter with the weight (step + 1)^-0.6. The means are zero, which
scikit-learn's mixtures cannot hold. A component starts as the covariance of a small region of a picture.
"""

import argparse
from pathlib import Path

import numpy as np

from aigan.baselines.classical import patch_prior
from aigan.baselines.classical.patch_prior import SIDE, PatchPrior
from aigan.data.folders import read_rgb
from aigan.data.sources import Folder, clean_paths
from aigan.data.store import as_channels
from aigan.decomposition import Array

BSDS = Folder(folder="bsds500", without=("cbsd68", "rain100l", "rain100h"))
PHOTOS = Folder(folder="photos", hold_out_every=10)
PICTURES, PATCHES, REGION = 100, 50, 24  # a step: so many pictures of each folder, so many patches of each of them


def drawn(pictures: list[Array], rng: np.random.Generator) -> Array:
    """Patches (N, 63) at random places of random pictures."""
    squares = []
    for which in rng.integers(len(pictures), size=PICTURES):
        windows = np.lib.stride_tricks.sliding_window_view(pictures[which], (SIDE, SIDE))
        squares.append(windows[tuple(rng.integers(windows.shape[:2], size=(PATCHES, 2)).T)])
    return patch_prior.coefficients(np.concatenate(squares))


def started(pictures: list[Array], components: int, rng: np.random.Generator) -> PatchPrior:
    """Each component from one region."""
    covariances = []
    for which in rng.integers(len(pictures), size=components):
        top, left = rng.integers(np.array(pictures[which].shape) - REGION)
        region = pictures[which][top : top + REGION, left : left + REGION]
        x = patch_prior.grid(region.shape).patches(region)
        covariances.append(x.T @ x / len(x) + 1e-5 * np.eye(patch_prior.SIZE, dtype=np.float32))
    return PatchPrior(np.full(components, 1 / components, np.float32), np.stack(covariances))


def gray_pictures(folder: Folder, data: Path) -> list[Array]:
    """The folder's training pictures, (H, W) in [0, 1]."""
    return [as_channels(read_rgb(path), 1)[..., 0] / np.float32(255) for path in clean_paths([folder], data)]


def main() -> None:
    """Learn, and print the log-likelihood of each step's new patches."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--components", type=int, default=128)
    parser.add_argument("--out", type=Path, default=patch_prior.LEARNED)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    sources = [gray_pictures(folder, options.data) for folder in (BSDS, PHOTOS)]
    prior = started([picture for source in sources for picture in source], options.components, rng)
    counts, products = np.float32(0), np.float32(0)
    for step in range(options.steps):
        x = np.concatenate([drawn(source, rng) for source in sources])
        new_counts, new_products, likelihood = prior.statistics(x)
        share = np.float32((step + 1) ** -0.6)
        counts = counts + share * (new_counts - counts)
        products = products + share * (new_products - products)
        prior = patch_prior.from_statistics(counts, products)
        print(f"{step + 1:4d}  {(step + 1) * len(x):9,d} patches  log-likelihood {likelihood:.2f}", flush=True)
    patch_prior.save(options.out, prior)


if __name__ == "__main__":
    main()

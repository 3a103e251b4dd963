"""The mixture of Gaussians over patches, against loops, scipy and scikit-learn."""

import numpy as np
import pytest
import scipy.fft
import scipy.stats
from sklearn.mixture import GaussianMixture

from aigan.baselines.classical import patch_prior
from aigan.baselines.classical.patch_prior import SIDE, SIZE, PatchPrior


def mixture(components=3, seed=0):
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(components, SIZE, SIZE)).astype(np.float32) / 50
    weights = rng.uniform(1, 2, components).astype(np.float32)
    scales = np.arange(1, components + 1, dtype=np.float32)[:, None, None]
    return PatchPrior(weights / weights.sum(), scales * roots @ roots.transpose(0, 2, 1))


def drawn(prior, count, seed=0):
    """Patches of each component in turn."""
    rng = np.random.default_rng(seed)
    roots = np.linalg.cholesky(prior.covariances)
    return np.concatenate([rng.normal(size=(count, SIZE)) @ root.T for root in roots]).astype(np.float32)


def densities(prior, x, noise):
    """log πₖ N(x; 0, Σₖ + noise), (N, K), by scipy."""
    white = noise * np.eye(SIZE)
    parts = [scipy.stats.multivariate_normal(cov=c.astype(float) + white).logpdf(x) for c in prior.covariances]
    return np.log(prior.weights) + np.stack(parts, axis=1)


def test_the_component_is_the_most_likely_one():
    prior = mixture()
    x = drawn(prior, 40)
    found = prior.components(x, 1e-3)
    assert (found == densities(prior, x, 1e-3).argmax(1)).all()
    assert len({*found.tolist()}) == 3


def test_the_estimate_is_its_wiener_filter():
    prior = mixture()
    x = drawn(prior, 5)
    expected = [
        prior.covariances[k] @ np.linalg.inv(prior.covariances[k] + 1e-3 * np.eye(SIZE)) @ patch
        for k, patch in zip(prior.components(x, 1e-3), x, strict=True)
    ]
    np.testing.assert_allclose(prior.estimate(x, 1e-3), expected, atol=1e-4)


def test_an_iteration_is_that_of_scikit_learn():
    """With patches and their negatives scikit-learn's means are zero, too."""
    prior = mixture()
    x = drawn(prior, 200)
    start = PatchPrior(prior.weights, prior.covariances + 1e-3 * np.eye(SIZE, dtype=np.float32))
    precisions = np.linalg.inv(start.covariances.astype(float))
    other = GaussianMixture(
        3,
        weights_init=start.weights.astype(float) / start.weights.sum(dtype=float),
        means_init=np.zeros((3, SIZE)),
        precisions_init=(precisions + precisions.transpose(0, 2, 1)) / 2,
        max_iter=1,
        reg_covar=2e-6,
    )
    with pytest.warns(match="converge"):
        other.fit(np.concatenate([x, -x]))
    found = patch_prior.fit(x, start, iterations=1)
    np.testing.assert_allclose(found.weights, other.weights_, atol=1e-4)
    np.testing.assert_allclose(found.covariances, other.covariances_, atol=2e-4)
    _, _, likelihood = start.statistics(x)
    assert likelihood == pytest.approx(scipy.special.logsumexp(densities(start, x, 0), axis=1).mean(), abs=1e-2)


def test_patches_are_dct_coefficients_without_the_mean():
    picture = np.random.default_rng(0).uniform(size=(11, 13)).astype(np.float32)
    found = patch_prior.grid(picture.shape).patches(picture)
    assert found.shape == (4 * 6, SIZE)
    expected = scipy.fft.dctn(picture[2 : 2 + SIDE, 5 : 5 + SIDE], norm="ortho").ravel()[1:]
    np.testing.assert_allclose(found[2 * 6 + 5], expected, atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_average_is_that_of_a_loop(stride):
    rng = np.random.default_rng(0)
    places = patch_prior.grid((17, 14), stride=stride, turn=1)
    x = rng.normal(size=(len(places.rows) * len(places.columns), SIZE)).astype(np.float32)
    total, count = np.zeros((17, 14)), np.zeros((17, 14))
    for which, patch in enumerate(x):
        row, column = places.rows[which // len(places.columns)], places.columns[which % len(places.columns)]
        square = scipy.fft.idctn(np.concatenate([[0], patch]).reshape(SIDE, SIDE), norm="ortho")
        total[row : row + SIDE, column : column + SIDE] += square
        count[row : row + SIDE, column : column + SIDE] += 1
    assert count.min() >= 1
    np.testing.assert_allclose(places.average(x), total / count, atol=1e-5)


def test_the_turns_see_every_patch():
    grids = [patch_prior.grid((20, 21), stride=2, turn=turn) for turn in range(4)]
    seen = {(row, column) for g in grids for row in g.rows.tolist() for column in g.columns.tolist()}
    assert seen == {(row, column) for row in range(13) for column in range(14)}


def test_a_mixture_survives_its_file(tmp_path):
    prior = mixture()
    patch_prior.save(tmp_path / "prior.npz", prior)
    read = patch_prior.load(tmp_path / "prior.npz")
    np.testing.assert_allclose(read.weights, prior.weights)
    np.testing.assert_allclose(read.covariances, prior.covariances, atol=1e-3 * prior.covariances.max())


def test_the_learned_mixture_is_small_and_sound():
    prior = patch_prior.load()
    assert patch_prior.LEARNED.stat().st_size < 1 << 20
    assert prior.weights.sum() == pytest.approx(1, abs=1e-4)
    assert np.linalg.eigvalsh(prior.covariances).min() > 0

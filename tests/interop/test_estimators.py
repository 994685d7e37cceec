"""Estimators of scikit-learn: its own checks, and the functions behind them."""

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from cscbook.dictionaries.convolution import ConvDictionary
from cscbook.interop.estimators import ConvolutionalDictionary, PatchDictionary
from cscbook.learning import ksvd, lobcod_dictionary_learning
from cscbook.pursuits import basis_pursuit, duality_gap, omp

ESTIMATORS = [
    PatchDictionary(),
    PatchDictionary(max_iter=2, tol=0.5),
    ConvolutionalDictionary(max_iter=3),
    ConvolutionalDictionary(2, size=1, lam=0.1, circular=False, max_iter=2),
]


@parametrize_with_checks(ESTIMATORS)
def test_scikit_learn_checks(estimator, check):
    """No check is left out or expected to fail."""
    check(estimator)


def patches_of_atoms(rng, p=200, n=12, m=8):
    atoms = rng.standard_normal((m, n))
    return (rng.standard_normal((p, m)) * (rng.random((p, m)) < 0.25)) @ atoms


def seed_of(random_state):
    return np.random.default_rng(np.random.RandomState(random_state).randint(2**31))


def test_patch_dictionary_is_ksvd_and_omp(rng):
    X = patches_of_atoms(rng)
    model = PatchDictionary(8, n_nonzero_coefs=3, max_iter=4, random_state=5).fit(X)
    expected = ksvd(X.T, n_atoms=8, k=3, n_iter=4, rng=seed_of(5))
    np.testing.assert_array_equal(model.components_, expected.D.T)
    np.testing.assert_allclose(np.linalg.norm(model.components_, axis=1), 1)
    codes = model.transform(X)
    np.testing.assert_allclose(codes, omp(expected.D, X.T, k=3).gamma.toarray().T, atol=1e-10)
    np.testing.assert_allclose(model.inverse_transform(codes), codes @ expected.D.T)
    assert (np.count_nonzero(codes, axis=1) <= 3).all() and model.n_iter_ == 4


def test_tolerance_is_a_norm(rng):
    X = patches_of_atoms(rng)
    model = PatchDictionary(16, tol=0.3, random_state=0).fit(X)
    left = np.linalg.norm(X - model.inverse_transform(model.transform(X)), axis=1)
    assert left.max() <= 0.3 * (1 + 1e-9)
    assert left.max() > 0.3**2


@pytest.mark.parametrize("circular", [True, False])
def test_convolutional_dictionary_is_lobcod_and_basis_pursuit(rng, circular):
    X = rng.standard_normal((3, 7 * 8 * 2))
    images = X.reshape(3, 7, 8, 2)
    model = ConvolutionalDictionary(
        3, size=(3, 2), space=(7, 8), channels=2, lam=0.5, circular=circular, max_iter=3, random_state=5
    ).fit(X)
    options = {"circular": circular, "n_iter": 3, "rng": seed_of(5)}
    expected = lobcod_dictionary_learning(images, (3, 2), 3, 0.5, **options)
    np.testing.assert_array_equal(model.filters_, expected.D)
    D, codes = ConvDictionary(expected.D, (7, 8), circular=circular), model.transform(X)
    assert codes.shape == (3, D.shape[1])
    for image, code in zip(images, codes.reshape(3, *D.positions, 3), strict=True):
        np.testing.assert_array_equal(code, basis_pursuit(D, image, 0.5).gamma)
        assert duality_gap(D, image, code, 0.5) < 1e-5
    signals = model.inverse_transform(codes).reshape(images.shape)
    np.testing.assert_allclose(signals, D @ codes.reshape(3, *D.positions, 3), atol=1e-12)


@pytest.mark.parametrize("estimator", [PatchDictionary(), ConvolutionalDictionary()], ids=str)
@pytest.mark.parametrize("method", ["transform", "inverse_transform"])
def test_coding_needs_a_fit(rng, estimator, method):
    with pytest.raises(NotFittedError):
        getattr(estimator, method)(rng.standard_normal((4, 12)))


def test_wrong_sizes_are_named(rng):
    X = rng.standard_normal((4, 12))
    with pytest.raises(ValueError, match="12 features: expected 3 \\* 5 \\* 1"):
        ConvolutionalDictionary(space=(3, 5)).fit(X)
    model = PatchDictionary(3, random_state=0).fit(X)
    with pytest.raises(ValueError, match=r"expected \(samples, 3\)"):
        model.inverse_transform(X)


def test_they_stand_in_a_pipeline_under_a_grid(rng):
    X = patches_of_atoms(rng, p=60)

    def fit(model, X, y=None):
        return -np.mean((X - model.inverse_transform(model.transform(X))) ** 2)

    search = GridSearchCV(PatchDictionary(random_state=0), {"n_nonzero_coefs": [1, 4]}, scoring=fit, cv=2)
    assert search.fit(X).best_params_ == {"n_nonzero_coefs": 4}
    piped = make_pipeline(StandardScaler(), ConvolutionalDictionary(2, size=4, lam=0.3, random_state=0))
    names = piped.fit(X).get_feature_names_out()
    assert names[0] == "convolutionaldictionary0" and len(names) == 2 * 12
    np.testing.assert_array_equal(piped.transform(X).shape, (60, 24))

"""Dictionary learning as estimators of scikit-learn: for its pipelines, grids and cross-validation.

Both estimators are thin: ``fit`` calls a learner of ``cscbook.learning``, ``transform`` a pursuit, and
``inverse_transform`` multiplies by the dictionary. Samples are rows, as everywhere in scikit-learn, which
must be installed to import this module and no other. Everything runs on NumPy arrays.
"""

import math

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ..arrays import as_sizes
from ..dictionaries.convolution import ConvDictionary
from ..learning import ksvd, lobcod_dictionary_learning
from ..pursuits import basis_pursuit, omp
from .convert import from_sklearn, to_sklearn

FLOATS = (np.float64, np.float32)


class _Coder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """What both share: the checks of samples and of codes."""

    def _samples(self, X, reset, least=1):
        return validate_data(self, X, dtype=FLOATS, reset=reset, ensure_min_samples=least)

    def _codes(self, codes):
        check_is_fitted(self)
        codes = np.asarray(codes)
        if codes.ndim != 2 or codes.shape[1] != self._n_features_out:
            raise ValueError(f"codes of shape {codes.shape}: expected (samples, {self._n_features_out})")
        return codes

    def _generator(self):
        """Our generator, seeded by scikit-learn's ``random_state``."""
        return np.random.default_rng(check_random_state(self.random_state).randint(2**31))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = [dtype.__name__ for dtype in FLOATS]
        return tags


class PatchDictionary(_Coder):
    """A dictionary of samples or patches: learned by K-SVD, coded by OMP.

    ``min sum_i ||x_i - D g_i||^2`` over unit atoms and codes with at most ``n_nonzero_coefs`` non-zeros each
    [Aharon, Elad & Bruckstein, 2006], see ``ksvd`` and ``omp``. Nothing is centred:
    for patches of an image, subtract the mean of each first.

    Parameters
    ----------
    n_components : int, optional
        Number m of atoms; default: as many as features. At most the number of samples that are not zero.
    n_nonzero_coefs : int, optional
        At most so many atoms per sample. Default, where ``tol`` is not given either: a tenth of the features,
        at least 1, as in scikit-learn.
    tol : float, optional
        A code stops at this norm ``||x_i - D g_i||``, in the units of the samples. It is the norm and not,
        as in ``orthogonal_mp``, its square.
    max_iter : int
        Rounds of K-SVD.
    random_state : int, RandomState or None
        Of the first atoms, which are samples, and of the order of the updates.

    Attributes
    ----------
    components_ : array (m, n)
        Unit atoms as rows.
    n_iter_ : int
        Rounds that were done.
    n_features_in_ : int
    """

    def __init__(self, n_components=None, *, n_nonzero_coefs=None, tol=None, max_iter=10, random_state=None):
        self.n_components = n_components
        self.n_nonzero_coefs = n_nonzero_coefs
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X, y=None):
        """Learn the atoms from samples ``X`` (p, n); ``y`` is ignored."""
        X = self._samples(X, reset=True, least=2)
        m = X.shape[1] if self.n_components is None else self.n_components
        stop = self._stop(X.shape[1])
        found = ksvd(from_sklearn(X), n_atoms=m, n_iter=self.max_iter, rng=self._generator(), **stop)
        self.components_, self.n_iter_ = np.ascontiguousarray(to_sklearn(found.D)), len(found.trace)
        return self

    def transform(self, X):
        """The codes of samples ``X`` (p, n) by OMP, a dense array (p, m)."""
        check_is_fitted(self)
        X = self._samples(X, reset=False)
        stop = self._stop(X.shape[1])
        return omp(self._D(X.dtype), from_sklearn(X), **stop).gamma.toarray().T

    def inverse_transform(self, codes):
        """The samples (p, n) of codes (p, m)."""
        codes = self._codes(codes)
        return codes @ self.components_

    def _D(self, dtype):
        return from_sklearn(self.components_.astype(dtype))

    def _stop(self, n):
        k = self.n_nonzero_coefs
        return {"k": max(n // 10, 1) if k is None and self.tol is None else k, "tol": self.tol}

    @property
    def _n_features_out(self):
        return self.components_.shape[0]


class ConvolutionalDictionary(_Coder):
    """Filters of signals: learned by LoBCoD, coded by basis pursuit.

    ``min sum_i ||x_i - D g_i||^2 / 2 + lam ||g_i||_1`` over codes and unit filters [Zisselman, Sulam & Elad,
    2019], see ``lobcod_dictionary_learning`` and ``basis_pursuit``. Each sample is
    a whole signal, flattened.

    Parameters
    ----------
    n_components : int
        Number m of filters.
    size : int or tuple of int, optional
        Of the filters, along each space axis; default: 8, or the whole signal where it is shorter.
    space : tuple of int, optional
        Of the signals: a sample has ``prod(space) * channels`` features, channels last. Default: one axis.
    channels : int
    lam : float
        Weight of the l1 norm, in the units of the samples; where it is too large, all codes are zero.
    circular : bool
        True: filters wrap around. False: they lie wholly inside.
    max_iter : int
        Rounds of learning.
    random_state : int, RandomState or None
        Of the first filters, which are patches.

    Attributes
    ----------
    filters_ : array (*size, c, m)
        Unit filters.
    dictionary_ : ConvDictionary
        The same on ``space``.
    n_iter_ : int
        Rounds that were done.
    n_features_in_ : int
    """

    def __init__(
        self,
        n_components=4,
        *,
        size=None,
        space=None,
        channels=1,
        lam=1.0,
        circular=True,
        max_iter=10,
        random_state=None,
    ):
        self.n_components = n_components
        self.size = size
        self.space = space
        self.channels = channels
        self.lam = lam
        self.circular = circular
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X, y=None):
        """Learn the filters from signals ``X`` (p, features); ``y`` is ignored."""
        X = self._samples(X, reset=True)
        space = self._space(X.shape[1])
        size = self.size if self.size is not None else tuple(min(8, N) for N in space)
        found = lobcod_dictionary_learning(
            X.reshape(-1, *space, self.channels),
            as_sizes("size", size, len(space)),
            self.n_components,
            self.lam,
            circular=self.circular,
            n_iter=self.max_iter,
            rng=self._generator(),
        )
        self.filters_, self.n_iter_ = found.D, len(found.trace)
        return self

    def transform(self, X):
        """The codes of signals ``X`` (p, features), flattened: (p, prod(positions) * m), filters last.

        One signal is coded after the other, so that its code does not depend on the others."""
        check_is_fitted(self)
        X = self._samples(X, reset=False)
        D = self._on_space(X.dtype)
        signals = X.reshape(-1, *D.space, self.channels)
        return np.stack([basis_pursuit(D, signal, self.lam).gamma.ravel() for signal in signals])

    def inverse_transform(self, codes):
        """The signals (p, features) of codes (p, prod(positions) * m)."""
        codes = self._codes(codes)
        D = self.dictionary_
        return (D @ codes.reshape(-1, *D.positions, D.filters.shape[-1])).reshape(len(codes), -1)

    @property
    def dictionary_(self):
        return self._on_space(self.filters_.dtype)

    def _on_space(self, dtype):
        space = self._space(self.n_features_in_)
        return ConvDictionary(self.filters_.astype(dtype), space, circular=self.circular)

    def _space(self, features):
        space = (features // self.channels,) if self.space is None else tuple(self.space)
        if math.prod(space) * self.channels != features:
            raise ValueError(
                f"samples of {features} features: expected {' * '.join(map(str, (*space, self.channels)))}, "
                "space and channels"
            )
        return space

    @property
    def _n_features_out(self):
        return self.dictionary_.shape[1]

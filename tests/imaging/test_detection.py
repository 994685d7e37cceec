"""Detection: the support of the code is where the motifs are, whenever the theorem says so."""

import numpy as np
import pytest
from scipy.ndimage import convolve1d

from cscbook import (
    ConvDictionary,
    bp_noise_level,
    coherence,
    detect,
    l0_inf_stripe,
    l2_inf_patch,
    low_coherence_dictionary,
    omp,
    precision_recall,
    uniqueness_level,
)
from cscbook.arrays import to_numpy
from cscbook.imaging import Occurrences, occurrences

PULSES = to_numpy(low_coherence_dictionary(2, 64))


def stamps(rng, n=16, m=2):
    """Motifs of n x n random signs, unit norm."""
    return rng.choice([-1.0, 1.0], (n, n, 1, m)) / n


def crowd(D, k, rng, low=0.5, high=2.0):
    """A code filled at random places, as long as no stripe holds more than ``k``."""
    gamma, mode = np.zeros((*D.positions, D.filters.shape[-1])), "wrap" if D.circular else "constant"
    for flat in rng.permutation(gamma.size)[:40]:
        gamma.flat[flat] = rng.choice([-1.0, 1.0]) * rng.uniform(low, high)
        count = np.count_nonzero(gamma, axis=-1)
        for axis, n in enumerate(D.size):
            count = convolve1d(count, np.ones(2 * n - 1, int), axis, mode=mode)
        if count.max() > k:
            gamma.flat[flat] = 0
    assert l0_inf_stripe(gamma, D.size, circular=D.circular) <= k
    return gamma


@pytest.mark.parametrize("circular", [True, False])
def test_within_the_bound_every_pulse_is_found_and_nothing_else(xp, rng, circular):
    D = ConvDictionary(xp(PULSES), (320,), circular=circular)
    k = int(np.ceil(uniqueness_level(coherence(D))) - 1)
    assert k >= 6
    for _ in range(60 if "strict" not in repr(xp) else 3):
        gamma = crowd(D, k, rng)
        found, truth = detect(D @ xp(gamma), D), occurrences(gamma)
        assert precision_recall(found, truth) == (1.0, 1.0) and len(truth.atoms) > 6


def test_within_the_bound_every_stamp_is_found_and_nothing_else(xp, rng):
    D = ConvDictionary(xp(stamps(rng)), (60, 50), circular=False)
    k = int(np.ceil(uniqueness_level(coherence(D))) - 1)
    assert k >= 2
    for _ in range(50 if "strict" not in repr(xp) else 2):
        gamma = crowd(D, k, rng)
        found, truth = detect(D @ xp(gamma), D), occurrences(gamma)
        assert precision_recall(found, truth) == (1.0, 1.0) and len(truth.atoms) > 2


def test_with_noise_nothing_false_is_found_and_nothing_loud_is_missed(rng):
    D = ConvDictionary(PULSES, (320,))
    k = int(np.ceil(bp_noise_level(coherence(D))) - 1)
    for _ in range(50):
        gamma, e = crowd(D, k, rng, 0.1, 3.0), rng.standard_normal((320, 1))
        e = 0.1 * e / l2_inf_patch(e, D.size)
        found = detect(D @ gamma + e, D, eps=0.1)
        assert precision_recall(found, occurrences(gamma))[0] == 1 and found.certain
        assert occurrences(gamma, above=0.75).places <= found.places
        true = gamma[(*found.positions.T, found.atoms)]
        assert np.abs(found.amplitudes - true).max() <= 0.75


def test_outside_the_bound_noise_deceives(rng):
    """The law above is no empty one: with a tenth of the weight, the noise itself is found."""
    D, gamma = ConvDictionary(PULSES, (320,)), np.zeros((320, 2))
    gamma[50, 1] = 1.0
    e = rng.standard_normal((320, 1))
    e = 0.1 * e / l2_inf_patch(e, D.size)
    assert precision_recall(detect(D @ gamma + e, D, eps=0.005), occurrences(gamma))[0] < 0.5


def test_occurrences_are_the_non_zeros_in_order_of_loudness(xp):
    gamma = np.zeros((4, 5, 2))
    gamma[1, 2, 1], gamma[3, 0, 0], gamma[0, 4, 1] = -2.0, 1.0, 0.5
    found = occurrences(xp(gamma), stride=3, above=0.6)
    assert found.positions.tolist() == [[3, 6], [9, 0]]
    assert found.atoms.tolist() == [1, 0] and found.amplitudes.tolist() == [-2.0, 1.0]
    assert found.places == {(3, 6, 1), (9, 0, 0)}


def test_positions_are_those_of_the_signal(rng):
    D = ConvDictionary(stamps(rng, 6), (30, 36), stride=3, circular=False)
    gamma = np.zeros((*D.positions, 2))
    gamma[2, 7, 1] = 1.5
    found = detect(D @ gamma, D)
    assert found.places == {(6, 21, 1)} and found.amplitudes[0] == pytest.approx(1.5)


def test_any_pursuit_may_look(rng):
    D, gamma = ConvDictionary(PULSES, (320,)), np.zeros((320, 2))
    gamma[[20, 200], [0, 1]] = 2.0, 1.0
    found = detect(D @ gamma, D, pursuit=lambda D, y: omp(D, y, k=1))
    assert found.places == {(20, 0)}
    assert not detect(D @ gamma, D, pursuit=lambda D, y: omp(D, y, k=1, tol=0.1)).certain


def test_precision_and_recall_are_counted():
    def at(*places):
        return Occurrences(np.array([p[:1] for p in places]), np.array([p[1] for p in places]), None)

    nothing = Occurrences(np.zeros((0, 1)), np.zeros(0), None)
    assert precision_recall(at((1, 0), (2, 0), (3, 1)), at((1, 0), (2, 1))) == (1 / 3, 1 / 2)
    assert precision_recall(nothing, at((1, 0))) == (1.0, 0.0)
    assert precision_recall(at((1, 0)), nothing) == (0.0, 1.0)


def test_bad_input_is_named():
    D = ConvDictionary(PULSES, (320,))
    with pytest.raises(ValueError, match="eps = -1"):
        detect(np.zeros((320, 1)), D, eps=-1.0)
    with pytest.raises(ValueError, match="above = nan"):
        detect(np.zeros((320, 1)), D, above=float("nan"))
    with pytest.raises(ValueError, match=r"\(2, 320, 1\): expected one signal, 2 axes"):
        detect(np.zeros((2, 320, 1)), D)
    with pytest.raises(ValueError, match="NaN"):
        detect(np.full((320, 1), np.nan), D)

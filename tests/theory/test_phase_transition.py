"""Sweeps: the same numbers however they are run, and nothing lost when they are interrupted."""

from functools import partial

import numpy as np
import pytest

from cscbook.datasets import registry
from cscbook.dictionaries.convolution import ConvDictionary
from cscbook.norms import l0_inf_stripe, l2_inf_patch
from cscbook.theory.phase_transition import (
    _codes,
    load_phase_transition,
    phase_transition,
    recover_lagrangian_bp,
    recover_omp,
    same_code,
    same_support,
    wilson,
)


@pytest.fixture
def D(rng):
    return ConvDictionary(rng.standard_normal((8, 1, 2)), (64,))


def test_few_atoms_are_found_and_many_are_not(D):
    found = phase_transition(D, [1, 60], 8)
    assert found.cardinality.tolist() == [1] * 8 + [60] * 8 and (found.l0_inf[:8] == 1).all()
    for outcome in found.success.values():
        assert outcome[:8].all() and not outcome[8:].any()


def test_an_interrupted_sweep_goes_on_where_it_stopped(D, tmp_path):
    whole = phase_transition(D, [2, 4, 6], 5)
    calls = []

    def stumbles(D, y, k, eps):
        calls.append(k)
        if k == 6 and len(calls) == 3:
            raise KeyboardInterrupt
        return recover_omp(D, y, k, eps)

    options = {"pursuits": {"OMP": stumbles}, "folder": tmp_path, "n_jobs": 1}
    with pytest.raises(KeyboardInterrupt):
        phase_transition(D, [2, 4, 6], 5, **options)
    assert len(list(tmp_path.glob("*.npz"))) == 2 and not list(tmp_path.glob("*.part"))
    again = phase_transition(D, [2, 4, 6], 5, **options)
    assert calls == [2, 4, 6, 6]  # the finished ones are not run again
    np.testing.assert_array_equal(again.l0_inf, whole.l0_inf)
    np.testing.assert_array_equal(again.success["OMP"], whole.success["OMP"])


def test_other_settings_do_not_read_those_files(D, tmp_path):
    phase_transition(D, [2], 3, {"OMP": recover_omp}, folder=tmp_path)
    phase_transition(D, [2], 3, {"OMP": recover_omp}, folder=tmp_path, seed=1)
    assert len(list(tmp_path.glob("*.npz"))) == 2


def test_two_jobs_give_the_same_numbers(D):
    one, two = (phase_transition(D, [3, 20, 30], 6, n_jobs=n) for n in (1, 2))
    for name in one.success:
        np.testing.assert_array_equal(one.success[name], two.success[name])


def test_noise_has_its_local_level(D):
    levels = []

    def listen(D, y, k, eps):
        clean = D @ _codes(D, k, len(y), 2.0, np.random.default_rng([0, k]))
        levels.extend(l2_inf_patch(e, D.size) for e in y - clean)
        return recover_lagrangian_bp(D, y, k, eps)

    phase_transition(D, [3], 4, {"BP": listen}, amplitude=2.0, eps=0.25, success=same_support)
    np.testing.assert_allclose(levels, 0.25)


def test_success_criteria():
    truth = np.array([[[1.0, 0.0]], [[0.0, 2.0]]])
    assert same_code(truth * 1.0005, truth).all() and not same_code(truth * 1.01, truth).any()
    assert same_support(-truth, truth).all() and not same_support(truth[::-1], truth).any()


def test_rates_come_with_their_intervals(D):
    found = phase_transition(D, [1, 60], 8, {"OMP": recover_omp})
    centre, rate, low, high = found.rates("OMP", [0, 2, 100])
    assert centre[0] == 1 and rate.tolist() == [1, 0] and (low <= rate).all() and (rate <= high).all()
    assert wilson([True] * 10) == pytest.approx((1, 0.7225, 1), abs=1e-3)  # 10 of 10: at least 72 %


@pytest.mark.parametrize(
    "cardinalities, trials, message",
    [([0], 3, "at least 1"), ([1], 0, "at least 1"), ([200], 1, "cardinality 200")],
)
def test_bad_settings_are_named(D, cardinalities, trials, message):
    with pytest.raises(ValueError, match=message):
        phase_transition(D, cardinalities, trials)


def test_a_keyword_that_nobody_knows_is_named(D):
    with pytest.raises(TypeError, match="phase_transition.*'jobs'"):
        phase_transition(D, [1], 1, jobs=2)


def test_functions_need_a_name_and_jobs_an_end(D):
    with pytest.raises(TypeError, match="mine is of type partial: expected a function with a name"):
        phase_transition(D, [1], 1, {"mine": partial(recover_omp)})
    with pytest.raises(ValueError, match="n_jobs = 1000000: expected at most 999"):
        phase_transition(D, [1], 1, n_jobs=10**6)
    with pytest.raises(TypeError, match=r"cardinalities\[0\] = inf"):
        phase_transition(D, [np.inf], 1)


@pytest.mark.parametrize("amplitude", [None, 1, 5, 20])
def test_the_shipped_trials_are_those_of_their_seed(amplitude):
    kept = load_phase_transition(amplitude)
    for k in (24, 60):
        at = kept.cardinality == k
        long = ConvDictionary(np.ones((64, 1, 2)), (640,))
        codes = _codes(long, k, int(at.sum()), amplitude, np.random.default_rng([0, k]))
        assert sorted(l0_inf_stripe(g, long.size) for g in codes) == sorted(kept.l0_inf[at])


def test_no_shipped_trial_fails_that_a_theorem_covers():
    mu = 0.0738  # of the two filters of 64 samples
    noiseless = load_phase_transition()
    for outcome in noiseless.success.values():
        assert outcome[noiseless.l0_inf < 0.5 * (1 + 1 / mu)].all() and not outcome.all()
    for amplitude in (1, 5, 20):
        noisy = load_phase_transition(amplitude)
        assert noisy.success["BP"][noisy.l0_inf < (1 + 1 / mu) / 3].all()
        assert not noisy.success["BP"].all()


def test_the_registry_counts_the_shipped_trials():
    facts, noisy = registry(), [load_phase_transition(a) for a in (1, 5, 20)]
    assert facts["phase_transition.npz"]["codes"] == load_phase_transition().l0_inf.size
    assert facts["phase_transition_noisy.npz"]["codes"] == sum(run.l0_inf.size for run in noisy)


@pytest.mark.parametrize("amplitude", [2, -1.0, float("nan"), "loud"])
def test_other_amplitudes_were_not_run(amplitude):
    with pytest.raises((ValueError, TypeError), match="amplitude"):
        load_phase_transition(amplitude)

"""No public function answers a bad value with anything but an answer or one sentence.

What may come out is a ValueError, a TypeError or a FileNotFoundError of less than 400 characters; no warning
of NumPy, no call without an end, no input changed in place. ``known.txt`` names what is not yet right, and
why; it must name nothing that is right. A thousand cases are drawn, the same ones each time; ``make fuzz``
draws more of them, and pairs where it has drawn all.
"""

import resource  # of POSIX, as the alarm in judge.py is

import pytest
from fuzz.cases import CALLS, WITHOUT_A_CALL, drawn_cases, maker, public_functions, single_cases
from fuzz.judge import answer, complaint, dies, fresh, leaves, same
from fuzz.known import DIES, ENDLESS, KNOWN

DRAWN = drawn_cases()
GRAVE = "changed in place", "left behind", "TooLong"  # what no pair may do: what each alone may do adds up


def test_every_public_function_has_a_good_call():
    assert public_functions() - set(CALLS) == set(WITHOUT_A_CALL)


@pytest.fixture(autouse=True)
def fenced(tmp_path, monkeypatch):
    """A folder that may be written to, and a bound on memory."""
    monkeypatch.chdir(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (32 << 30, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("name", CALLS)
def test_good_calls_are_answered_and_change_nothing(name):
    function, arguments = CALLS[name]
    before = leaves(list(arguments.values()))
    answer(function, fresh(arguments))
    assert same(leaves(list(arguments.values())), before)


def test_what_is_known_to_be_wrong_are_cases():
    assert set(KNOWN) <= set(single_cases())


@pytest.mark.parametrize("name", [name for name in CALLS if DRAWN[name]])
def test_bad_values_are_answered_or_refused_in_a_sentence(name, record_property):
    function, arguments = CALLS[name]
    wrong, right = [], []
    for case in DRAWN[name]:
        why = [KNOWN[one] for one in case if one in KNOWN]
        if len(case) == 2 and why:
            continue
        spoilt = {one[1]: maker(one) for one in case}
        if DIES in why:
            found = DIES if dies(function, arguments, spoilt) else None
        else:
            kind = case[0][2] if len(case) == 1 else ""
            found = complaint(function, arguments, spoilt, kind, 5 if ENDLESS in why else 20)
        if len(case) == 2 and found and not any(part in found for part in GRAVE):
            continue
        if found and not why:
            wrong.append(f"{' and '.join(f'{one[1]} = {one[2]}' for one in case)}: {found}")
        if why and not found:
            right.append(f"{case[0][1]} = {case[0][2]}")
    record_property("cases", len(DRAWN[name]))
    assert not wrong, f"{name}: {wrong}"
    assert not right, f"{name}: right by now, so run tests/fuzz/known.py, which takes them out: {right}"

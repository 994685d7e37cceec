"""No public function answers a bad value with anything but an answer or one sentence.

What may come out is a ValueError, a TypeError or a FileNotFoundError of less than 400 characters; no warning
of NumPy, no call without an end, no input changed in place. A thousand cases are drawn, the same ones each
time; ``make fuzz`` draws more of them, and pairs where it has drawn all.
"""

import resource  # of POSIX, as the alarm in judge.py is

import pytest
from fuzz.cases import CALLS, WITHOUT_A_CALL, drawn_cases, maker, public_functions
from fuzz.judge import answer, complaint, fresh, leaves, same

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


@pytest.mark.parametrize("name", [name for name in CALLS if DRAWN[name]])
def test_bad_values_are_answered_or_refused_in_a_sentence(name, record_property):
    function, arguments = CALLS[name]
    wrong = []
    for case in DRAWN[name]:
        spoilt = {one[1]: maker(one) for one in case}
        found = complaint(function, arguments, spoilt, case[0][2] if len(case) == 1 else "")
        if found and (len(case) == 1 or any(part in found for part in GRAVE)):
            wrong.append(f"{' and '.join(f'{one[1]} = {one[2]}' for one in case)}: {found}")
    record_property("cases", len(DRAWN[name]))
    assert not wrong, f"{name}: {wrong}"

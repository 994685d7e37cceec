"""``check`` itself: what it says of a function that raises, and of a name that it does not know."""

import inspect

import pytest

from cscbook.exercises import PARTS, check, judges


def my_omp(D, y, k):
    return 1 / 0


def test_an_error_of_the_function_is_reported():
    verdict = check(my_omp)
    assert not verdict and "ZeroDivisionError" in verdict.wrong


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match=r"my_first: expected a function with one of the names .*my_omp"):
        check(type("Named", (), {"__name__": "my_first"})())


def test_a_verdict_reads_as_a_list():
    text = repr(check(my_omp))
    assert text.splitlines()[-1].startswith("✗ ")


@pytest.mark.parametrize("name", judges())
def test_each_judge_says_what_the_function_takes(name):
    assert f"my_{name}(" in judges()[name].__doc__


def test_no_two_judges_share_a_name():
    found = [
        name
        for part in PARTS
        for name, function in vars(part).items()
        if inspect.isgeneratorfunction(function) and not name.startswith("_")
    ]
    assert sorted(found) == sorted(judges())

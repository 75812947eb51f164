import threading
from contextlib import closing

import pytest
import tiny_cases

from preprocessing.child_process import LostChildError
from preprocessing.schedule import Trials, map_cases
from taskgan_ext.errors import DataError

KINDS = (
    tiny_cases.succeed,
    tiny_cases.fail,
    tiny_cases.refuse,
    tiny_cases.kill_itself,
    tiny_cases.succeed,
    tiny_cases.end_itself,
    tiny_cases.succeed,
)


def call(function, *arguments):
    return function(*arguments)


def test_nothing_is_asked_of_nobody():
    assert list(map_cases(call, [])) == []


@pytest.mark.parametrize("workers", [1, 3])
def test_cases_that_fail_or_die_leave_the_others_alone(workers):
    outcomes = sorted(map_cases(call, [(function,) for function in KINDS], workers), key=lambda o: o.index)
    assert [outcome.index for outcome in outcomes] == list(range(len(KINDS)))
    assert [type(outcome.error) for outcome in outcomes] == [
        type(None),
        ZeroDivisionError,
        DataError,
        LostChildError,
        type(None),
        LostChildError,
        type(None),
    ]
    assert [outcome.value for outcome in outcomes] == ["fine", None, None, None, "fine", None, "fine"]
    assert all(outcome.attempts == 1 for outcome in outcomes)


def test_what_fails_is_tried_again_unless_the_answer_would_be_the_same(tmp_path):
    cases = [
        (tiny_cases.fail_until_there, tmp_path / "marker"),
        (tiny_cases.fail,),
        (tiny_cases.refuse,),
        (tiny_cases.kill_itself,),
    ]
    outcomes = {outcome.index: outcome for outcome in map_cases(call, cases, 2, Trials(retries=2))}
    assert [outcomes[index].attempts for index in range(4)] == [2, 3, 1, 3]
    assert outcomes[0].value == "at last"
    assert outcomes[0].error is None


def test_every_attempt_has_its_time_limit():
    (outcome,) = map_cases(call, [(tiny_cases.hang,)], trials=Trials(retries=1, time_limit=0.2))
    assert outcome.error.code == "time_limit"
    assert outcome.attempts == 2


def test_more_workers_than_cases_start_no_more_processes():
    numbers = [outcome.value for outcome in map_cases(tiny_cases.process_number, [(), ()], 8)]
    assert len(set(numbers)) <= 2


def test_whoever_stops_asking_ends_what_runs(tmp_path):
    before = threading.active_count()
    cases = [(tiny_cases.succeed,), *[(tiny_cases.wait_for, tmp_path / f"never-{n}") for n in range(4)]]
    with closing(map_cases(call, cases, 2)) as outcomes:
        assert next(outcomes).value == "fine"
    assert threading.active_count() == before
    assert list(outcomes) == []
    assert len(list(tmp_path.glob("*.started"))) <= 2


def test_a_case_that_cannot_be_sent_is_a_failed_case():
    outcomes = {outcome.index: outcome for outcome in map_cases(call, [(lambda: 1,), (tiny_cases.succeed,)])}
    assert outcomes[0].error is not None
    assert outcomes[1].value == "fine"

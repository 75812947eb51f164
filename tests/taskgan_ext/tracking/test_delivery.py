"""Jobs are done in their order, and whatever fails, nobody waits for ever and nothing is raised."""

import logging
import threading

import pytest

from taskgan_ext.tracking.delivery import Delivery


class StoreError(Exception):
    """As MLflow raises them."""

    def __init__(self, error_code):
        super().__init__("cannot")
        self.error_code = error_code


@pytest.fixture
def delivery():
    return Delivery("store")


def failing(times, error, done, name):
    """A job that fails some times before it succeeds."""
    left = [error] * times

    def job():
        if left:
            raise left.pop()
        done.append(name)

    return job


def test_jobs_are_done_in_their_order(delivery):
    done = []
    for number in range(50):
        delivery.add("number", lambda number=number: done.append(number))
    assert delivery.close(20) == {}
    assert done == list(range(50))


def test_a_store_that_was_away_misses_nothing(delivery):
    done = []
    delivery.add("metrics", failing(1, StoreError("INTERNAL_ERROR"), done, "first"))
    for name in ("second", "third"):
        delivery.add("metrics", lambda name=name: done.append(name))
    assert delivery.close(20) == {}
    assert done == ["first", "second", "third"]


@pytest.mark.parametrize("error", [ConnectionRefusedError(), StoreError("TEMPORARILY_UNAVAILABLE")])
def test_what_a_lost_store_lacks_is_counted(delivery, error):
    for what in ("metrics", "metrics", "pictures"):
        delivery.add(what, failing(1000, error, [], what))
    assert delivery.close(20) == {"metrics": 2, "pictures": 1}


@pytest.mark.parametrize(
    "error", [ValueError("no name"), FileNotFoundError(), StoreError("PERMISSION_DENIED")]
)
def test_a_job_that_can_never_succeed_holds_nothing_up(delivery, error):
    done = []
    delivery.add("pictures", failing(1000, error, done, "never"))
    delivery.add("metrics", lambda: done.append("next"))
    assert delivery.close(20) == {"pictures": 1}
    assert done == ["next"]


def test_there_is_one_warning(delivery, caplog):
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            delivery.add("metrics", failing(1000, ValueError("\nsecret"), [], ""))
        delivery.close(20)
    (record,) = caplog.records
    assert "store: tracking fails" in record.getMessage()


def test_a_store_that_never_answers_is_left(delivery):
    release = threading.Event()
    delivery.add("metrics", release.wait)
    delivery.add("bundle", lambda: None)
    assert delivery.close(0.05) == {"metrics": 1, "bundle": 1}
    release.set()


def test_nothing_to_do_ends_at_once(delivery):
    assert delivery.close(20) == {}

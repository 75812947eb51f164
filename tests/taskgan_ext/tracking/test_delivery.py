"""Jobs are done in their order, and whatever fails, nobody waits for ever and nothing is raised."""

import logging
import threading

import pytest

from taskgan_ext.tracking import delivery as delivery_module
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
    assert "store: tracking fails, first with metrics" in record.getMessage()


def test_a_store_that_never_answers_is_left(delivery):
    release = threading.Event()
    delivery.add("metrics", release.wait)
    delivery.add("bundle", lambda: None)
    assert delivery.close(0.05) == {"metrics": 1, "bundle": 1}
    release.set()


@pytest.fixture
def quick(monkeypatch):
    """Waits of a test."""
    monkeypatch.setattr(delivery_module, "SHORT_PATIENCE_S", 0.1)
    monkeypatch.setattr(delivery_module, "_LOOK_S", 0.02)


@pytest.mark.usefixtures("quick")
def test_a_store_that_is_gone_in_the_end_is_left_long_before_mlflow_gives_up(caplog):
    release, there = threading.Event(), threading.Event()
    delivery = Delivery("store", answers=there.is_set)
    delivery.add("metrics", release.wait)
    with caplog.at_level(logging.WARNING):
        assert delivery.close(3600) == {"metrics": 1}
    release.set()
    (record,) = caplog.records
    assert "no answer" in record.getMessage()


@pytest.mark.usefixtures("quick")
def test_a_long_job_of_a_store_that_answers_is_awaited():
    looks = []
    release = threading.Event()

    def answers():
        looks.append(1)
        if len(looks) == 20:
            release.set()
        return True

    delivery = Delivery("store", answers)
    delivery.add("bundle", release.wait)
    assert delivery.close(3600) == {}
    assert len(looks) >= 20


def test_nothing_to_do_ends_at_once(delivery):
    assert delivery.close(20) == {}

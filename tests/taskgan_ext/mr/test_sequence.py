"""Times of the acquisition."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskgan_ext.errors import ConfigError
from taskgan_ext.mr.sequence import MDMESequence, delays_from_slice_count


@pytest.mark.parametrize(
    ("num_slices", "repetition_time", "offset", "expected"),
    [
        # Warntjes et al., MRM 60:320-329, 2008.
        (20, 2.6, 0.0, (0.130, 0.390, 1.170, 2.470)),
        # A 3 T product protocol; its offset is fitted, its differences are not.
        (30, 4.0, 0.0127, (0.146, 0.546, 1.879, 3.879)),
        (24, 4.0, 0.0, (0.1667, 0.6667, 1.8333, 3.8333)),
        (28, 4.0, 0.0, (0.1429, 0.5714, 1.8571, 3.8571)),
    ],
)
def test_delays_follow_from_the_slice_count(num_slices, repetition_time, offset, expected):
    delays = delays_from_slice_count(num_slices, repetition_time, offset=offset)
    assert delays == pytest.approx(expected, abs=4e-4)


@given(num_delays=st.integers(2, 6), extra=st.integers(1, 60), repetition_time=st.floats(0.5, 20))
def test_delays_ascend_and_leave_one_step_before_the_repetition_ends(num_delays, extra, repetition_time):
    num_slices = num_delays + extra
    delays = delays_from_slice_count(num_slices, repetition_time, num_delays)
    assert len(delays) == num_delays
    assert all(a < b for a, b in itertools.pairwise(delays))
    assert delays[0] == pytest.approx(repetition_time / num_slices)
    assert delays[-1] == pytest.approx(repetition_time * (1 - 1 / num_slices))


@pytest.mark.parametrize(("num_slices", "num_delays"), [(4, 4), (3, 1), (0, 4)])
def test_too_few_slices_or_delays_are_refused(num_slices, num_delays):
    with pytest.raises(ConfigError, match=f"got {num_slices} slices and {num_delays} delays"):
        delays_from_slice_count(num_slices, 4.0, num_delays)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ({"delays": (3.879, 1.879, 0.546, 0.146)}, "delays: expected at least two ascending times"),
        ({"delays": (0.146,)}, "delays: expected at least two"),
        ({"echo_times": (0.0, 0.08)}, "echo_times: expected"),
        ({"repetition_time": 3.8}, "above the longest delay of 3.879 s, got 3.8 s"),
        ({"echo_times": (16.9, 84.5), "delays": (146, 546, 1879, 3879)}, "times are in seconds"),
        ({"repetition_time": float("nan")}, "repetition time"),
        ({"repetition_time": 4000}, "repetition time of at most 60 s.*got 4000.*in seconds"),
        ({"echo_times": (16.9, 84.5)}, r"echo times of at most 2 s.*got 4, \[16.9, 84.5\]"),
        ({"delays": (0.000146, 0.003879)}, "longest delay of at least 0.1 s.* and 0.003879"),
    ],
    ids=[
        "descending",
        "one",
        "zero",
        "long delay",
        "milliseconds",
        "nan",
        "TR in ms",
        "TE in ms",
        "delays divided twice",
    ],
)
def test_impossible_times_are_refused(times, message):
    with pytest.raises(ConfigError, match=message):
        MDMESequence(**times)


def test_sequence_survives_its_record():
    sequence = MDMESequence(2.6, (0.02, 0.04, 0.1), (0.13, 0.39, 1.17, 2.47), 110.0, 85.0)
    assert MDMESequence.from_dict(sequence.to_dict()) == sequence


def test_record_may_leave_out_the_angles():
    record = MDMESequence().to_dict()
    del record["saturation_angle"], record["excitation_angle"]
    assert MDMESequence.from_dict(record) == MDMESequence()


@pytest.mark.parametrize("value", [None, "fast", [1, 2]])
def test_wrong_record_is_refused(value):
    with pytest.raises(ConfigError, match="expected repetition_time, echo_times and delays in seconds"):
        MDMESequence.from_dict(MDMESequence().to_dict() | {"repetition_time": value})

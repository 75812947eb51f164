"""Numbers of 16 bits hold the values to what the slope promises, whatever the values are."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from taskgan_ext.dicom.derived.stored_slices import LEAST_SLOPE, slopes_of, store_counts, store_scaled

SINGLE = st.floats(0, float(np.finfo(np.float32).max), width=32)


@given(peak=SINGLE.filter(bool))
@example(peak=32767.0)
@example(peak=65534.0)
@example(peak=1e-45)
@example(peak=1e-9)
@example(peak=1e6)
@example(peak=3.4028234663852886e38)
@settings(max_examples=500, deadline=None)
def test_the_peak_fits_and_the_slope_is_a_decimal_string_barely_above_it(peak: float) -> None:
    (text,) = slopes_of([peak])
    slope = float(text)
    assert len(text) <= 16
    assert peak / slope <= 32767
    assert slope <= max(peak / 32767, LEAST_SLOPE) * (1 + 1e-6)
    assert not (slope.is_integer() and slope < 2**31)


@given(
    values=st.lists(SINGLE, min_size=4, max_size=4),
    other=SINGLE,
)
@settings(max_examples=300, deadline=None)
def test_no_value_is_off_by_more_than_a_32767th_of_its_slice(values: list[float], other: float) -> None:
    slice_ = np.array(values).reshape(2, 2)
    text, _ = slopes_of([float(slice_.max()), other])
    stored = np.frombuffer(store_scaled(slice_, text), "<i2").reshape(2, 2).T
    back = stored.astype(np.float64) * float(text)
    if slice_.max() == 0:
        assert not stored.any()
        return
    assert np.abs(back - slice_).max() <= max(slice_.max() / 32767, LEAST_SLOPE)
    assert stored.min() >= 0


def test_empty_slices_get_the_slope_in_the_middle() -> None:
    assert slopes_of([0.0, 10.0, 0.0, 20.0, 40.0]) == slopes_of([20.0, 10.0, 20.0, 20.0, 40.0])
    assert slopes_of([0.0, 0.0]) == ["1", "1"]


def test_one_scale_uses_all_numbers() -> None:
    values = np.array([[0.0, 0.5], [0.25, 2.0]])
    stored = np.frombuffer(store_counts(values, 65535 / 2), "<u2").reshape(2, 2).T
    np.testing.assert_array_equal(stored, [[0, 16384], [8192, 65535]])

"""What FrameReferenceTime says about the moment to which PET images are corrected for decay."""

import math
from collections.abc import Sequence
from datetime import datetime

from pydicom import Dataset

from taskgan_ext.dicom.suv_header import number_in, text_of
from taskgan_ext.dicom.suv_times import acquisition_times

SAME_FACTOR = 0.01
"""Largest relative change of the factor that it may suggest without a warning."""


def mean_activity_time(duration: float, half_life: float) -> float:
    """Tell when, after the start of a frame, the activity equals its mean over the frame.

    ``t = ln(l T / (1 - exp(-l T))) / l`` with ``l = ln 2 / half_life`` (PS3.3 C.8.9.4.1.5).

    Args:
        duration: T, in s, positive.
        half_life: in s.

    Returns:
        Time in s.
    """
    decay = math.log(2) / half_life
    return math.log(decay * duration / -math.expm1(-decay * duration)) / decay


def check_frame_reference(headers: Sequence[Dataset], scan: datetime, half_life: float) -> tuple[str, ...]:
    """Compare the moment of the scan with what FrameReferenceTime says.

    FrameReferenceTime is the moment at which the activity of a frame equals its mean, counted from the moment
    to which the series is corrected. Vendors count it from elsewhere, so it decides nothing.

    Args:
        headers: of all slices.
        scan: moment to which the series was found to be corrected.
        half_life: in s.

    Returns:
        A warning where the factor would change by more than one in a hundred.
    """
    shifts = [0.0]
    for header, acquired in zip(headers, acquisition_times(headers), strict=True):
        # Both are in ms.
        reference, duration = (
            (number_in(text_of(header, keyword)) or 0.0) / 1000
            for keyword in ("FrameReferenceTime", "ActualFrameDuration")
        )
        if reference > 0 and duration > 0:
            after_start = (acquired - scan).total_seconds()
            shifts.append(after_start - reference + mean_activity_time(duration, half_life))
    worst = max(shifts, key=abs)
    if abs(worst) <= half_life * math.log2(1 + SAME_FACTOR):
        return ()
    return (
        f"FrameReferenceTime suggests that the values are corrected to a moment {abs(worst):.0f} s "
        f"{'after' if worst > 0 else 'before'} the one that was taken; it was not used",
    )

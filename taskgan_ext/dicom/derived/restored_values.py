"""Check a restored volume before it becomes a series."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from taskgan_ext.dicom.derived.loop_guard import is_derived_by_us
from taskgan_ext.errors import RefusedSeries


def check_values(values: NDArray[np.floating], shape: tuple[int, ...]) -> None:
    """Check that a volume can be written on the grid of its source.

    Args:
        values: the volume.
        shape: of the source.

    Raises:
        RefusedSeries: ``output_gate``, it has another shape or is not of real numbers; ``nonfinite``.
    """
    if values.shape != shape or not np.issubdtype(values.dtype, np.floating):
        raise RefusedSeries(
            "output_gate",
            f"derived series: expected floating-point values of shape {shape}, as the source has it, got "
            f"{values.dtype} of shape {values.shape}; give the volume on the grid of its source",
        )
    bad = values.size - int(np.isfinite(values).sum())
    if bad:
        raise RefusedSeries(
            "nonfinite",
            f"derived series: expected finite values, got {bad} that are not, of {values.size}; nothing was "
            "written",
        )


def check_source(headers: Iterable[Dataset]) -> None:
    """Check that a source is none of our own output.

    Args:
        headers: of its images.

    Raises:
        RefusedSeries: ``not_applicable``, it is.
    """
    if any(is_derived_by_us(header) for header in headers):
        raise RefusedSeries(
            "not_applicable",
            "expected a series as it was acquired, got one that this software has made; restore its source",
        )

"""A scan restored in memory, and how to write it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.dicom.derived.derived_series import DerivedSeries


@dataclass(frozen=True)
class RestoredImage:
    """One derived series to be.

    Attributes:
        label: of the output folder: what was done, or the contrast.
        measures: numbers for the output gate.
        decisions: of the task network before and after, or wanted and found; empty where it has none.
        remarks: codes of ``output_gate.FLAGS`` that hold whatever the measures are.
        write: writes the series to a folder that is not there, with a comment for its header.
        deviation: ``(X, Y, Z)`` on the axes of the source and in its unit, of dropout samples.
        affine: ``(4, 4)`` of the deviation.
    """

    label: str
    measures: Mapping[str, float]
    decisions: Sequence[int]
    write: Callable[[Path, str], DerivedSeries]
    remarks: Sequence[str] = ()
    deviation: NDArray[np.float32] | None = None
    affine: NDArray[np.float64] = field(default_factory=lambda: np.eye(4))

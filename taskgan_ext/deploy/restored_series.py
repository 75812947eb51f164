"""What goes from one operator to the next."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.dicom.derived.recipe import Recipe
from taskgan_ext.dicom.series import Series


@dataclass(frozen=True)
class RestoredSeries:
    """A restored volume and what it was made from.

    Attributes:
        source: the series.
        values: ``(X, Y, Z)`` on the axes of ``source.volume``, float32.
        units: of the values, as in Units (0054,1001).
        recipe: what made them.
    """

    source: Series
    values: NDArray[np.floating]
    units: str
    recipe: Recipe

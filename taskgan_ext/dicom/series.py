"""One DICOM series, read and checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset


@dataclass(frozen=True)
class Series:
    """A volume and the headers that it came with.

    Attributes:
        volume: ``(X, Y, Z)``, float32: ``stored * RescaleSlope + RescaleIntercept`` of each slice (PS3.3
            C.7.6.16.2.9 and C.8.9.4); the first axis runs along a row of an image.
        affine: ``(4, 4)``, float64, voxel index to RAS millimetres.
        units: value of Units (0054,1001) for PET, such as ``BQML``; empty for MR.
        headers: the data set of each slice without its pixels, in the order of the third axis.
        warnings: what the user should know, one text each.
        files: the file of each slice, in the same order.
    """

    volume: NDArray[np.float32]
    affine: NDArray[np.float64]
    units: str
    headers: Sequence[Dataset]
    warnings: tuple[str, ...] = ()
    files: Sequence[Path] = ()

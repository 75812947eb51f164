"""Conventional scans of one person on one grid, whichever way each of them was stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from preprocessing.mr.registration import register
from preprocessing.mr.registration_record import RegistrationRecord
from preprocessing.mr.resampling import resample, resample_labels
from preprocessing.mr.scan_check import check_shows_something
from preprocessing.mr.volume import Volume
from taskgan_ext.errors import DataError
from taskgan_ext.mr.reader.conventional import read_contrast

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Scan:
    """A scan as it was read.

    Attributes:
        volume: its values, not negative, with axes that run to the right, to the front and up (as nearly as
            they can).
        frame_of_reference: UID of the scanner frame, empty where it is not known.
    """

    volume: Volume
    frame_of_reference: str


@dataclass(frozen=True)
class AlignedScan:
    """A scan on the common grid.

    Attributes:
        data: ``(X, Y, Z)``, not negative.
        covered: ``(X, Y, Z)``, true within the scan's field of view.
        not_zero: ``(X, Y, Z)``, true where the scan was not exactly 0, as outside of a skull-stripped brain.
        matrix: from RAS millimetres of the common grid to those of the scan.
        record: of the registration; ``None`` where the scanner's frame was trusted.
    """

    data: NDArray[np.float32]
    covered: Mask
    not_zero: Mask
    matrix: Matrix
    record: RegistrationRecord | None = None


def read_scan(name: str, path: Path) -> Scan:
    """Read a scan.

    Args:
        name: of the contrast, for messages.
        path: DICOM folder or NIfTI.

    Raises:
        DataError: it cannot be read, or shows nothing.
    """
    try:
        image = read_contrast(path)
        check_shows_something(image.data, path)
    except DataError as error:
        raise error.naming(name) from error
    return Scan(Volume(np.maximum(image.data, 0), image.affine).upright(), image.frame_of_reference)


def finest(scans: Mapping[str, Scan]) -> str:
    """The scan with the smallest voxels, judged by their longest side; the first of several.

    Args:
        scans: contrast to scan.
    """
    longest = {name: max(np.linalg.norm(s.volume.affine[:3, :3], axis=0)) for name, s in scans.items()}
    return min(longest, key=lambda name: round(longest[name], 3))


def align(name: str, scan: Scan, grid: Volume, matrix: Matrix | None = None) -> AlignedScan:
    """Bring a scan to the common grid.

    Args:
        name: of the contrast, for messages.
        scan: the scan.
        grid: the common grid.
        matrix: from RAS millimetres of the grid to those of the scan; by default they are the same.

    Raises:
        DataError: the scan lies outside the grid.
    """
    matrix = np.eye(4) if matrix is None else matrix
    volume = scan.volume
    covered = resample_labels(Volume(np.ones_like(volume.data), volume.affine), grid, matrix)
    if not covered.any():
        raise DataError(
            f"{name}: expected scans that overlap, but this one lies outside the scan that gives the grid; "
            "all must be in one scanner frame"
        )
    same = volume.same_grid(grid) and np.array_equal(matrix, np.eye(4))
    return AlignedScan(
        data=volume.data if same else resample(volume, grid, matrix),
        covered=covered,
        not_zero=resample_labels(volume, grid, matrix),
        matrix=matrix,
    )


def align_by_registration(name: str, scan: Scan, fixed: Volume, brain: Mask) -> AlignedScan:
    """Register a scan and bring it to the common grid.

    Args:
        name: of the contrast, for messages.
        scan: the scan.
        fixed: the scan that gives the grid.
        brain: ``(X, Y, Z)`` on the grid.

    Raises:
        DataError: the scan does not cover the brain.
    """
    try:
        matrix, record = register(fixed, scan.volume, brain)
    except DataError as error:
        raise error.naming(name) from error
    aligned = align(name, scan, fixed, matrix)
    return AlignedScan(aligned.data, aligned.covered, aligned.not_zero, matrix, record)

"""Conventional scans of one person on one grid, whichever way each of them was stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from preprocessing.mr.registration import register
from preprocessing.mr.registration_record import RegistrationRecord
from preprocessing.mr.resampling import resample, resample_labels
from preprocessing.mr.volume import Volume
from taskgan_ext.errors import DataError
from taskgan_ext.io.nifti import load_nifti
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
    except DataError as error:
        raise DataError(f"{name}: {error}") from error
    if not image.data.max() > 0:
        raise DataError(f"{name}: {path}: expected a scan with values above 0, found none")
    return Scan(_upright(np.maximum(image.data, 0), image.affine), image.frame_of_reference)


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
        raise DataError(f"{name}: {error}") from error
    aligned = align(name, scan, fixed, matrix)
    return AlignedScan(aligned.data, aligned.covered, aligned.not_zero, matrix, record)


def read_labels(path: Path, grid: Volume, drawn_on: Mapping[str, tuple[Scan, AlignedScan]]) -> Mask:
    """Read a mask and bring it to the common grid by nearest neighbours.

    A mask on the grid of a scan was drawn on it and moves with it; T2FLAIR goes first where several scans
    share a grid. Any other mask is taken to be in the scanner's frame.

    Args:
        path: NIfTI, true where not 0.
        grid: the common grid.
        drawn_on: contrast to scan, before and after alignment.

    Returns:
        ``(X, Y, Z)``.

    Raises:
        DataError: the file is no 3D mask, or no voxel of it lies within the grid.
    """
    data, affine = load_nifti(path)
    if data.ndim != 3:
        raise DataError(f"{path}: expected a mask of three dimensions, got shape {data.shape}")
    labels = _upright(data, affine)
    first = sorted(drawn_on.items(), key=lambda item: item[0] != "T2FLAIR")
    matrices = (aligned.matrix for _, (scan, aligned) in first if scan.volume.same_grid(labels))
    mask = resample_labels(labels, grid, next(matrices, np.eye(4)))
    if data.any() and not mask.any():
        raise DataError(f"{path}: expected a mask that overlaps the scans, but none of it does")
    return mask


def _upright(data: NDArray[np.float32], affine: Matrix) -> Volume:
    image = nib.as_closest_canonical(nib.Nifti1Image(data, affine))
    return Volume(np.ascontiguousarray(image.dataobj, dtype=np.float32), np.asarray(image.affine))

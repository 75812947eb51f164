"""Where DICOM images lie: slices of one evenly spaced stack, and its affine."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.dicom.dicom_file import DicomFile
from taskgan_ext.dicom.image_gate import size_of
from taskgan_ext.errors import RefusedSeries

SAME_SLICE_MM = 0.05
"""Positions closer than this are one slice: headers round them."""
STRAIGHT_MM = 0.1
"""Largest shift of a slice within its plane, beyond which the stack is sheared, as by a tilted gantry."""
MIN_SPACING_MM, MAX_SPACING_MM, MAX_POSITION_MM = 1e-3, 1e3, 1e5
"""Beyond these a header is damaged: no scanner has such voxels or such a room."""


@dataclass(frozen=True)
class Plane:
    """The plane of one image, in the patient coordinates of DICOM (LPS, mm).

    Attributes:
        size: columns and rows.
        spacing: between columns and between rows, in mm.
        axes: ``(2, 3)``, unit vectors along a row and along a column.
        position: centre of the first voxel, in mm.
    """

    size: tuple[int, int]
    spacing: NDArray[np.float64]
    axes: NDArray[np.float64]
    position: NDArray[np.float64]

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector across the plane."""
        return np.cross(self.axes[0], self.axes[1])


@dataclass(frozen=True)
class Stack:
    """Parallel slices at equal distances.

    Attributes:
        shape: columns, rows and slices: the ``(X, Y, Z)`` of the volume.
        affine: ``(4, 4)``, voxel index to RAS millimetres.
        slice_of: for every image the index of its slice.
        positions: of the slices along the normal, ascending, in mm.
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]
    slice_of: tuple[int, ...]
    positions: tuple[float, ...]


def plane_of(file: DicomFile) -> Plane:
    """Read the plane of an image (Image Plane Module, PS3.3 C.7.6.2).

    Args:
        file: an image with one frame.

    Raises:
        RefusedSeries: an element is missing, or the numbers describe no plane.
    """
    rows, columns = size_of(file)
    between_rows, between_columns = spacing = _numbers(file, "PixelSpacing", 2)
    axes = _numbers(file, "ImageOrientationPatient", 6).reshape(2, 3)
    position = _numbers(file, "ImagePositionPatient", 3)
    if not ((spacing >= MIN_SPACING_MM) & (spacing <= MAX_SPACING_MM)).all():
        raise RefusedSeries(
            "number_invalid",
            f"{file.path}: expected a positive PixelSpacing in mm, got {between_rows:g}, {between_columns:g}",
        )
    if np.abs(axes).max() > 2 or not np.allclose(axes @ axes.T, np.eye(2), atol=1e-3):
        raise RefusedSeries(
            "number_invalid",
            f"{file.path}: expected two perpendicular unit vectors in ImageOrientationPatient, "
            f"got {axes.ravel().tolist()}",
        )
    if np.abs(position).max() > MAX_POSITION_MM:
        raise RefusedSeries(
            "number_invalid",
            f"{file.path}: expected an ImagePositionPatient within {MAX_POSITION_MM:g} mm, "
            f"got {position.tolist()}",
        )
    return Plane((columns, rows), np.array([between_columns, between_rows]), axes, position)


def stack_of(files: Sequence[DicomFile], one_each: bool = False) -> Stack:
    """Arrange images as one stack, by their positions and by nothing else.

    Args:
        files: images.
        one_each: refuse several images of one slice.

    Returns:
        The stack, its slices ascending along the normal of the images.

    Raises:
        RefusedSeries: matrix, spacing or orientation differ; there are fewer than two slices, or several
            images of one; the slices are not evenly spaced or not straight above each other.
    """
    planes = [plane_of(file) for file in files]
    first = planes[0]
    _check_alike(files, planes)
    positions = np.array([plane.position for plane in planes])
    heights = positions @ first.normal
    _check_straight(files, positions, heights, first.normal)
    slice_of, levels = _levels(heights)
    if one_each:
        _check_single(files, slice_of)
    if len(levels) < 2:
        raise RefusedSeries("slices_too_few", f"expected at least two slices, got one, that of {files[0]}")
    _check_even(levels, files, slice_of)
    origin = positions[0] + (levels[0] - heights[0]) * first.normal
    affine = np.eye(4)
    affine[:3, :2] = first.axes.T * first.spacing
    affine[:3, 2] = first.normal * (levels[-1] - levels[0]) / (len(levels) - 1)
    affine[:3, 3] = origin
    return Stack(
        (*first.size, len(levels)), lps_to_ras(affine), tuple(map(int, slice_of)), tuple(map(float, levels))
    )


def lps_to_ras(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn an affine to DICOM patient coordinates into one to the coordinates of NIfTI, or back.

    DICOM's x runs to the left and y to the back of the patient (PS3.3 C.7.6.2.1.1), NIfTI's to the right and
    to the front.

    Args:
        affine: ``(4, 4)``, voxel index to mm.
    """
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine


def _numbers(file: DicomFile, keyword: str, count: int) -> NDArray[np.float64]:
    return file.numbers(keyword, count, "number_invalid" if file.texts(keyword) else "geometry_missing")


def _check_alike(files: Sequence[DicomFile], planes: Sequence[Plane]) -> None:
    first = planes[0]
    for file, plane in zip(files, planes, strict=True):
        for what, code, same in (
            ("matrix", "pixel_format", plane.size == first.size),
            ("orientation", "orientation_mixed", np.allclose(plane.axes, first.axes, atol=1e-4)),
            ("pixel spacing", "spacing_uneven", np.allclose(plane.spacing, first.spacing, rtol=1e-4)),
        ):
            if not same:
                raise RefusedSeries(
                    code,
                    f"expected images of one {what}, but {files[0]} and {file} differ; "
                    "keep one acquisition in the folder",
                )


def _check_straight(
    files: Sequence[DicomFile],
    positions: NDArray[np.float64],
    heights: NDArray[np.float64],
    normal: NDArray[np.float64],
) -> None:
    sideways = np.linalg.norm(positions - positions[0] - np.outer(heights - heights[0], normal), axis=1)
    worst = int(sideways.argmax())
    if sideways[worst] > STRAIGHT_MM:
        raise RefusedSeries(
            "spacing_uneven",
            f"expected slices straight above each other, but {files[worst]} is shifted within its plane by "
            f"{sideways[worst]:.2f} mm against {files[0]}; sheared stacks cannot be read",
        )


def _check_single(files: Sequence[DicomFile], slice_of: NDArray[np.int64]) -> None:
    first_of: dict[int, DicomFile] = {}
    for file, number in zip(files, slice_of.tolist(), strict=True):
        if number in first_of:
            raise RefusedSeries(
                "slice_duplicate",
                f"expected one image at each position, but {first_of[number]} and {file} lie at the same; "
                "keep one of them",
            )
        first_of[number] = file


def _levels(heights: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Number the slices that the images show, and give the height of each."""
    order = np.argsort(heights, kind="stable")
    number = np.concatenate([[0], np.cumsum(np.diff(heights[order]) > SAME_SLICE_MM)])
    slice_of = np.empty(len(heights), dtype=np.int64)
    slice_of[order] = number
    return slice_of, np.bincount(slice_of, weights=heights) / np.bincount(slice_of)


def _check_even(levels: NDArray[np.float64], files: Sequence[DicomFile], slice_of: NDArray[np.int64]) -> None:
    gaps = np.diff(levels)
    usual = float(np.sort(gaps)[(len(gaps) - 1) // 2])  # the lower median: a gap is rather too wide
    tolerance = max(SAME_SLICE_MM, 0.01 * usual)
    worst = int(np.abs(gaps - usual).argmax())
    if abs(gaps[worst] - usual) <= tolerance:
        return
    multiple = np.rint(gaps / usual)
    is_gap = bool((multiple >= 1).all() and (np.abs(gaps - multiple * usual) <= multiple * tolerance).all())
    below, above = (files[int(np.flatnonzero(slice_of == k)[0])] for k in (worst, worst + 1))
    hint = "slices seem to be missing" if is_gap else "slices are missing, or two stacks are mixed"
    raise RefusedSeries(
        "slice_missing" if is_gap else "spacing_uneven",
        f"expected evenly spaced slices, but {below} and {above} are {gaps[worst]:.2f} mm apart where "
        f"{usual:.2f} mm is usual: {hint}; export the whole series again, one to a folder",
    )

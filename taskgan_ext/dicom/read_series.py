"""One DICOM series read strictly: whole, of one kind, evenly spaced, every slice by its own rescale."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import EnhancedMRImageStorage

from taskgan_ext.dicom.completeness import check_count, check_static, index_warning
from taskgan_ext.dicom.dicom_file import DicomFile
from taskgan_ext.dicom.enhanced_mr import split_frames
from taskgan_ext.dicom.geometry import Stack, stack_of
from taskgan_ext.dicom.image_files import read_images
from taskgan_ext.dicom.image_gate import check_image
from taskgan_ext.dicom.parser_faults import quiet_parser
from taskgan_ext.dicom.pixel_values import read_values
from taskgan_ext.dicom.series import Series
from taskgan_ext.errors import RefusedSeries

Modality = Literal["PT", "MR"]
MIN_SLICES = 3
"""Two slices have one distance, which nothing confirms."""
MAX_VOXELS = 2**28
"""1 GiB of values; a whole body of 1000 slices of 400 x 400 has 1.6e8."""
SHARED = ("SOPClassUID", "PatientID", "StudyInstanceUID", "FrameOfReferenceUID")
"""What all images of a series have in common, PS3.3 A.1.2.3."""


def read_series(
    source: Path | Sequence[Path], *, series_uid: str | None = None, modality: Modality | None = None
) -> Series:
    """Read one PET or MR series, or refuse it with a code.

    Headers are judged before any pixel is touched. Slices are arranged by their positions, never by number or
    name. Nothing is guessed, repaired or tried another way.

    Args:
        source: a folder, searched with its subfolders, or files; in any order and under any names.
        series_uid: SeriesInstanceUID of the series to read, where there may be several.
        modality: that must be.

    Returns:
        The series, its slices ascending along the normal of the images.

    Raises:
        RefusedSeries: with one of ``SERIES_CODES``.
    """
    found = read_images(source if isinstance(source, Path) else [Path(path) for path in source])
    with quiet_parser():
        files = _split(_one_series(found.files, series_uid))
        for file in files:
            check_image(file)
        _check_alike(files, modality)
        stack, warnings = _arrange(files)
        ordered = [files[index] for index in np.argsort(stack.slice_of)]
        return Series(
            volume=_read_volume(ordered, stack),
            affine=stack.affine,
            units=files[0].text("Units"),
            headers=tuple(file.header for file in ordered),
            warnings=(*found.warnings, *warnings),
            files=tuple(file.path for file in ordered),
        )


def _one_series(files: Sequence[DicomFile], series_uid: str | None) -> Sequence[DicomFile]:
    groups: dict[str, list[DicomFile]] = {}
    for file in files:
        groups.setdefault(file.text("SeriesInstanceUID"), []).append(file)
    if series_uid is not None:
        if series_uid not in groups:
            raise RefusedSeries(
                "no_file", f"expected images of series {series_uid}, found {len(groups)} series without it"
            )
        return groups[series_uid]
    if len(groups) > 1:
        named = ", ".join(f"{len(group)} images such as {group[0]}" for group in list(groups.values())[:6])
        raise RefusedSeries(
            "series_mixed",
            f"expected one series, found {len(groups)}: {named}; keep one of them, or choose it by its "
            "SeriesInstanceUID",
        )
    return files


def _split(files: Sequence[DicomFile]) -> list[DicomFile]:
    images: list[DicomFile] = []
    for file in files:
        images += split_frames(file) if file.text("SOPClassUID") == EnhancedMRImageStorage else (file,)
    return images


def _check_alike(files: Sequence[DicomFile], modality: Modality | None) -> None:
    first = files[0]
    if modality is not None and first.text("Modality") != modality:
        raise RefusedSeries(
            "modality_mismatch",
            f"{first.path}: expected a series of Modality {modality}, got {first.text('Modality')}",
        )
    for keyword, code in (*((keyword, "series_mixed") for keyword in SHARED), ("Units", "units_unsupported")):
        for file in files:
            if file.text(keyword) != first.text(keyword):
                raise RefusedSeries(
                    code, f"expected one {keyword} in a series, but {first} and {file} have different ones"
                )


def _arrange(files: Sequence[DicomFile]) -> tuple[Stack, list[str]]:
    is_pet = files[0].text("Modality") == "PT"
    if is_pet:
        check_static(files)
        check_count(files, at_least=True)
    stack = stack_of(files, one_each=True)
    if stack.shape[2] < MIN_SLICES:
        raise RefusedSeries(
            "slices_too_few",
            f"{files[0].path.parent}: expected at least {MIN_SLICES} slices, got {stack.shape[2]}",
        )
    if is_pet:
        check_count(files)
    if np.prod(stack.shape, dtype=np.int64) > MAX_VOXELS:
        raise RefusedSeries(
            "too_large", f"{files[0].path.parent}: expected at most {MAX_VOXELS} voxels, got {stack.shape}"
        )
    warnings = [index_warning(files) if is_pet else ""]
    if any(file.text("LossyImageCompression") == "01" for file in files):
        warnings.append("the images were compressed with loss at some time (LossyImageCompression 01)")
    return stack, [warning for warning in warnings if warning]


def _read_volume(files: Sequence[DicomFile], stack: Stack) -> NDArray[np.float32]:
    # Slice by slice in memory, as the files are; the transposed view has the axes of the record.
    slices = np.empty(stack.shape[::-1], dtype=np.float32)
    for target, values in zip(slices, read_values(files), strict=True):
        target[:] = values.T
    return slices.T

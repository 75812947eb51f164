"""The images that a derived volume is made of, slice by slice."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import EnhancedMRImageStorage

from taskgan_ext.dicom.dicom_file import DicomFile
from taskgan_ext.dicom.enhanced_mr import split_frames
from taskgan_ext.dicom.geometry import stack_of
from taskgan_ext.dicom.image_files import read_images
from taskgan_ext.dicom.image_gate import check_image
from taskgan_ext.dicom.parser_faults import quiet_parser
from taskgan_ext.dicom.read_series import SHARED
from taskgan_ext.dicom.series import Series
from taskgan_ext.dicom.suv_header import number_in
from taskgan_ext.errors import RefusedSeries

ORDER = (
    "SeriesNumber",
    "EchoTime",
    "ImageType",
    "InversionTime",
    "TriggerTime",
    "TemporalPositionIdentifier",
    "InstanceNumber",
    "SOPInstanceUID",
)
"""By what the images of a slice are told apart; the first of them is the same kind of image in all slices."""


@dataclass(frozen=True)
class SourceSlices:
    """Headers of a scan whose images may be several to a slice.

    Attributes:
        shape: ``(X, Y, Z)``: columns, rows and slices.
        affine: ``(4, 4)``, voxel index to RAS millimetres.
        images: for each slice, ascending along the normal, the headers of all of its images; of the first one
            a derived image takes what the others share with it.
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]
    images: Sequence[Sequence[Dataset]]

    @property
    def headers(self) -> list[Dataset]:
        """Of all images."""
        return [header for images in self.images for header in images]


def slices_of(series: Series) -> SourceSlices:
    """Take the images of one series, one to a slice.

    Args:
        series: as ``read_series`` gives it.
    """
    columns, rows, slices = series.volume.shape
    return SourceSlices((columns, rows, slices), series.affine, [(header,) for header in series.headers])


def read_source_slices(source: Path | Sequence[Path]) -> SourceSlices:
    """Read the headers of an MR scan such as MDME: several images of each slice, in one or many series.

    Args:
        source: a folder, searched with its subfolders, or files.

    Returns:
        Its slices, each with as many images.

    Raises:
        RefusedSeries: an image is none of MR, the images are of several studies or frames of reference, or do
            not form one stack with as many images in all slices.
    """
    found = read_images(source)
    with quiet_parser():
        files: list[DicomFile] = []
        for file in found.files:
            enhanced = file.text("SOPClassUID") == EnhancedMRImageStorage
            files += split_frames(file) if enhanced else (file,)
        for file in files:
            check_image(file)
        _check_alike(files)
        stack = stack_of(files)
        slices: list[list[DicomFile]] = [[] for _ in range(stack.shape[2])]
        for file, number in zip(files, stack.slice_of, strict=True):
            slices[number].append(file)
        counts = sorted({len(images) for images in slices})
        if len(counts) > 1:
            raise RefusedSeries(
                "incomplete",
                f"{files[0].path.parent}: expected as many images of every slice, found {counts[0]} to "
                f"{counts[-1]}; send the scan again, whole and alone",
            )
        ordered = [tuple(file.header for file in sorted(images, key=_rank)) for images in slices]
    return SourceSlices(stack.shape, stack.affine, ordered)


def _rank(file: DicomFile) -> list[tuple[float, str]]:
    """Numbers by their size, texts by their letters."""
    texts = [file.text(keyword) for keyword in ORDER]
    numbers = [number_in(text) for text in texts]
    return [
        (math.inf if number is None else number, text) for number, text in zip(numbers, texts, strict=True)
    ]


def _check_alike(files: Sequence[DicomFile]) -> None:
    first = files[0]
    if first.text("Modality") != "MR":
        raise RefusedSeries(
            "modality_mismatch", f"{first.path}: expected a scan of Modality MR, got another one"
        )
    for keyword in SHARED:
        for file in files:
            if file.text(keyword) != first.text(keyword):
                raise RefusedSeries(
                    "series_mixed",
                    f"expected one {keyword} in a scan, but {first} and {file} have different ones",
                )

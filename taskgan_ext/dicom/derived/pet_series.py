"""Write a restored PET volume as a series beside its source."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from taskgan_ext.dicom.derived.carried_header import carry_over
from taskgan_ext.dicom.derived.derivation import Derivation, describe, image_type
from taskgan_ext.dicom.derived.derived_series import DerivedSeries
from taskgan_ext.dicom.derived.recipe import Recipe
from taskgan_ext.dicom.derived.restored_values import check_source, check_values
from taskgan_ext.dicom.derived.series_folder import write_series_folder
from taskgan_ext.dicom.derived.stored_slices import slopes_of, store_scaled
from taskgan_ext.dicom.derived.uids import image_uid, series_key, series_uid
from taskgan_ext.dicom.parser_faults import quiet_parser
from taskgan_ext.dicom.series import Series
from taskgan_ext.dicom.suv import activity_per_count, suv_factor
from taskgan_ext.errors import RefusedSeries

CODE = ("RESTORE", "AI image restoration")
UNTRUE = ("RescaleType",)
"""Beside a RescaleSlope of our own; no element of a PET image (PS3.3 C.8.9.4)."""


def write_derived_pet(
    source: Series,
    values: NDArray[np.floating],
    units: str,
    recipe: Recipe,
    folder: Path,
    *,
    now: datetime | None = None,
    comment: str = "",
) -> DerivedSeries:
    """Write a PET series derived from another one; the folder is there when it is whole.

    SOP class, study, patient, plane, times, tracer and Units are those of the source, slice by slice, so SUV
    by its header is that of the source. Values are kept to half of 1/32767 of the maximum of their slice. The
    same arguments give the same bytes; without ``now`` only the times of creation differ, and the UIDs are
    the same.

    Args:
        source: as ``read_series`` gives it.
        values: ``(X, Y, Z)`` on the axes of ``source.volume``, see ``on_source_grid``; negative ones become
            0.
        units: of the values, as in Units (0054,1001): that of the source, ``GML`` for SUV by body weight, or
            ``BQML`` for a source in counts (``CNTS``); it is turned into that of the source.
        recipe: what made them.
        folder: new, or empty.
        now: the moment of creation; with a time zone it is written in that of the source, where it has one.
        comment: for ImageComments, such as the outcome of checks; without names.

    Returns:
        What was written.

    Raises:
        RefusedSeries: the source is no PET series or one of ours; ``units_unsupported``, the values are in
            another unit; ``suv_tag_missing``; ``nonfinite``; ``output_gate``, they have another shape.
        DataError: the folder holds something.
    """
    check_source(source.headers)
    if source.headers[0].get("Modality") != "PT":
        raise RefusedSeries("modality_mismatch", "derived PET series: expected a source of Modality PT")
    check_values(values, source.volume.shape)
    scale = _to_source_unit(source, units)
    peaks = (values.max(axis=(0, 1)).clip(0).astype(np.float64) * scale).tolist()
    slopes = slopes_of(peaks)
    clipped = int(np.count_nonzero(values < 0))
    derivation = Derivation(
        recipe=recipe,
        code=CODE,
        remarks=_remarks(clipped),
        comment=comment,
        number=0,
        now=now or datetime.now().astimezone(),
    )
    key = series_key(source.headers, recipe)
    with quiet_parser():
        headers = _headers(source, derivation, key)
        files = write_series_folder(_images(headers, slopes, values, scale), folder)
    return DerivedSeries(folder, files, str(series_uid(key)), clipped, tuple(map(float, slopes)))


def _to_source_unit(source: Series, units: str) -> float:
    """Unit of the source per unit of the values."""
    if units == source.units:
        return 1.0
    if units == "GML":
        return 1.0 / suv_factor(source.headers).factor
    if (units, source.units) == ("BQML", "CNTS"):
        return 1.0 / activity_per_count(source.headers)
    raise RefusedSeries(
        "units_unsupported",
        "derived PET series: expected values in the unit of the source or in SUV (GML), got another one; "
        "say in which unit they are",
    )


def _remarks(clipped: int) -> str:
    below = f" {clipped} voxels below 0 were set to 0." if clipped else ""
    return (
        f"Each slice names the slice of the source at its place; the network sees its neighbours too.{below}"
    )


def _headers(source: Series, derivation: Derivation, key: str) -> Iterator[Dataset]:
    for index, header in enumerate(source.headers):
        image = carry_over(header, UNTRUE)
        image.SeriesInstanceUID = series_uid(key)
        image.SOPInstanceUID = image_uid(key, index, [str(header.SOPInstanceUID)])
        image.ImageType = image_type(header)
        describe(image, [header], derivation)
        if "REPROJECTION" not in (image.get("SeriesType") or ()):
            image.pop("ReprojectionMethod", None)
        yield image


def _images(
    headers: Iterator[Dataset], slopes: Sequence[str], values: NDArray[np.floating], scale: float
) -> Iterator[Dataset]:
    for index, (image, slope) in enumerate(zip(headers, slopes, strict=True)):
        # PS3.3 C.8.9.4: BitsStored equals BitsAllocated, and the intercept is 0.
        image.BitsAllocated = image.BitsStored = 16
        image.HighBit, image.PixelRepresentation = 15, 1
        image.RescaleSlope, image.RescaleIntercept = slope, "0"
        image.PixelData = store_scaled(values[:, :, index].astype(np.float64).clip(0) * scale, slope)
        yield image

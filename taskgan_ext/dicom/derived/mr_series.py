"""Write a synthesised MR contrast as a series beside the scan that it was made from."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.valuerep import format_number_as_ds

from taskgan_ext.dicom.derived.contrast import SynthesisedContrast
from taskgan_ext.dicom.derived.derivation import Derivation, describe
from taskgan_ext.dicom.derived.derived_series import DerivedSeries
from taskgan_ext.dicom.derived.mr_header import synthesised_header
from taskgan_ext.dicom.derived.recipe import Recipe
from taskgan_ext.dicom.derived.restored_values import check_source, check_values
from taskgan_ext.dicom.derived.series_folder import write_series_folder
from taskgan_ext.dicom.derived.source_slices import SourceSlices
from taskgan_ext.dicom.derived.stored_slices import LARGEST_UNSIGNED, store_counts
from taskgan_ext.dicom.derived.uids import image_uid, series_key, series_uid
from taskgan_ext.dicom.parser_faults import quiet_parser
from taskgan_ext.errors import RefusedSeries

CODE = ("SYNTHESISE", "AI contrast synthesis")
BRIGHT = 99.5
"""Percentile of the values above 0 that is shown white."""


def write_derived_mr(
    source: SourceSlices,
    values: NDArray[np.floating],
    contrast: SynthesisedContrast,
    recipe: Recipe,
    folder: Path,
    *,
    now: datetime | None = None,
    comment: str = "",
) -> DerivedSeries:
    """Write an MR series of a contrast that was not acquired; the folder is there when it is whole.

    Study, patient, plane and equipment are those of the source. Times and sequence are nominal, which
    DerivationDescription says. The unit is arbitrary: all slices have one scale, by which the largest value
    is 65535. The same arguments give the same bytes; without ``now`` only the times of creation differ.

    Args:
        source: of ``read_source_slices`` or ``slices_of``.
        values: ``(X, Y, Z)`` on its axes; see ``on_source_grid``. Negative ones become 0.
        contrast: name and nominal times.
        recipe: what made them.
        folder: new, or empty.
        now: the moment of creation; with a time zone it is written in that of the source, where it has one.
        comment: for ImageComments, such as the outcome of checks; without names.

    Returns:
        What was written.

    Raises:
        RefusedSeries: the source is not MR or one of ours; ``nonfinite``; ``output_gate``, the values have
            another shape.
        DataError: the folder holds something.
    """
    headers = source.headers
    check_source(headers)
    if any(header.get("Modality") != "MR" for header in headers):
        raise RefusedSeries("modality_mismatch", "derived MR series: expected a source of Modality MR")
    check_values(values, source.shape)
    peak = float(values.max())
    scale = LARGEST_UNSIGNED / peak if peak > 0 else 1.0
    clipped = int(np.count_nonzero(values < 0))
    derivation = Derivation(
        recipe=recipe,
        code=CODE,
        remarks=_remarks(contrast, scale, clipped),
        comment=comment,
        number=contrast.number,
        now=now or datetime.now().astimezone(),
    )
    times = (contrast.repetition_time, contrast.echo_time, contrast.inversion_time)
    key = series_key(headers, recipe, [contrast.name, *map(repr, times)])
    with quiet_parser():
        made = _headers(source, contrast, derivation, key)
        files = write_series_folder(_images(made, values, scale), folder)
    per_number = (1 / scale,) * source.shape[2]
    return DerivedSeries(folder, files, str(series_uid(key)), clipped, per_number)


def _remarks(contrast: SynthesisedContrast, scale: float, clipped: int) -> str:
    below = f" {clipped} voxels below 0 were set to 0." if clipped else ""
    return (
        f"{contrast.name} was not acquired: sequence and times are nominal. The unit is arbitrary, stored "
        f"numbers are {scale:.9g} times those of the network.{below}"
    )


def _headers(
    source: SourceSlices, contrast: SynthesisedContrast, derivation: Derivation, key: str
) -> Iterator[Dataset]:
    for index, images in enumerate(source.images):
        image = synthesised_header(images[0], contrast, index + 1)
        image.SeriesInstanceUID = series_uid(key)
        image.SOPInstanceUID = image_uid(key, index, [str(header.SOPInstanceUID) for header in images])
        describe(image, images, derivation)
        yield image


def _images(headers: Iterator[Dataset], values: NDArray[np.floating], scale: float) -> Iterator[Dataset]:
    white = _white(values) * scale
    for index, image in enumerate(headers):
        image.BitsAllocated = image.BitsStored = 16
        image.HighBit, image.PixelRepresentation = 15, 0
        image.WindowCenter, image.WindowWidth = format_number_as_ds(white / 2), format_number_as_ds(white)
        image.PixelData = store_counts(values[:, :, index].astype(np.float64).clip(0), scale)
        yield image


def _white(values: NDArray[np.floating]) -> float:
    positive = values[values > 0]
    return float(np.percentile(positive, BRIGHT)) if positive.size else 1.0

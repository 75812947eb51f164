"""Whether all images of a PET series are there: its header tells how many there are."""

from collections.abc import Sequence

from taskgan_ext.dicom.dicom_file import DicomFile
from taskgan_ext.errors import RefusedSeries

WHOLE = ("STATIC", "WHOLE BODY")
"""Values of SeriesType (0054,1000) of which a series is one volume, PS3.3 C.8.9.1.1.4."""
MOVING = ("DYNAMIC", "GATED")


def check_static(files: Sequence[DicomFile]) -> None:
    """Check that a PET series is one volume.

    Args:
        files: all images of the series.

    Raises:
        RefusedSeries: it holds several frames in time or gates, or does not say what it is.
    """
    for file in files:
        kind = (file.texts("SeriesType") or ("",))[0].upper()
        if kind in MOVING or (_count(file, "NumberOfTimeSlices") or 1) > 1:
            raise RefusedSeries(
                "dynamic_series",
                f"{file.path}: the series is {kind if kind in MOVING else 'of several time slices'}, which "
                "is not read; export a static series, such as the sum of its frames",
            )
        if kind not in WHOLE:
            raise RefusedSeries(
                "dynamic_series", f"{file.path}: expected SeriesType {' or '.join(WHOLE)}, got none of them"
            )


def check_count(files: Sequence[DicomFile], at_least: bool = False) -> None:
    """Check the number of images of a static PET series (NumberOfSlices, PS3.3 C.8.9.1.1.5).

    Args:
        files: all images of the series that are there.
        at_least: let more than the announced ones pass.

    Raises:
        RefusedSeries: the number differs, or is not announced.
    """
    announced = {_count(file, "NumberOfSlices") for file in files}
    folder = files[0].path.parent
    expected = announced.pop()
    if expected is None or announced:
        raise RefusedSeries(
            "incomplete",
            f"{folder}: expected one NumberOfSlices in all images of a PET series, found "
            f"{'several' if announced else 'none'}; without it nobody knows whether slices are missing",
        )
    if len(files) < expected or (len(files) > expected and not at_least):
        raise RefusedSeries(
            "incomplete",
            f"{folder}: expected {expected} images, as NumberOfSlices says, found {len(files)}; send the "
            "series again, whole and alone",
        )


def index_warning(files: Sequence[DicomFile]) -> str:
    """Tell where ImageIndex (0054,1330) does not run from 1 to the number of images; empty where it does.

    Args:
        files: all images of a static PET series.
    """
    found = sorted(_count(file, "ImageIndex") or 0 for file in files)
    if found in (list(range(1, len(files) + 1)), [0] * len(files)):
        return ""
    return "ImageIndex does not number the images from 1 on, though as many are there as are announced"


def _count(file: DicomFile, keyword: str) -> int | None:
    value = file.number(keyword)
    return None if value is None else round(value)

"""Every fault of a series is refused with its code, in one message that names the place and no patient."""

import sys
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from dicom_edits import (
    Edit,
    activity,
    both,
    change,
    change_all,
    check_refusal,
    copy,
    move,
    new_uid,
    remove,
    rotation,
    shear,
)

from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.errors import RefusedSeries

Pet = Callable[..., Path]
TILTED = list(rotation(0.2, 0.0)[:, :2].T.ravel())
ALL = {"NumberOfSlices": 4}
"""The announced number after one slice is gone, so that the gap is seen and not the number."""


def decoupled(files: list[Path]) -> None:
    """Two time frames in files of one static series."""
    for number, path in enumerate(files):
        image = pydicom.dcmread(path)
        twin = path.with_name(f"twin{number}.dcm")
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number + 1}"
        image.save_as(twin)


GEOMETRY: dict[str, tuple[Edit, str]] = {
    "a gap": (both(change_all(**ALL), remove(2)), "slice_missing"),
    "two slices missing in one place": (both(change_all(NumberOfSlices=3), remove(1, 2)), "slice_missing"),
    "uneven": (move(2, 0, 0, 0.7), "spacing_uneven"),
    "uneven at the end": (move(4, 0, 0, 1.1), "spacing_uneven"),
    "a tilted gantry": (shear((0, 0.6, 0)), "spacing_uneven"),
    "one slice aside": (move(3, 0.5, 0, 0), "spacing_uneven"),
    "not a volume": (
        change_all(ImagePositionPatient=lambda number: [3.0 * number, 0, 0]),
        "spacing_uneven",
    ),
    "one slice turned": (change(2, ImageOrientationPatient=TILTED), "orientation_mixed"),
    "three orientations": (
        both(
            change(1, ImageOrientationPatient=[1, 0, 0, 0, 0, -1]), change(2, ImageOrientationPatient=TILTED)
        ),
        "orientation_mixed",
    ),
    "other voxels in one slice": (change(2, PixelSpacing=["2.0", "2.2"]), "spacing_uneven"),
    "another matrix in one slice": (
        both(change(2, Rows=8), change(2, PixelData=bytes(2 * 8 * 10))),
        "pixel_format",
    ),
    "a slice twice": (copy(2), "slice_duplicate"),
    "a slice twice, under another UID": (copy(2, "1.2.3"), "slice_duplicate"),
    "every slice twice": (decoupled, "slice_duplicate"),
    "two slices at one place": (move(2, 0, 0, -3.0), "slice_duplicate"),
    "one slice": (both(change_all(NumberOfSlices=1), remove(0, 1, 2, 3)), "slices_too_few"),
    "two slices": (both(change_all(NumberOfSlices=2), remove(2, 3, 4)), "slices_too_few"),
    "no position": (change(2, ImagePositionPatient=None), "geometry_missing"),
    "no orientation": (change_all(ImageOrientationPatient=None), "geometry_missing"),
    "no spacing": (change(2, PixelSpacing=None), "geometry_missing"),
    "an empty spacing": (change(2, PixelSpacing=""), "geometry_missing"),
    "no frame of reference": (change_all(FrameOfReferenceUID=None), "geometry_missing"),
    "a spacing of 0": (change(2, PixelSpacing=["0", "2"]), "number_invalid"),
    "a negative spacing": (change_all(PixelSpacing=["-2", "2"]), "number_invalid"),
    "a spacing that overflows": (change_all(PixelSpacing=["1e300", "2"]), "number_invalid"),
    "a position that is no number": (change(2, ImagePositionPatient=["0", "NaN", "1"]), "number_invalid"),
    "a position beyond numbers": (change(2, ImagePositionPatient=["0", "1e400", "1"]), "number_invalid"),
    "a position beyond the room": (change(2, ImagePositionPatient=["0", "1e9", "1"]), "number_invalid"),
    "a position of two numbers": (change(2, ImagePositionPatient=["0", "1"]), "number_invalid"),
    "an orientation of one direction": (
        change_all(ImageOrientationPatient=[1, 0, 0, 1, 0, 0]),
        "number_invalid",
    ),
    "an orientation of long vectors": (
        change_all(ImageOrientationPatient=[2, 0, 0, 0, 2, 0]),
        "number_invalid",
    ),
}
SERIES: dict[str, tuple[Edit, str]] = {
    "fewer images than announced": (remove(2), "incomplete"),
    "the last image missing": (remove(4), "incomplete"),
    "more images than announced": (change_all(NumberOfSlices=4), "incomplete"),
    "no number announced": (change_all(NumberOfSlices=None), "incomplete"),
    "two numbers announced": (change(1, NumberOfSlices=6), "incomplete"),
    "dynamic": (change_all(SeriesType=["DYNAMIC", "IMAGE"]), "dynamic_series"),
    "gated": (change_all(SeriesType=["GATED", "IMAGE"]), "dynamic_series"),
    "several time slices": (change_all(NumberOfTimeSlices=2), "dynamic_series"),
    "of no known type": (change_all(SeriesType=["DOE^JANE", "IMAGE"]), "dynamic_series"),
    "two series": (change(1, SeriesInstanceUID="1.2.3"), "series_mixed"),
    "two studies": (change(1, StudyInstanceUID="1.2.3"), "series_mixed"),
    "two patients": (change(1, PatientID="DOE^JANE"), "series_mixed"),
    "two frames of reference": (change(1, FrameOfReferenceUID="1.2.3"), "series_mixed"),
    "two units": (change(1, Units="GML"), "units_unsupported"),
    "a report in the series": (
        change(1, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11"),
        "sop_class",
    ),
}


@pytest.mark.parametrize("fault", [*GEOMETRY, *SERIES])
def test_a_fault_has_its_code(fault: str, pet: Pet) -> None:
    edit, code = {**GEOMETRY, **SERIES}[fault]
    check_refusal(pet(), edit, code)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (change(1, RescaleSlope="0"), "slope_invalid"),
        (change(1, RescaleSlope="NaN"), "slope_invalid"),
        (change(1, RescaleSlope=""), "slope_invalid"),
        (remove(2), "slice_missing"),
        (copy(2, "1.2.3"), "slice_duplicate"),
        (both(remove(0), remove(1), remove(2)), "slices_too_few"),
        (change(1, Modality="PT"), "modality_mismatch"),
        (both(new_uid(1, "1.2.3"), new_uid(2, "1.2.3")), "slice_duplicate"),
    ],
)
def test_a_fault_of_an_mr_series_has_its_code(fault: Edit, code: str, mr: Path) -> None:
    with pydicom.config.disable_value_validation():
        fault(sorted(mr.iterdir()))
    with pytest.raises(RefusedSeries) as caught:
        read_series(mr)
    assert caught.value.code == code


def test_an_mr_slope_may_be_negative(mr: Path) -> None:
    change(1, RescaleSlope="-1")(sorted(mr.iterdir()))
    assert read_series(mr).volume[:, :, 1].max() <= 0


def test_a_series_of_another_modality_is_refused(mr: Path) -> None:
    with pytest.raises(RefusedSeries, match="modality_mismatch"):
        read_series(mr, modality="PT")


@pytest.mark.parametrize(
    ("name", "code"),
    [("absent", "no_file"), ("empty", "no_file"), ("texts", "not_dicom"), ("text", "not_dicom")],
)
def test_what_holds_no_series_is_refused(name: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    for path in (tmp_path / "text", tmp_path / "texts" / "a.txt"):
        path.write_text("none")
    with pytest.raises(RefusedSeries) as caught:
        read_series(tmp_path / name)
    assert caught.value.code == code


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(RefusedSeries, match="no_file"):
        read_series([])


def test_more_voxels_than_the_budget_are_refused_before_pixels_are_read(
    pet: Pet, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The package gives the function the name of its module.
    module = sys.modules["taskgan_ext.dicom.read_series"]
    monkeypatch.setattr(module, "MAX_VOXELS", 10 * 9 * 5)
    folder = pet(volume=activity((10, 9, 5)))
    assert read_series(folder).volume.size == module.MAX_VOXELS
    monkeypatch.setattr(module, "MAX_VOXELS", 10 * 9 * 5 - 1)
    monkeypatch.setattr(module, "read_values", None)
    with pytest.raises(RefusedSeries, match="too_large"):
        read_series(folder)

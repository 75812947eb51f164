"""Good series of every kind come back to the last digit, where two other readers put them."""

from collections.abc import Callable
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813 - the name in its manual
from dicom_edits import Edit, activity, both, change_all, move, recompress, rotation
from pydicom.uid import ImplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless

from taskgan_ext.dicom.geometry import lps_to_ras
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.dicom.series import Series
from taskgan_ext.errors import RefusedSeries

Pet = Callable[..., Path]
OBLIQUE = np.eye(4)
OBLIQUE[:3, :3] = rotation(0.3, -0.5) @ np.diag([-2.0, -2.5, -3.0])
OBLIQUE[:3, 3] = [12.5, -30.25, 7.75]
NUL = "\0"


def do_nothing(_: list[Path]) -> None:
    """Leave a series as it is."""


VARIANTS: dict[str, tuple[dict[str, object], Edit]] = {
    "plain": ({}, do_nothing),
    "an empty first slice with the slope 1": ({"empty_first_slice": True}, do_nothing),
    "SUV": ({"units": "GML"}, do_nothing),
    "counts": ({"units": "CNTS", "vendor": "philips", "philips_suv_factor": "both"}, do_nothing),
    "more than 32767 Bq/ml": ({"volume": activity(peak=129600.0), "empty_first_slice": True}, do_nothing),
    "names that say nothing": ({"shuffled": True}, do_nothing),
    "numbers that run backwards": ({"reversed_numbers": True}, do_nothing),
    "unsigned numbers of 16 bits": ({"signed": False}, do_nothing),
    "signed numbers of 12 bits": ({"bits_stored": 12}, do_nothing),
    "unsigned numbers of 12 bits": ({"bits_stored": 12, "signed": False}, do_nothing),
    "unsigned numbers of 14 bits": ({"bits_stored": 14, "signed": False}, do_nothing),
    "oblique": ({"affine": OBLIQUE}, do_nothing),
    "whole body": ({"series_type": "WHOLE BODY", "volume": activity((8, 8, 45))}, do_nothing),
    "implicit types": ({}, recompress(ImplicitVRLittleEndian)),
    "RLE": ({}, recompress(RLELossless)),
    "JPEG-LS": ({}, recompress(JPEGLSLossless)),
    "JPEG-LS of signed numbers": ({"bits_stored": 12}, recompress(JPEGLSLossless)),
    "JPEG 2000": ({"signed": False}, recompress(JPEG2000Lossless)),
    "elements that vendors forget": (
        {"omit": ("Laterality", "SeriesDate", "StudyID", "RadiopharmaceuticalStartDateTime", "PatientAge")},
        do_nothing,
    ),
    "no tracer": ({"omit": ("RadiopharmaceuticalInformationSequence", "PatientWeight")}, do_nothing),
    "padding by NUL": ({}, change_all(Units="BQML" + 4 * NUL, SeriesType=["STATIC", "IMAGE" + NUL])),
    "private elements and a patient position": (
        {"vendor": "ge", "private_scan_time": True},
        change_all(PatientPosition="HFS", Manufacturer=""),
    ),
    "sorted by no number": ({}, change_all(InstanceNumber=1)),
    "positions rounded as scanners do": ({}, both(move(1, 0.001, 0, 0.01), move(2, 0, -0.001, -0.01))),
}


def stored_values(path: Path) -> np.ndarray:
    """Values of a slice by pydicom and arithmetic."""
    image = pydicom.dcmread(path)
    return image.pixel_array.T.astype(np.float64) * float(image.RescaleSlope) + float(image.RescaleIntercept)


def by_highdicom(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Values ``(X, Y, Z)`` and affine to RAS, by highdicom."""
    images = [pydicom.dcmread(path) for path in folder.iterdir()]
    volume = highdicom.get_volume_from_series(images, dtype=np.float64)
    affine = volume.affine[:, [2, 1, 0, 3]]
    values = volume.array.transpose(2, 1, 0)
    if np.linalg.det(affine) < 0:  # it counts slices the other way round
        affine[:, 3] += (values.shape[2] - 1) * affine[:, 2]
        affine[:, 2] *= -1
        values = values[:, :, ::-1]
    return values, lps_to_ras(affine)


def check_against_others(series: Series, folder: Path) -> None:
    for index, path in enumerate(series.files):
        np.testing.assert_array_max_ulp(series.volume[:, :, index], stored_values(path).astype(np.float32), 1)
        assert pydicom.dcmread(path).SOPInstanceUID == series.headers[index].SOPInstanceUID
    values, affine = by_highdicom(folder)
    np.testing.assert_array_max_ulp(series.volume, values.astype(np.float32), 1)
    np.testing.assert_allclose(series.affine, affine, atol=0.011)  # of rounded positions


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_good_pet_series_is_read_exactly(variant: str, pet: Pet) -> None:
    options, edit = VARIANTS[variant]
    folder = pet(**options)
    with pydicom.config.disable_value_validation():
        edit(sorted(folder.iterdir()))
    series = read_series(folder, modality="PT")
    assert series.units == options.get("units", "BQML")
    assert series.volume.dtype == np.float32
    assert not any("PixelData" in header for header in series.headers)
    assert series.warnings == ()
    check_against_others(series, folder)
    expected = options.get("affine", series.affine)
    if variant != "oblique":  # whose slices run against the normal
        np.testing.assert_allclose(series.affine, expected, atol=1e-9)


def test_an_mr_series_is_read_by_the_slope_of_each_slice(mr: Path) -> None:
    series = read_series(mr, modality="MR")
    assert len({header.RescaleSlope for header in series.headers}) == 5
    assert series.units == ""
    check_against_others(series, mr)


def test_an_mr_series_without_slopes_has_its_stored_numbers(mr: Path) -> None:
    change_all(RescaleSlope=None, RescaleIntercept=None)(sorted(mr.iterdir()))
    series = read_series(mr)
    np.testing.assert_array_equal(series.volume[:, :, 2], pydicom.dcmread(series.files[2]).pixel_array.T)


@pytest.mark.parametrize("flipped", [False, True])
def test_an_oblique_volume_lies_where_simpleitk_puts_it(flipped: bool, pet: Pet) -> None:
    affine = OBLIQUE @ np.diag([1.0, 1.0, -1.0 if flipped else 1.0, 1.0])
    folder = pet(affine=affine)
    series = read_series(folder)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    reader.SetOutputPixelType(sitk.sitkFloat32)  # the type of the first slice would do for no other
    other = reader.Execute()
    truth = activity()
    for index in [(0, 0, 0), (9, 8, 4), (3, 5, 1), (7, 2, 3)]:
        x, y, z = (series.affine @ [*index, 1])[:3]
        there = other.TransformPhysicalPointToIndex((-x, -y, z))
        assert series.volume[index] == pytest.approx(other[there], rel=1e-6)
        own = np.rint(np.linalg.inv(affine) @ [x, y, z, 1]).astype(int)[:3]
        assert series.volume[index] == pytest.approx(truth[tuple(own)], rel=1e-3)


def test_files_may_be_given_one_by_one(pet: Pet) -> None:
    folder = pet()
    files = sorted(folder.iterdir(), reverse=True)
    np.testing.assert_array_equal(read_series(files).volume, read_series(folder).volume)


def test_one_of_several_series_is_read_when_it_is_named(pet: Pet) -> None:
    first, second = pet(name="both/a"), pet(name="both/b", number=11, volume=activity(peak=500.0))
    uid = pydicom.dcmread(next(second.iterdir())).SeriesInstanceUID
    named = read_series(first.parent, series_uid=uid)
    np.testing.assert_array_equal(named.volume, read_series(second).volume)
    with pytest.raises(RefusedSeries, match="found 2 series without it"):
        read_series(first.parent, series_uid="1.2.3")


def test_other_files_of_a_folder_are_left_out_and_told(pet: Pet) -> None:
    folder = pet()
    (folder / "notes.txt").write_text("none")
    (folder / ".hidden").write_text("none")
    (folder / "DICOMDIR").write_bytes(bytes(128) + b"DICM")
    report = pydicom.dcmread(sorted(folder.iterdir())[-2])
    report.SOPClassUID, report.SeriesInstanceUID = "1.2.840.10008.5.1.4.1.1.88.11", "1.2.3"
    report.SOPInstanceUID = report.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    report.save_as(folder / "report.dcm")
    assert read_series(folder).warnings == ("1 files that are no DICOM files were left out",)


def test_what_the_header_says_oddly_is_told(pet: Pet) -> None:
    folder = pet()
    change_all(ImageIndex=lambda number: 7 + number, LossyImageCompression="01")(sorted(folder.iterdir()))
    index, loss = read_series(folder).warnings
    assert "ImageIndex does not number" in index
    assert "compressed with loss" in loss


def test_the_order_of_slices_is_that_of_their_positions(pet: Pet) -> None:
    series = read_series(pet(shuffled=True, reversed_numbers=True))
    heights = [float(header.ImagePositionPatient[2]) for header in series.headers]
    assert heights == sorted(heights)
    assert [header.InstanceNumber for header in series.headers] == [5, 4, 3, 2, 1]

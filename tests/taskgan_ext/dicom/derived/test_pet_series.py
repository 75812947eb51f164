"""A derived PET series has the values that were given, the SUV and the places of its source."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_edits import activity, new_uid, recompress
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLSLossless, RLELossless

from preprocessing.pet.dicom_header import PHILIPS_BQML_PER_COUNT
from taskgan_ext.dicom.derived.pet_series import write_derived_pet
from taskgan_ext.dicom.derived.recipe import Recipe
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.dicom.suv import suv_factor
from taskgan_ext.errors import RefusedSeries

Pet = Callable[..., Path]
Derive = Callable[..., tuple]
VARIANTS: dict[str, dict[str, object]] = {
    "Siemens": {},
    "Siemens, no StartDateTime": {"injection_datetime": False},
    "Siemens, dated again": {"redated": 9000.0},
    "GE, dated again, private scan time": {"vendor": "ge", "private_scan_time": True, "redated": 4000.0},
    "GE, corrected to the injection": {"vendor": "ge", "decay_correction": "ADMIN"},
    "Philips, counts": {"vendor": "philips", "units": "CNTS", "philips_suv_factor": "suv"},
    "Philips, counts, activity": {"vendor": "philips", "units": "CNTS", "philips_suv_factor": "activity"},
    "Philips, both factors": {"vendor": "philips", "philips_suv_factor": "both"},
    "Philips, no SeriesDate": {"vendor": "philips", "omit": ("SeriesDate",)},
    "SUV": {"units": "GML"},
    "whole body, first slice empty": {
        "series_type": "WHOLE BODY",
        "empty_first_slice": True,
        "volume": activity((8, 8, 45)),
    },
    "12 bits, unsigned": {"bits_stored": 12, "signed": False},
}
PLACE = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness")
KEPT = (
    *PLACE,
    "StudyInstanceUID",
    "FrameOfReferenceUID",
    "PatientName",
    "PatientID",
    "PatientWeight",
    "SeriesDate",
    "SeriesTime",
    "AcquisitionDate",
    "AcquisitionTime",
    "FrameReferenceTime",
    "ActualFrameDuration",
    "DecayCorrection",
    "DecayFactor",
    "CorrectedImage",
    "SeriesType",
    "NumberOfSlices",
    "ImageIndex",
    "InstanceNumber",
    "Units",
    "Manufacturer",
    "RadiopharmaceuticalInformationSequence",
)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", VARIANTS)
def test_values_suv_and_places_are_those_of_the_source(name: str, pet: Pet, derive: Derive) -> None:
    source, done, images = derive(pet(**VARIANTS[name]))
    again = read_series(done.folder, modality="PT")
    expected = source.volume.astype(np.float64) * 0.77
    peaks = expected.max(axis=(0, 1))
    assert (np.abs(again.volume - expected).max(axis=(0, 1)) <= peaks / 32767).all()
    assert again.units == source.units
    np.testing.assert_array_equal(again.affine, source.affine)
    before, after = suv_factor(source.headers), suv_factor(again.headers)
    assert after.factor == pytest.approx(before.factor, rel=1e-9)
    assert after.rule == before.rule
    for image, header in zip(images, source.headers, strict=True):
        for keyword in KEPT:
            assert image.get(keyword) == header.get(keyword), keyword
        for keyword in PLACE:
            texts = [
                [str(number) for number in np.atleast_1d(part[keyword].value)] for part in (image, header)
            ]
            assert texts[0] == texts[1]


@pytest.mark.parametrize("name", VARIANTS)
def test_every_image_names_its_source_its_maker_and_what_it_is_not_for(
    name: str, pet: Pet, derive: Derive, recipe: Recipe
) -> None:
    source, done, images = derive(pet(**VARIANTS[name]))
    assert len({image.SOPInstanceUID for image in images}) == len(images) == len(source.headers)
    for image, header in zip(images, source.headers, strict=True):
        assert image.SOPClassUID == header.SOPClassUID
        assert image.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        assert image.file_meta.MediaStorageSOPInstanceUID == image.SOPInstanceUID
        assert image.SeriesInstanceUID == done.series_uid
        (item,) = image.SourceImageSequence
        assert item.ReferencedSOPInstanceUID == header.SOPInstanceUID
        assert (item.SpatialLocationsPreserved, item.PurposeOfReferenceCodeSequence[0].CodeValue) == (
            "YES",
            "121322",
        )
        assert image.ImageType == ["DERIVED", "PRIMARY"]
        assert image.SeriesNumber == header.SeriesNumber + 1000
        assert image.SeriesDescription == f"{header.SeriesDescription} [AI denoised, research only]"
        assert "research use only, not for diagnosis" in image.DerivationDescription
        assert "research use only, not for diagnosis" in image.ImageComments
        assert "SIMULATED" in image.ImageComments
        equipment = image.ContributingEquipmentSequence[-1]
        assert equipment.ManufacturerModelName == recipe.bundle
        assert equipment.SoftwareVersions == "0.1.0 0123456789ab"
        assert (image.ContentDate, image.InstanceCreationTime) == ("20010203", "040506.000789")
        assert (image.BitsStored, image.HighBit, image.RescaleIntercept) == (16, 15, 0)
        assert len(image["RescaleSlope"].value.original_string) <= 16


def test_the_same_arguments_give_the_same_bytes_and_another_moment_the_same_uids(
    pet: Pet, recipe: Recipe, now: datetime, tmp_path: Path
) -> None:
    source = read_series(pet())
    for name, moment in (("a", now), ("b", now), ("later", now + timedelta(days=1))):
        write_derived_pet(source, source.volume, "BQML", recipe, tmp_path / name, now=moment)
    assert content(tmp_path / "a") == content(tmp_path / "b")
    times = {"InstanceCreationDate", "ContentDate", "ContributingEquipmentSequence"}
    first, later = (pydicom.dcmread(tmp_path / name / "IM00001.dcm") for name in ("a", "later"))
    assert {element.keyword for element in later if element != first[element.tag]} == times


def test_uids_change_with_a_slice_of_the_source_and_with_the_recipe(
    pet: Pet, derive: Derive, recipe: Recipe
) -> None:
    folder = pet(shuffled=True)
    recipes = [
        recipe,
        replace(recipe, weights_sha256=64 * "0"),
        replace(recipe, version="0.1.1"),
        replace(recipe, bundle="another"),
        replace(recipe, action="sharpened"),
    ]
    made = [derive(folder, str(number), recipe=each) for number, each in enumerate(recipes)]
    new_uid(2, "1.2.3.4")(sorted(folder.iterdir()))
    made.append(derive(folder, "slice"))
    assert len({done.series_uid for _, done, _ in made}) == 6
    assert len({image.SOPInstanceUID for _, _, images in made for image in images}) == 6 * 5
    assert all(uid.startswith("2.25.") and len(uid) <= 64 for uid in (done.series_uid for _, done, _ in made))


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, RLELossless, JPEGLSLossless])
def test_a_source_in_another_transfer_syntax_gives_plain_files(syntax: str, pet: Pet, derive: Derive) -> None:
    variant = {"vendor": "philips", "units": "CNTS", "philips_suv_factor": "both"}
    folder = pet(**variant)
    _, _, plain = derive(folder, "plain")
    recompress(syntax)(sorted(folder.iterdir()))
    source, done, images = derive(folder)
    assert [image.file_meta.TransferSyntaxUID for image in images] == [ExplicitVRLittleEndian] * 5
    assert [image.PixelData for image in images] == [image.PixelData for image in plain]
    again = read_series(done.folder)
    assert suv_factor(again.headers).factor == suv_factor(source.headers).factor
    assert images[0].private_block(0x7053, "Philips PET Private Group")[0x09].VR == "DS"


def test_values_in_suv_or_activity_are_turned_into_the_unit_of_the_source(
    pet: Pet, recipe: Recipe, tmp_path: Path
) -> None:
    bqml = read_series(pet())
    counts = read_series(pet(name="counts", units="CNTS", vendor="philips", philips_suv_factor="both"))
    factor = suv_factor(bqml.headers).factor
    done = write_derived_pet(bqml, bqml.volume * factor, "GML", recipe, tmp_path / "a")
    np.testing.assert_allclose(read_series(done.folder).volume, bqml.volume, atol=0.6)
    activities = counts.volume * PHILIPS_BQML_PER_COUNT
    done = write_derived_pet(counts, activities, "BQML", recipe, tmp_path / "b")
    np.testing.assert_allclose(read_series(done.folder).volume, counts.volume, atol=0.6)
    for source, units in ((bqml, "CNTS"), (bqml, "kBq/ml"), (bqml, ""), (counts, "CPS")):
        with pytest.raises(RefusedSeries, match="say in which unit") as caught:
            write_derived_pet(source, source.volume, units, recipe, tmp_path / "c")
        assert caught.value.code == "units_unsupported"
    assert not (tmp_path / "c").exists()


def test_suv_without_weight_and_dose_is_refused_and_activity_is_written(
    pet: Pet, recipe: Recipe, tmp_path: Path
) -> None:
    source = read_series(pet(omit=("PatientWeight", "RadionuclideTotalDose")))
    with pytest.raises(RefusedSeries, match="PatientWeight"):
        write_derived_pet(source, source.volume, "GML", recipe, tmp_path / "suv")
    assert write_derived_pet(source, source.volume, "BQML", recipe, tmp_path / "bqml").clipped == 0


def test_negative_values_become_zero_and_are_counted(pet: Pet, recipe: Recipe, tmp_path: Path) -> None:
    source = read_series(pet())
    values = source.volume.copy()
    values[:2, 0, 3] = -5.0
    done = write_derived_pet(source, values, "BQML", recipe, tmp_path / "out")
    assert done.clipped == 2
    assert read_series(done.folder).volume[:2, 0, 3].tolist() == [0, 0]
    assert "2 voxels below 0 were set to 0" in pydicom.dcmread(done.files[0]).DerivationDescription


@pytest.mark.parametrize("peak", [1e6, 3e9, 1e-3, 1e-12])
def test_large_and_tiny_values_are_kept(peak: float, pet: Pet, recipe: Recipe, tmp_path: Path) -> None:
    source = read_series(pet())
    values = activity(peak=peak)
    done = write_derived_pet(source, values, "BQML", recipe, tmp_path / "out")
    np.testing.assert_allclose(read_series(done.folder).volume, values, atol=peak / 32767, rtol=0)

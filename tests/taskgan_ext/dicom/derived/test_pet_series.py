"""A derived PET series has the values that were given, the SUV and the places of its source."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_edits import activity, change_all, new_uid, recompress
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLSLossless, RLELossless

from preprocessing.pet.dicom_header import PHILIPS_BQML_PER_COUNT
from taskgan_ext.dicom.derived.loop_guard import is_derived_by_us
from taskgan_ext.dicom.derived.pet_series import write_derived_pet
from taskgan_ext.dicom.derived.recipe import Recipe
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.dicom.suv import suv_factor
from taskgan_ext.errors import ConfigError, DataError, RefusedSeries

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


def with_elements(folder: Path, **elements: object) -> Path:
    with pydicom.config.disable_value_validation():
        change_all(**elements)(sorted(folder.iterdir()))
    return folder


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


@pytest.mark.parametrize(
    ("charset", "name", "description"),
    [
        ("ISO_IR 100", "Müller^Jürgen", "Schädel, Größe, " * 5 + "."),
        ("ISO_IR 192", "Ångström=王^小東", "頭部検査" * 20),
        ("GB18030", "王^小东", "头部检查" * 20),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎", "頭部検査" * 16),
        ("ISO_IR 13", "ﾔﾏﾀﾞ^ﾀﾛｳ", "ﾃｽﾄ"),
        (["ISO 2022 IR 13", "ISO 2022 IR 87"], "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎", "ﾃｽﾄ"),
        (None, "DOE^JANE", "A" * 64),
    ],
    ids=str,
)
def test_texts_keep_their_characters_and_limits(
    charset: object, name: str, description: str, pet: Pet, derive: Derive
) -> None:
    folder = with_elements(pet(), SpecificCharacterSet=charset)
    with_elements(folder, PatientName=name, SeriesDescription=description[:64], ImageComments=description)
    source, _, images = derive(folder)
    for image in images:
        assert image.PatientName == source.headers[0].PatientName == name
        assert len(image.SeriesDescription) <= 64
        assert image.SeriesDescription.endswith(" [AI denoised, research only]")
        assert description.startswith(image.SeriesDescription.removesuffix(" [AI denoised, research only]"))
        assert description in image.ImageComments


def test_what_describes_the_stored_numbers_of_the_source_is_left_out(pet: Pet, derive: Derive) -> None:
    def spoil(image: Dataset) -> None:
        image.add_new("PixelPaddingValue", "SS", 0)
        image.add_new("SmallestImagePixelValue", "SS", 0)
        image.LossyImageCompressionRatio = "1"
        image.RealWorldValueMappingSequence = [Dataset()]
        image.PerformedProcedureStepID = image.RescaleType = "7"
        image.PatientPosition = "HFS"
        image.DerivationDescription = "MEAN"
        image.ReprojectionMethod = "MAX PIXEL"
        image.add_new((0x6000, 0x3000), "OW", b"\0\0")
        image.add_new((0x6000, 0x0010), "US", 1)
        image.private_block(0x0019, "ANOTHER", create=True).add_new(1, "LO", "DOE^JANE")
        item = image.RadiopharmaceuticalInformationSequence[0]
        item.private_block(0x0019, "ANOTHER", create=True).add_new(1, "LO", "DOE^JANE")
        image.ReferencedImageSequence = [Dataset()]
        image.ReferencedImageSequence[0].ReferencedSOPInstanceUID = "1.2.3.4"
        image.InstanceCreatorUID = "1.2.3.4"

    folder = pet(vendor="ge", private_scan_time=True)
    for path in folder.iterdir():
        image = pydicom.dcmread(path)
        spoil(image)
        image.save_as(path)
    source, done, images = derive(folder)
    kept = {int(element.tag) for element in images[0].iterall() if element.tag.is_private}
    assert kept == {0x00090010, 0x0009100D}
    known = {element.tag for element in source.headers[0]}
    own = "SourceImageSequence DerivationCodeSequence ContributingEquipmentSequence BurnedInAnnotation"
    new = {element.keyword for element in images[0] if element.tag not in known}
    assert new <= {*own.split(), "InstanceCreationDate", "InstanceCreationTime", "PixelData"}
    assert images[0].DerivationDescription.endswith("Source: MEAN")
    assert not [element for element in images[0] if 0x6000 <= element.tag.group < 0x6100]
    raw = b"".join(content(done.folder).values())
    assert b"DOE^JANE" not in raw
    assert b"1.2.3.4\0" not in raw
    for keyword in ("PixelPaddingValue", "PatientPosition", "RescaleType", "LossyImageCompressionRatio"):
        assert keyword not in images[0]
    assert "ReprojectionMethod" not in images[0]


def test_a_loss_of_the_source_stays_known(pet: Pet, derive: Derive) -> None:
    folder = with_elements(pet(), LossyImageCompression="01", LossyImageCompressionRatio="8")
    _, _, images = derive(folder)
    assert (images[0].LossyImageCompression, images[0].LossyImageCompressionRatio) == ("01", 8)


def test_optional_elements_that_are_missing_are_not_invented(pet: Pet, derive: Derive) -> None:
    gone = ("SeriesDescription", "SeriesNumber", "ImageType", "ImageComments", "SpecificCharacterSet")
    folder = with_elements(pet(), **dict.fromkeys(gone))
    _, _, images = derive(folder)
    assert images[0].SeriesDescription == "[AI denoised, research only]"
    assert images[0].ImageType == ["DERIVED", "PRIMARY"]
    assert "SeriesNumber" not in images[0]
    assert "SpecificCharacterSet" not in images[0]


def test_a_series_number_that_would_be_too_large_is_left_empty(pet: Pet, derive: Derive) -> None:
    _, _, images = derive(with_elements(pet(), SeriesNumber=2**31 - 10))
    assert images[0].SeriesNumber is None


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


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(bad: float, pet: Pet, recipe: Recipe, tmp_path: Path) -> None:
    source = read_series(pet())
    values = source.volume.copy()
    values[1, 2, 3] = bad
    with pytest.raises(RefusedSeries, match="got 1 that are not") as caught:
        write_derived_pet(source, values, "BQML", recipe, tmp_path / "out")
    assert caught.value.code == "nonfinite"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("wrong", [np.zeros((10, 9, 4)), np.zeros((9, 10, 5)), np.zeros((10, 9, 5), int)])
def test_values_of_another_shape_or_kind_are_refused(
    wrong: np.ndarray, pet: Pet, recipe: Recipe, tmp_path: Path
) -> None:
    with pytest.raises(RefusedSeries, match=r"floating-point values of shape \(10, 9, 5\)"):
        write_derived_pet(read_series(pet()), wrong, "BQML", recipe, tmp_path / "out")


def test_our_own_output_is_refused_as_input(pet: Pet, derive: Derive, recipe: Recipe, tmp_path: Path) -> None:
    source, done, images = derive(pet())
    assert not any(is_derived_by_us(header) for header in source.headers)
    own = read_series(done.folder)
    with pytest.raises(RefusedSeries, match="restore its source") as caught:
        write_derived_pet(own, own.volume, "BQML", recipe, tmp_path / "again")
    assert caught.value.code == "not_applicable"
    # One mark of the two is enough.
    del images[0].SeriesDescription, images[1].ContributingEquipmentSequence
    assert is_derived_by_us(images[0])
    assert is_derived_by_us(images[1])
    del images[0].ContributingEquipmentSequence
    assert not is_derived_by_us(images[0])


def test_a_series_is_whole_or_absent(
    pet: Pet, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = read_series(pet())
    save, calls = Dataset.save_as, []

    def fill_disk(image: Dataset, path: Path, **options: object) -> None:
        calls.append(path)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        save(image, path, **options)

    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(Dataset, "save_as", fill_disk)
    with pytest.raises(OSError, match="No space") as caught:
        write_derived_pet(source, source.volume, "BQML", recipe, tmp_path / "out")
    monkeypatch.undo()
    assert caught.value.filename == str(tmp_path / "out")
    assert sorted(tmp_path.iterdir()) == before
    write_derived_pet(source, source.volume, "BQML", recipe, tmp_path / "out")
    with pytest.raises(DataError, match="holds something; choose another"):
        write_derived_pet(source, source.volume, "BQML", recipe, tmp_path / "out")


def test_times_of_creation_are_in_the_zone_of_the_source(pet: Pet, recipe: Recipe, tmp_path: Path) -> None:
    noon = datetime(2001, 2, 3, 12, 0, tzinfo=UTC)
    for number, (zone, expected) in enumerate((("+0530", "173000"), ("-1300", "230000"), (None, "120000"))):
        source = read_series(with_elements(pet(name=f"pet{number}"), TimezoneOffsetFromUTC=zone))
        done = write_derived_pet(source, source.volume, "BQML", recipe, tmp_path / str(number), now=noon)
        image = pydicom.dcmread(done.files[0])
        assert image.ContentTime == f"{expected}.000000"
    east = noon.astimezone(timezone(timedelta(hours=9)))
    again = write_derived_pet(source, source.volume, "BQML", recipe, tmp_path / "east", now=east)
    assert pydicom.dcmread(again.files[0]).ContentTime == "210000.000000"


def test_nothing_of_a_patient_is_told_in_logs_and_names(
    pet: Pet, recipe: Recipe, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    planted = "PLANTED^NAME"
    folder = with_elements(pet(), PatientName=planted, PatientID=planted, SeriesDescription=planted)
    source = read_series(folder)
    with caplog.at_level(logging.DEBUG):
        done = write_derived_pet(source, source.volume, "BQML", recipe, tmp_path / "out", comment="flagged")
    assert planted not in caplog.text
    assert planted not in repr(done)
    assert [path.name for path in done.files] == [f"IM{number:05d}.dcm" for number in range(1, 6)]
    assert "; flagged; " in pydicom.dcmread(done.files[0]).ImageComments


@pytest.mark.parametrize(
    "change",
    [
        {"bundle": "a bundle"},
        {"bundle": "x" * 49},
        {"version": ""},
        {"weights_sha256": "ABC"},
        {"action": "restored\\twice"},
        {"action": "x" * 29},
        {"text": "größer"},
        {"text": "a\\b"},
        {"text": "line\n"},
    ],
    ids=str,
)
def test_a_recipe_that_does_not_fit_a_header_is_refused(change: dict[str, str], recipe: Recipe) -> None:
    with pytest.raises(ConfigError, match=f"expected {next(iter(change))} to be"):
        replace(recipe, **change)

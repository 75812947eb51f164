"""Headers of a derived PET series: its texts, what is left out, and what is not invented."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pydicom
import pytest
from dicom_edits import change_all
from pydicom import Dataset

from taskgan_ext.dicom.derived.pet_series import write_derived_pet
from taskgan_ext.dicom.derived.recipe import Recipe
from taskgan_ext.dicom.read_series import read_series

Pet = Callable[..., Path]
Derive = Callable[..., tuple]


def with_elements(folder: Path, **elements: object) -> Path:
    with pydicom.config.disable_value_validation():
        change_all(**elements)(sorted(folder.iterdir()))
    return folder


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
    raw = b"".join(path.read_bytes() for path in done.files)
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

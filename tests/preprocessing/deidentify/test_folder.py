"""A folder comes out whole, valid, related as it was and with its SUV; or it is refused whole."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import ImplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from preprocessing.deidentify.folder import REPORT_FILE, deidentify_folder
from preprocessing.pet.dicom_variant import PetVariant
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.dicom.suv import suv_factor
from taskgan_ext.errors import ConfigError, DataError, RefusedSeries

Write = Callable[..., Path]
VARIANTS = {
    "Siemens": PetVariant(),
    "GE, private scan time, dated again": PetVariant(vendor="ge", private_scan_time=True, redated=4000.0),
    "Siemens, dated again": PetVariant(redated=9000.0),
    "Philips, counts": PetVariant(vendor="philips", units="CNTS", philips_suv_factor="suv"),
    "Philips, counts, activity": PetVariant(vendor="philips", units="CNTS", philips_suv_factor="activity"),
    "Philips, both factors": PetVariant(vendor="philips", philips_suv_factor="both"),
    "corrected to the injection": PetVariant(decay_correction="ADMIN"),
    "SUV": PetVariant(units="GML"),
    "whole body": PetVariant(series_type="WHOLE BODY", empty_first_slice=True),
    "no SeriesDate": PetVariant(omit=("SeriesDate",)),
}


def images(folder: Path) -> list[Dataset]:
    return [dcmread(path) for path in sorted(folder.rglob("*.dcm"))]


@pytest.mark.parametrize("dated", [True, False], ids=["StartDateTime", "no StartDateTime"])
@pytest.mark.parametrize("name", VARIANTS)
def test_suv_is_what_it_was(name: str, dated: bool, pet_folder: Write, key: bytes, tmp_path: Path) -> None:
    omit = () if dated else ("RadiopharmaceuticalStartDateTime",)
    source = pet_folder(VARIANTS[name].without(*omit))
    done = deidentify_folder(source, tmp_path / "out", key, show_progress=False)
    before = read_series(source, modality="PT")
    after = read_series(tmp_path / "out" / done.series[0]["folder"], modality="PT")
    assert np.array_equal(before.volume, after.volume)
    assert np.array_equal(before.affine, after.affine)
    expected = suv_factor(before.headers).factor
    assert suv_factor(after.headers).factor == expected
    assert done.series[0]["suv_before"]["factor"] == done.series[0]["suv_after"]["factor"] == expected


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (package dicom3tools) is missing")
@pytest.mark.parametrize("name", VARIANTS)
def test_files_have_no_error_that_their_source_has_not(
    name: str, pet_folder: Write, key: bytes, tmp_path: Path
) -> None:
    source = pet_folder(VARIANTS[name])
    deidentify_folder(source, tmp_path / "out", key, show_progress=False)
    known = {line for path in source.iterdir() for line in errors_of(path)}
    assert {line for path in (tmp_path / "out").rglob("*.dcm") for line in errors_of(path)} <= known


def errors_of(path: Path) -> list[str]:
    found = subprocess.run(["dciodvfy", "-new", path], capture_output=True, text=True, check=False)
    return [line for line in found.stderr.splitlines() if line.startswith("Error")]


def test_series_frame_and_sources_are_related_as_before(
    pet_folder: Write, key: bytes, tmp_path: Path
) -> None:
    def refer(image: Dataset) -> None:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
        image.SourceImageSequence = [item]

    source = pet_folder(change=refer)
    second = tmp_path / "source" / "second"
    second.mkdir()
    for path in [path for path in source.iterdir() if path.is_file()]:
        image = dcmread(path)
        image.SeriesInstanceUID = generate_uid(entropy_srcs=["second"])
        image.SOPInstanceUID = generate_uid(entropy_srcs=["second", image.SOPInstanceUID])
        image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
        image.save_as(second / path.name, enforce_file_format=True)
    done = deidentify_folder(source, tmp_path / "out", key, show_progress=False)
    assert [entry["images"] for entry in done.series] == [3, 3]
    found = images(tmp_path / "out")
    assert len({image.SeriesInstanceUID for image in found}) == 2
    assert len({image.FrameOfReferenceUID for image in found}) == 1
    assert len({image.StudyInstanceUID for image in found}) == 1
    own = {image.SOPInstanceUID for image in found}
    assert len(own) == 6
    referred = {image.SourceImageSequence[0].ReferencedSOPInstanceUID for image in found}
    assert len(referred) == 3
    assert referred < own
    for image in found:
        assert image.file_meta.MediaStorageSOPInstanceUID == image.SOPInstanceUID
        assert image.SourceImageSequence[0].ReferencedSOPClassUID == image.SOPClassUID


def test_the_same_key_gives_the_same_bytes_and_another_key_other_names_and_dates(
    pet_folder: Write, key: bytes, tmp_path: Path
) -> None:
    source = pet_folder()
    contents = {}
    for name, secret in (("a", key), ("b", key), ("c", bytes(range(32)))):
        deidentify_folder(source, tmp_path / name, secret, show_progress=False)
        contents[name] = {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
    assert contents["a"] == contents["b"]
    assert set(contents["a"]) & set(contents["c"]) == {Path(REPORT_FILE)}
    first, other = images(tmp_path / "a")[0], images(tmp_path / "c")[0]
    for keyword in ("PatientID", "StudyInstanceUID", "FrameOfReferenceUID", "StudyDate"):
        assert first[keyword].value != other[keyword].value
    assert all(key not in content for content in contents["a"].values())


def test_a_link_to_an_empty_folder_is_filled(pet_folder: Write, key: bytes, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    deidentify_folder(pet_folder(), tmp_path / "link", key, show_progress=False)
    assert (tmp_path / "link").is_symlink()
    assert len(images(tmp_path / "real")) == 3


def test_units_that_nobody_knows_are_no_reason_to_refuse(
    pet_folder: Write, key: bytes, tmp_path: Path
) -> None:
    def change(image: Dataset) -> None:
        image.Units = "KBQML"

    done = deidentify_folder(pet_folder(change=change), tmp_path / "out", key, show_progress=False)
    assert done.series[0]["suv_before"] == {"refused": "units_unsupported"}
    assert "refused" in done.series[0]["suv_after"]


def test_what_says_who_it_was_is_gone_and_what_was_done_is_told(
    pet_folder: Write, key: bytes, tmp_path: Path
) -> None:
    def describe(image: Dataset) -> None:
        image.PatientName, image.PatientID, image.PatientBirthDate = "Doe^Jane", "MRN-0042", "19080517"
        image.PatientAge, image.InstitutionName = "097Y", "General Hospital"
        image.preamble = b"Doe^Jane".ljust(128, b"\0")
        image.add_new((0x6000, 0x0010), "US", 8)
        image.add_new((0x6000, 0x3000), "OW", b"Doe^Jane")

    done = deidentify_folder(pet_folder(change=describe), tmp_path / "out", key, show_progress=False)
    for path in (tmp_path / "out").rglob("*.dcm"):
        assert path.read_bytes()[:128] == bytes(128)
        image = dcmread(path)
        assert image.PatientName == image.PatientID == done.subjects[0]
        assert (image.PatientAge, image.PatientBirthDate, image.PatientIdentityRemoved) == ("090Y", "", "YES")
        assert image.LongitudinalTemporalInformationModified == "MODIFIED"
        assert {item.CodeValue for item in image.DeidentificationMethodCodeSequence} >= {"113100", "113107"}
        assert (0x6000, 0x3000) not in image
        assert "InstitutionName" not in image
    report = json.loads((tmp_path / "out" / REPORT_FILE).read_text(encoding="utf-8"))
    assert report["elements"]["InstitutionName"] == {"removed": 3}
    assert report["elements"]["StudyDate"] == {"shifted": 3}
    assert report["elements"]["PatientBirthDate"] == {"emptied": 3}


def test_a_subject_can_be_named_if_it_is_one(pet_folder: Write, key: bytes, tmp_path: Path) -> None:
    source = pet_folder()
    deidentify_folder(source, tmp_path / "out", key, "sub-07", show_progress=False)
    assert {str(image.PatientID) for image in images(tmp_path / "out")} == {"sub-07"}
    for number, path in enumerate(sorted(source.iterdir())):
        image = dcmread(path)
        image.PatientID, image.SeriesInstanceUID = f"patient {number}", generate_uid()
        image.save_as(path, enforce_file_format=True)
    with pytest.raises(ConfigError, match="--subject"):
        deidentify_folder(source, tmp_path / "other", key, "sub-07", show_progress=False)
    done = deidentify_folder(source, tmp_path / "other", key, show_progress=False)
    assert len(done.subjects) == 3


REFUSED: dict[str, tuple[Callable[[Dataset], object], str]] = {
    "burnt-in text": (lambda image: setattr(image, "BurnedInAnnotation", "YES"), "burned_in"),
    "copy of a screen": (lambda image: setattr(image, "ImageType", ["DERIVED", "SCREEN SAVE"]), "burned_in"),
    "overlay in the pixels": (lambda image: image.add_new((0x6000, 0x0010), "US", 8), "burned_in"),
    "other modality": (lambda image: setattr(image, "Modality", "CT"), "modality_mismatch"),
    "no number": (lambda image: setattr(image, "PixelSpacing", ["12345678", "2"]), "number_invalid"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_one_image_that_is_refused_stops_all(
    name: str, pet_folder: Write, key: bytes, tmp_path: Path
) -> None:
    spoil, code = REFUSED[name]
    source = pet_folder()
    path = sorted(source.iterdir())[1]
    image = dcmread(path)
    spoil(image)
    image.save_as(path, enforce_file_format=True)
    with pytest.raises(RefusedSeries) as refused:
        deidentify_folder(source, tmp_path / "out", key, show_progress=False)
    assert refused.value.code == code
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keys", "source"]


@pytest.mark.parametrize("content", [b"Jane Doe", b"1e400 ", b"2\\3 "])
def test_a_private_factor_that_is_no_number_goes_and_with_it_what_suv_was_refused_for(
    content: bytes, pet_folder: Write, key: bytes, tmp_path: Path
) -> None:
    source = pet_folder(PetVariant(vendor="philips", units="CNTS", philips_suv_factor="both"))
    for path in source.iterdir():
        # Without a type in the file, the parser takes that of its dictionary, and fails on the value.
        image = dcmread(path)
        del image[0x7053, 0x1000]
        image.add_new((0x7053, 0x1000), "UN", content)
        image.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
        image.save_as(path, enforce_file_format=True, implicit_vr=True, little_endian=True)
    with pytest.raises(RefusedSeries, match=r"none \(suv_tag_missing\) before") as refused:
        deidentify_folder(source, tmp_path / "out", key, show_progress=False)
    assert refused.value.code == "output_gate"


def test_all_refused_files_are_named_with_their_codes(pet_folder: Write, key: bytes, tmp_path: Path) -> None:
    source = pet_folder()
    first, second, _ = sorted(source.iterdir())
    image = dcmread(first)
    image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    image.save_as(first, enforce_file_format=True)
    second.write_text("a note about Jane Doe")
    with pytest.raises(RefusedSeries) as refused:
        deidentify_folder(source, tmp_path / "out", key, show_progress=False)
    message = str(refused.value)
    assert "2 of 3 files" in message
    assert "[sop_class]" in message
    assert "[not_dicom]" in message
    assert "Jane" not in message


def test_output_is_neither_mixed_with_other_files_nor_put_into_the_source(
    pet_folder: Write, key: bytes, tmp_path: Path
) -> None:
    source = pet_folder()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "note").write_text("")
    with pytest.raises(DataError, match="empty"):
        deidentify_folder(source, tmp_path / "out", key, show_progress=False)
    with pytest.raises(ConfigError, match="outside"):
        deidentify_folder(source, source / "out", key, show_progress=False)
    with pytest.raises(RefusedSeries, match="no file"):
        deidentify_folder(tmp_path / "missing", tmp_path / "new", key, show_progress=False)


def test_a_series_whose_suv_would_change_is_refused(pet_folder: Write, key: bytes, tmp_path: Path) -> None:
    # A time to the hour is no time for SUV, but its day before year 367 cannot be moved back.
    def age(image: Dataset) -> None:
        for keyword in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"):
            setattr(image, keyword, "00010601")
        tracer = image.RadiopharmaceuticalInformationSequence[0]
        tracer.RadiopharmaceuticalStartDateTime = "00010601103000"

    with pytest.raises(RefusedSeries, match="SUV factor") as refused:
        deidentify_folder(pet_folder(change=age), tmp_path / "out", key, show_progress=False)
    assert refused.value.code == "output_gate"
    assert not (tmp_path / "out").exists()

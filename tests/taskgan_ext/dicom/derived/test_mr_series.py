"""A synthesised contrast is an MR series at the place of its scan; its nominal protocol is called so."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_edits import activity, change, change_all, rotation
from highdicom.legacy import LegacyConvertedEnhancedMRImage
from pydicom.uid import EnhancedMRImageStorage, MRImageStorage

from preprocessing.mr.dicom_export import write_mdme_dicom
from preprocessing.mr.dicom_variant import DicomVariant
from taskgan_ext.dicom.derived.contrast import SynthesisedContrast
from taskgan_ext.dicom.derived.mr_series import write_derived_mr
from taskgan_ext.dicom.derived.recipe import Recipe
from taskgan_ext.dicom.derived.source_slices import read_source_slices, slices_of
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.errors import ConfigError, RefusedSeries
from taskgan_ext.mr.protocol import CONTRASTS, load_protocols
from taskgan_ext.mr.reader.conventional import read_contrast
from taskgan_ext.mr.sequence import MDMESequence

SEQUENCE = MDMESequence()
RECIPE = Recipe("mr_contrast_synthesis", "0.1.0", 64 * "7", "synthesised T2FLAIR")
T2FLAIR = SynthesisedContrast("T2FLAIR", 9.0, 0.12, 2.47, number=3)
OBLIQUE = np.eye(4)
OBLIQUE[:3, :3] = rotation(0.3, -0.5) @ np.diag([-2.0, -2.5, 3.0])
VALUES = activity((10, 9, 3), peak=1.7)


@pytest.fixture
def scan(tmp_path: Path) -> Callable[..., Path]:
    """Function ``scan(vendor, **variant)`` that writes an MDME scan and gives its folder."""

    def write(vendor: str = "ge", name: str = "mdme", **variant: object) -> Path:
        noise = np.random.default_rng(6).normal(size=(2, 10, 9, 3, 4, 2)).astype(np.float32)
        signal = (noise[0] + 1j * noise[1]).astype(np.complex64)
        folder = tmp_path / name
        write_mdme_dicom(signal, OBLIQUE, SEQUENCE, folder, vendor=vendor, variant=DicomVariant(**variant))
        return folder

    return write


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("series", ["one", "many"])
@pytest.mark.parametrize("vendor", ["ge", "philips", "siemens"])
def test_a_contrast_of_an_mdme_scan_lies_where_the_scan_lies(
    vendor: str, series: str, scan: Callable[..., Path], tmp_path: Path, now: datetime
) -> None:
    folder = scan(vendor, series=series)
    source = read_source_slices(folder)
    done = write_derived_mr(source, VALUES, T2FLAIR, RECIPE, tmp_path / "out", now=now)
    back = read_series(done.folder, modality="MR")
    np.testing.assert_allclose(back.affine, source.affine, atol=1e-9)
    values = back.volume * np.array(done.value_per_number)
    np.testing.assert_allclose(values, VALUES, atol=0.51 * done.value_per_number[0], rtol=0)
    images = {image.SOPInstanceUID: image for image in map(pydicom.dcmread, folder.iterdir())}
    named = []
    for number, path in enumerate(done.files, start=1):
        image = pydicom.dcmread(path)
        sources = [images[item.ReferencedSOPInstanceUID] for item in image.SourceImageSequence]
        named += sources
        assert len(sources) == len(images) / 3
        for other in sources:
            for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
                assert image[keyword].value == other[keyword].value
        assert (image.SOPClassUID, image.InstanceNumber) == (MRImageStorage, number)
        assert image.SeriesNumber == 1103
    assert len({image.SOPInstanceUID for image in named}) == len(named) == len(images)


def test_the_protocol_is_nominal_and_the_header_says_so(scan: Callable[..., Path], tmp_path: Path) -> None:
    done = write_derived_mr(read_source_slices(scan("siemens")), VALUES, T2FLAIR, RECIPE, tmp_path / "out")
    image = pydicom.dcmread(done.files[0])
    assert (image.RepetitionTime, image.EchoTime, image.InversionTime) == (9000, 120, 2470)
    assert image.ScanningSequence == ["SE", "IR"]
    assert image.ImageType == ["DERIVED", "PRIMARY", "OTHER"]
    assert image.SeriesDescription == "Ax MAGiC SIMULATED [AI synthesised T2FLAIR, research only]"
    assert "T2FLAIR was not acquired: sequence and times are nominal." in image.DerivationDescription
    gone = "RescaleSlope RescaleIntercept RescaleType SequenceName EchoNumbers FlipAngle TriggerTime"
    assert [keyword for keyword in gone.split() if keyword in image] == []
    assert not [element for element in image.iterall() if element.tag.is_private]
    assert int(image.pixel_array.max()) <= 65535
    found = read_contrast(done.folder)  # as any other series of its contrast
    assert (found.times.repetition_time, found.times.inversion_time) == (9.0, 2.47)


def test_a_contrast_without_inversion_has_no_inversion_time(
    scan: Callable[..., Path], tmp_path: Path
) -> None:
    contrast = SynthesisedContrast("T2w", 5.0, 0.1)
    done = write_derived_mr(read_source_slices(scan()), VALUES, contrast, RECIPE, tmp_path / "out")
    image = pydicom.dcmread(done.files[0])
    assert "InversionTime" not in image
    assert image.ScanningSequence == "SE"
    assert image.SeriesNumber == 1100


def test_every_protocol_of_the_package_makes_a_series_of_its_own(
    scan: Callable[..., Path], tmp_path: Path, now: datetime
) -> None:
    source = read_source_slices(scan())
    uids, numbers = set(), set()
    for name, protocol in load_protocols().items():
        contrast = SynthesisedContrast(name, **protocol.to_dict(), number=CONTRASTS.index(name))
        recipe = replace(RECIPE, action=f"synthesised {name}")
        done = write_derived_mr(source, VALUES, contrast, recipe, tmp_path / name, now=now)
        uids.add(done.series_uid)
        numbers.add(pydicom.dcmread(done.files[0]).SeriesNumber)
    assert len(uids) == 6
    assert numbers == set(range(1100, 1106))
    again = write_derived_mr(source, VALUES, contrast, recipe, tmp_path / "again", now=now)
    assert content(again.folder) == content(tmp_path / name)
    other_times = replace(contrast, echo_time=0.021)
    other = write_derived_mr(source, VALUES, other_times, recipe, tmp_path / "other", now=now)
    assert other.series_uid not in uids


def test_frames_of_an_enhanced_object_give_classic_images(mr: Path, tmp_path: Path, now: datetime) -> None:
    images = [pydicom.dcmread(path) for path in sorted(mr.iterdir())]
    for number in range(5):  # a second echo
        twin = deepcopy(images[number])
        twin.SOPInstanceUID = twin.file_meta.MediaStorageSOPInstanceUID = f"1.2.{number + 7}"
        twin.EchoTime, twin.InstanceNumber = 80, number + 6
        images.append(twin)
    enhanced = LegacyConvertedEnhancedMRImage(images, "1.2.3", 4, "1.2.3.4", 1)
    enhanced.SOPClassUID = enhanced.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    (tmp_path / "enhanced").mkdir()
    enhanced.save_as(tmp_path / "enhanced" / "image.dcm")
    source = read_source_slices(tmp_path / "enhanced")
    done = write_derived_mr(source, activity(), T2FLAIR, RECIPE, tmp_path / "out", now=now)
    written = [pydicom.dcmread(path) for path in done.files]
    assert len({image.SOPInstanceUID for image in written}) == 5
    places = [frame.PlanePositionSequence[0] for frame in enhanced.PerFrameFunctionalGroupsSequence]
    for image in written:
        assert image.SOPClassUID == MRImageStorage
        (item,) = image.SourceImageSequence
        assert item.ReferencedSOPInstanceUID == "1.2.3.4"
        assert len(item.ReferencedFrameNumber) == 2
        for number in item.ReferencedFrameNumber:
            assert places[int(number) - 1].ImagePositionPatient == image.ImagePositionPatient
    np.testing.assert_allclose(read_series(done.folder).affine, read_series(mr).affine)
    elements = {element.keyword for image in written for element in image}
    assert not elements & {"NumberOfFrames", "PerFrameFunctionalGroupsSequence", "VolumetricProperties"}


def test_an_empty_volume_is_written(scan: Callable[..., Path], tmp_path: Path) -> None:
    done = write_derived_mr(read_source_slices(scan()), 0 * VALUES, T2FLAIR, RECIPE, tmp_path / "out")
    assert not read_series(done.folder).volume.any()


def test_negative_values_become_zero_and_are_counted(scan: Callable[..., Path], tmp_path: Path) -> None:
    done = write_derived_mr(read_source_slices(scan()), VALUES - 0.5, T2FLAIR, RECIPE, tmp_path / "out")
    assert done.clipped == (VALUES < 0.5).sum()
    assert f"{done.clipped} voxels below 0" in pydicom.dcmread(done.files[0]).DerivationDescription


def test_a_scan_with_a_missing_image_is_refused(scan: Callable[..., Path]) -> None:
    folder = scan()
    next(folder.iterdir()).unlink()
    with pytest.raises(RefusedSeries, match="as many images of every slice, found 15 to 16") as caught:
        read_source_slices(folder)
    assert caught.value.code == "incomplete"


def test_scans_of_two_patients_and_pet_are_refused(
    scan: Callable[..., Path], pet: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(RefusedSeries, match="Modality MR"):
        read_source_slices(pet())
    with pytest.raises(RefusedSeries, match="Modality MR"):
        write_derived_mr(slices_of(read_series(pet(name="b"))), activity(), T2FLAIR, RECIPE, tmp_path / "out")
    folder = scan()
    change(0, PatientID="DOE")(sorted(folder.iterdir()))
    with pytest.raises(RefusedSeries, match="expected one PatientID") as caught:
        read_source_slices(folder)
    assert "DOE" not in str(caught.value)


def test_our_own_output_is_refused_as_input(scan: Callable[..., Path], tmp_path: Path) -> None:
    folder = scan()
    done = write_derived_mr(read_source_slices(folder), VALUES, T2FLAIR, RECIPE, tmp_path / "out")
    with pytest.raises(RefusedSeries, match="restore its source"):
        write_derived_mr(read_source_slices(done.folder), VALUES, T2FLAIR, RECIPE, tmp_path / "again")
    change_all(SeriesDescription="x [AI denoised, research only]")(sorted(folder.iterdir()))
    with pytest.raises(RefusedSeries, match="restore its source"):
        write_derived_mr(read_source_slices(folder), VALUES, T2FLAIR, RECIPE, tmp_path / "again")


@pytest.mark.parametrize(
    "change",
    [{"name": "T2 w"}, {"name": ""}, {"echo_time": 10.0}, {"inversion_time": -1.0}, {"number": 100}],
    ids=str,
)
def test_an_impossible_contrast_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="expected"):
        replace(T2FLAIR, **change)

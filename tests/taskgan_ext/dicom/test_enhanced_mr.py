"""An Enhanced MR object is read frame by frame, where highdicom puts its volume."""

from collections.abc import Callable
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from highdicom.legacy import LegacyConvertedEnhancedMRImage
from pydicom.uid import EnhancedMRImageStorage, RLELossless

from taskgan_ext.dicom.geometry import lps_to_ras
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.errors import RefusedSeries
from taskgan_ext.mr.reader.conventional import read_contrast

Edit = Callable[[pydicom.Dataset], object]


@pytest.fixture
def enhanced(mr: Path, tmp_path: Path) -> pydicom.Dataset:
    """The MR series as the frames of one object, in disorder."""
    images = [pydicom.dcmread(path) for path in sorted(mr.iterdir())]
    mixed = [images[number] for number in (3, 0, 4, 1, 2)]
    image = LegacyConvertedEnhancedMRImage(mixed, "1.2.3", 4, "1.2.3.4", 1)
    image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    path = tmp_path / "enhanced" / "image.dcm"
    path.parent.mkdir()
    image.save_as(path)
    return pydicom.dcmread(path)


def save(image: pydicom.Dataset) -> Path:
    path = Path(image.filename)
    image.save_as(path)
    return path.parent


def frame_of(image: pydicom.Dataset, number: int, macro: str) -> pydicom.Dataset:
    return image.PerFrameFunctionalGroupsSequence[number][macro].value[0]


def test_its_volume_is_that_of_the_classic_images(enhanced: pydicom.Dataset, mr: Path) -> None:
    series, classic = read_series(save(enhanced), modality="MR"), read_series(mr)
    np.testing.assert_array_equal(series.volume, classic.volume)
    np.testing.assert_allclose(series.affine, classic.affine, atol=1e-9)
    for header, other in zip(series.headers, classic.headers, strict=True):
        assert header.ImagePositionPatient == other.ImagePositionPatient
        assert header.RescaleSlope == other.RescaleSlope
        assert header.SOPInstanceUID == "1.2.3.4"
    assert sorted(header.InstanceNumber for header in series.headers) == [1, 2, 3, 4, 5]


def test_its_volume_is_that_of_highdicom(enhanced: pydicom.Dataset) -> None:
    series = read_series(save(enhanced))
    volume = highdicom.image.Image.from_dataset(enhanced).get_volume(dtype=np.float64)
    for index in [(0, 0, 0), (9, 8, 4), (3, 5, 1), (7, 2, 3)]:
        there = np.linalg.inv(lps_to_ras(volume.affine)) @ series.affine @ [*index, 1]
        assert series.volume[index] == np.float32(volume.array[tuple(np.rint(there[:3]).astype(int))])


def test_its_compressed_frames_are_read(enhanced: pydicom.Dataset) -> None:
    plain = read_series(save(enhanced))
    enhanced.compress(RLELossless, generate_instance_uid=False)
    np.testing.assert_array_equal(read_series(save(enhanced)).volume, plain.volume)


def test_the_times_of_its_frames_are_those_of_a_scan(enhanced: pydicom.Dataset) -> None:
    timing, echo = pydicom.Dataset(), pydicom.Dataset()
    timing.RepetitionTime, echo.EffectiveEchoTime = "700", 11.0
    shared = enhanced.SharedFunctionalGroupsSequence[0]
    del shared.UnassignedSharedConvertedAttributesSequence
    shared.MRTimingAndRelatedParametersSequence, shared.MREchoSequence = [timing], [echo]
    image = read_contrast(save(enhanced))
    assert (image.times.repetition_time, image.times.echo_time) == (0.7, 0.011)


def repeat_position(image: pydicom.Dataset) -> None:
    first, second = (frame_of(image, number, "PlanePositionSequence") for number in (0, 1))
    second.ImagePositionPatient = first.ImagePositionPatient


def lose_position(image: pydicom.Dataset) -> None:
    del image.PerFrameFunctionalGroupsSequence[2].PlanePositionSequence


def spoil_slope(image: pydicom.Dataset) -> None:
    frame_of(image, 2, "PixelValueTransformationSequence").RescaleSlope = "0"


def lose_groups(image: pydicom.Dataset) -> None:
    del image.PerFrameFunctionalGroupsSequence


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (repeat_position, "slice_duplicate"),
        (lose_position, "geometry_missing"),
        (spoil_slope, "slope_invalid"),
        (lose_groups, "multiframe"),
        (lambda image: setattr(image, "NumberOfFrames", 4), "multiframe"),
        (lambda image: setattr(image, "NumberOfFrames", 999999), "multiframe"),
        (lambda image: image.PerFrameFunctionalGroupsSequence.pop(), "multiframe"),
        (lambda image: setattr(image, "PixelData", image.PixelData[:-180]), "pixel_format"),
        (lambda image: setattr(image, "Rows", 65535), "too_large"),
        (lambda image: delattr(image, "FrameOfReferenceUID"), "geometry_missing"),
    ],
)
def test_a_faulty_object_is_refused(edit: Edit, code: str, enhanced: pydicom.Dataset) -> None:
    edit(enhanced)
    with pytest.raises(RefusedSeries) as caught:
        read_series(save(enhanced))
    assert caught.value.code == code

"""Every fault of a series is refused with its code, in one message that names the place and no patient."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_edits import (
    Edit,
    activity,
    both,
    change,
    change_all,
    copy,
    move,
    new_uid,
    recompress,
    remove,
    rotation,
    shear,
)
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    EnhancedPETImageStorage,
    ExplicitVRBigEndian,
    JPEG2000,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    JPEGLSNearLossless,
    LegacyConvertedEnhancedPETImageStorage,
    RLELossless,
    SecondaryCaptureImageStorage,
)

from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.errors import SERIES_CODES, RefusedSeries

Pet = Callable[..., Path]
TILTED = list(rotation(0.2, 0.0)[:, :2].T.ravel())
ALL = {"NumberOfSlices": 4}
"""The announced number after one slice is gone, so that the gap is seen and not the number."""


def set_meta(number: int, **elements: object) -> Edit:
    """Change the file meta information of one file."""

    def apply(files: list[Path]) -> None:
        image = pydicom.dcmread(files[number])
        for keyword, value in elements.items():
            setattr(image.file_meta, keyword, value)
        image.save_as(files[number])

    return apply


def declare(syntax: str) -> Edit:
    """Say that the pixels are in another transfer syntax than they are."""

    def apply(files: list[Path]) -> None:
        content, plain = files[0].read_bytes(), b"1.2.840.10008.1.2.1\0"
        new = syntax.encode() + b"\0" * (len(syntax) % 2)
        difference = len(new) - len(plain)
        length = int.from_bytes(content[140:144], "little") + difference
        content = content[:140] + length.to_bytes(4, "little") + content[144:]
        at = content.index(plain)
        size = len(new).to_bytes(2, "little")
        files[0].write_bytes(content[: at - 2] + size + new + content[at + len(plain) :])

    return apply


def cut(number_of_bytes: int) -> Edit:
    return lambda files: files[0].write_bytes(files[0].read_bytes()[:-number_of_bytes])


def overwrite(content: bytes) -> Edit:
    return lambda files: files[0].write_bytes(content)


def compress_one(files: list[Path]) -> None:
    """JPEG-LS, cut in its middle."""
    recompress(JPEGLSLossless)(files[:1])
    image = pydicom.dcmread(files[0])
    frame = next(pydicom.encaps.generate_frames(image.PixelData, number_of_frames=1))
    image.PixelData = pydicom.encaps.encapsulate([frame[: len(frame) // 4 * 2]])
    image.save_as(files[0])


def pixels(number: int, value: bytes) -> Edit:
    """Replace the pixels; the writer must not mind."""
    return change(number, PixelData=value)


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
        both(change(1, ImageOrientationPatient=[1, 0, 0, 0, 0, -1]), change(2, ImageOrientationPatient=TILTED)),
        "orientation_mixed",
    ),
    "other voxels in one slice": (change(2, PixelSpacing=["2.0", "2.2"]), "spacing_uneven"),
    "another matrix in one slice": (
        both(change(2, Rows=8), pixels(2, bytes(2 * 8 * 10))),
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
    "an orientation of long vectors": (change_all(ImageOrientationPatient=[2, 0, 0, 0, 2, 0]), "number_invalid"),
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
        both(change(1, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11"), set_meta(1)),
        "sop_class",
    ),
}
IMAGE: dict[str, tuple[Edit, str]] = {
    "a slope that is no number": (change(1, RescaleSlope="NaN"), "slope_invalid"),
    "an infinite slope": (change(1, RescaleSlope="Inf"), "slope_invalid"),
    "a slope beyond numbers": (change(1, RescaleSlope="1e400"), "slope_invalid"),
    "a slope of 0": (change(1, RescaleSlope="0"), "slope_invalid"),
    "a negative slope": (change(1, RescaleSlope="-1"), "slope_invalid"),
    "an empty slope": (change(1, RescaleSlope=""), "slope_invalid"),
    "no slope": (change(1, RescaleSlope=None), "slope_invalid"),
    "two slopes": (change(1, RescaleSlope=["1", "2"]), "slope_invalid"),
    "an infinite intercept": (change(1, RescaleIntercept="1e999"), "number_invalid"),
    "values beyond single precision": (change(1, RescaleSlope="1e38"), "nonfinite"),
    "another modality": (change(1, Modality="MR"), "modality_mismatch"),
    "a secondary capture": (change(1, SOPClassUID=SecondaryCaptureImageStorage), "sop_class"),
    "an enhanced image": (change(1, SOPClassUID=EnhancedPETImageStorage), "sop_class"),
    "a converted image": (change(1, SOPClassUID=LegacyConvertedEnhancedPETImageStorage), "sop_class"),
    "no kind": (change(1, SOPClassUID=""), "sop_class"),
    "another kind in the meta information": (
        set_meta(1, MediaStorageSOPClassUID=SecondaryCaptureImageStorage),
        "meta_mismatch",
    ),
    "another UID in the meta information": (set_meta(1, MediaStorageSOPInstanceUID="1.2.3"), "meta_mismatch"),
    "a UID of 65 characters": (change(1, StudyInstanceUID="1." + "2" * 63), "uid_invalid"),
    "a UID that is a path": (change_all(SeriesInstanceUID="../../x"), "uid_invalid"),
    "a UID of dots": (change(1, FrameOfReferenceUID="1..2"), "uid_invalid"),
    "a UID with a leading zero": (change(1, StudyInstanceUID="1.02"), "uid_invalid"),
    "no UID": (both(change(1, SOPInstanceUID=""), set_meta(1, MediaStorageSOPInstanceUID="")), "uid_invalid"),
    "several frames": (change(1, NumberOfFrames=2), "multiframe"),
    "no frame": (change(1, NumberOfFrames=0), "multiframe"),
    "a million frames": (change(1, NumberOfFrames=999999), "multiframe"),
    "a mosaic": (change(1, ImageType=["ORIGINAL", "PRIMARY", "MOSAIC"]), "mosaic"),
    "text in the pixels": (change(1, BurnedInAnnotation="YES"), "burned_in"),
    "colours": (change(1, SamplesPerPixel=3), "pixel_format"),
    "inverted grey": (change(1, PhotometricInterpretation="MONOCHROME1"), "pixel_format"),
    "32 bits": (change(1, BitsAllocated=32), "pixel_format"),
    "17 bits": (change(1, BitsStored=17), "pixel_format"),
    "7 bits": (change(1, BitsStored=7, HighBit=6), "pixel_format"),
    "bits in another place": (change(1, BitsStored=12, HighBit=15), "pixel_format"),
    "fewer bits than the numbers have": (change(4, BitsStored=9, HighBit=8), "pixel_format"),
    "a sign of 2": (change(1, PixelRepresentation=2), "pixel_format"),
    "a look-up table": (change(1, ModalityLUTSequence=[pydicom.Dataset()]), "pixel_format"),
    "tiny": (change(1, Rows=4), "pixel_format"),
    "huge": (change(1, Rows=65535), "too_large"),
    "no rows": (change(1, Rows=None), "pixel_format"),
    "half the pixels": (pixels(1, bytes(90)), "pixel_format"),
    "twice the pixels": (pixels(1, bytes(360)), "pixel_format"),
    "no pixels": (change(1, PixelData=None), "pixel_format"),
    "an age that is no number": (change(1, ActualFrameDuration="abc"), "parse_error"),
}
FILE: dict[str, tuple[Edit, str]] = {
    "another file of that name": (overwrite(b"none"), "not_dicom"),
    "an empty file": (overwrite(b""), "not_dicom"),
    "a file cut off in its pixels": (cut(10), "truncated"),
    "a file cut off in its header": (cut(600), "parse_error"),
    "only a marker": (overwrite(bytes(128) + b"DICM"), "parse_error"),
    "deflated": (declare(DeflatedExplicitVRLittleEndian), "transfer_syntax"),
    "big endian": (declare(ExplicitVRBigEndian), "transfer_syntax"),
    "lossy JPEG": (declare(JPEGBaseline8Bit), "transfer_syntax"),
    "lossy JPEG 2000": (declare(JPEG2000), "transfer_syntax"),
    "nearly lossless JPEG-LS": (declare(JPEGLSNearLossless), "transfer_syntax"),
    "an unknown syntax": (declare("1.2.3.4"), "transfer_syntax"),
    "plain pixels that are said to be compressed": (declare(RLELossless), "pixel_format"),
    "explicit types that are said to be implicit": (declare("1.2.840.10008.1.2"), "parse_error"),
    "a codestream cut off": (compress_one, "pixel_format"),
}


@pytest.mark.parametrize("fault", [*GEOMETRY, *SERIES, *IMAGE, *FILE])
def test_a_fault_has_its_code(fault: str, pet: Pet) -> None:
    edit, code = {**GEOMETRY, **SERIES, **IMAGE, **FILE}[fault]
    folder = pet(bits_stored=15)
    before = folder.parent
    with pydicom.config.disable_value_validation():
        edit(sorted(folder.iterdir()))
    files = sorted(before.rglob("*"))
    with pytest.raises(RefusedSeries) as caught:
        read_series(folder)
    assert caught.value.code == code, caught.value.reason
    message = str(caught.value)
    assert str(folder) in message or ".dcm (series" in message
    assert "\n" not in message
    assert not any(name in message for name in ("SIMULATED", "DOE", "JANE"))
    assert sorted(before.rglob("*")) == files


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
    ("name", "code"), [("absent", "no_file"), ("empty", "no_file"), ("texts", "not_dicom"), ("text", "not_dicom")]
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


def test_every_code_that_this_gate_gives_is_tried_here() -> None:
    """Those of NIfTI, of SUV and of the use of a network aside."""
    tried = {code for table in (GEOMETRY, SERIES, IMAGE, FILE) for _, code in table.values()} | {"no_file"}
    others = {
        "not_nifti",
        "dimensions",
        "offset_invalid",
        "geometry_invalid",
        "geometry_conflict",
        "suv_tag_missing",
        "not_applicable",
        "output_gate",
    }
    assert tried == set(SERIES_CODES) - others


def test_more_voxels_than_the_budget_are_refused_before_pixels_are_read(
    pet: Pet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskgan_ext.dicom.read_series.MAX_VOXELS", 10 * 9 * 5 - 1)
    folder = pet(volume=activity())
    pixels(1, bytes(180))(sorted(folder.iterdir()))
    with pytest.raises(RefusedSeries, match="too_large"):
        read_series(folder)
    assert np.prod((10, 9, 5)) == 450

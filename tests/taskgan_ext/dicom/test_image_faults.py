"""Every fault of an image or a file is refused with its code."""

from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from dicom_edits import Edit, both, change, change_all, check_refusal, recompress
from pydicom.uid import (
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    EnhancedPETImageStorage,
    ExplicitVRBigEndian,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    JPEGLSNearLossless,
    LegacyConvertedEnhancedPETImageStorage,
    RLELossless,
    SecondaryCaptureImageStorage,
)

Pet = Callable[..., Path]


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
    """Replace the pixels."""
    return change(number, PixelData=value)


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


@pytest.mark.parametrize("fault", [*IMAGE, *FILE])
def test_a_fault_has_its_code(fault: str, pet: Pet) -> None:
    edit, code = {**IMAGE, **FILE}[fault]
    check_refusal(pet(bits_stored=15), edit, code)

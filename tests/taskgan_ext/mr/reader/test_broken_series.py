"""Every fault of an export gives one message that names it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    EnhancedMRImageStorage,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    SecondaryCaptureImageStorage,
)

from preprocessing.mr.dicom_export import write_mdme_dicom
from preprocessing.mr.dicom_variant import DicomVariant
from taskgan_ext.errors import DataError
from taskgan_ext.mr.reader.read import read_mdme
from taskgan_ext.mr.sequence import MDMESequence

Export = Callable[..., Path]
Files = list[Path]
Fault = Callable[[Files], object]
"""Breaks a series, given its files in the order of acquisition: slices of delays from the longest on."""


def change(number: int, **elements: object) -> Fault:
    """Change elements of one file; ``None`` deletes."""

    def apply(files: Files) -> None:
        image = pydicom.dcmread(files[number])
        for keyword, value in elements.items():
            if value is None:
                delattr(image, keyword)
            else:
                setattr(image, keyword, value)
        image.save_as(files[number])

    return apply


def change_all(**elements: object) -> Fault:
    return lambda files: [change(number, **elements)(files) for number in range(len(files))]


def copy(number: int, uid: str | None) -> Fault:
    """Copy a file, with a new UID or with its own."""

    def apply(files: Files) -> None:
        image = pydicom.dcmread(files[number])
        if uid:
            image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = uid
        image.save_as(files[number].with_name("copy.dcm"))

    return apply


def remove(*numbers: int) -> Fault:
    return lambda files: [files[number].unlink() for number in numbers]


def move(number: int, shift: tuple[float, float, float]) -> Fault:
    """Shift one image in space."""

    def apply(files: Files) -> None:
        position = pydicom.dcmread(files[number]).ImagePositionPatient
        change(number, ImagePositionPatient=[p + s for p, s in zip(position, shift, strict=True)])(files)

    return apply


def strip_private(files: Files) -> None:
    for path in files:
        image = pydicom.dcmread(path)
        image.remove_private_tags()
        image.save_as(path)


def set_syntax(uid: str) -> Fault:
    """Declare another transfer syntax; where it is compressed the pixels are wrapped as such."""

    def apply(files: Files) -> None:
        image = pydicom.dcmread(files[0])
        image.file_meta.TransferSyntaxUID = uid
        if uid != DeflatedExplicitVRLittleEndian:
            image.PixelData = pydicom.encaps.encapsulate([image.PixelData])
            image["PixelData"].VR = "OB"
        image.save_as(files[0])

    return apply


def truncate(files: Files) -> None:
    files[0].write_bytes(files[0].read_bytes()[:-100])


def corrupt(files: Files) -> None:
    content = files[0].read_bytes()
    files[0].write_bytes(content[:140] + b"\xff" * 60 + content[200:])


FAULTS: dict[str, tuple[Fault, str]] = {
    "a missing image": (
        remove(5),
        r"1 of 32 images are missing: \(slice at -4\.00 mm, TD 3200 ms, TE 16.9 ms",
    ),
    "a missing component": (remove(*range(1, 32, 4)), "8 of 32 images are missing: .*imaginary"),
    "a missing dynamic in one slice": (
        remove(0, 1, 2, 3),
        r"4 of 32 images .*slice at -10\.00 mm, TD 3200 ms",
    ),
    "a missing slice": (
        remove(4, 5, 6, 7, 20, 21, 22, 23),
        "12.00 mm apart",
    ),
    "a duplicate": (copy(7, None), "are the same image: they have one SOPInstanceUID"),
    "a duplicate under another UID": (
        copy(7, "1.2.3"),
        "1 of 32 images are there more than once: .*copy.dcm",
    ),
    "a derived image": (change(3, ImageType=["DERIVED", "PRIMARY", "OTHER"]), "series 100.*marked DERIVED"),
    "a synthetic image": (
        change(3, ImageType=["ORIGINAL", "PRIMARY", "T1W_SYNTHETIC"]),
        "series 100.*marked T1W_SYNTHETIC",
    ),
    "a synthetic sequence": (change(3, ScanningSequence="SE (SYNTHETIC)"), r"marked SE \(SYNTHETIC\)"),
    "a map": (change(3, ImageType=["ORIGINAL", "PRIMARY", "QMAP", "T1"]), "marked QMAP"),
    "another orientation": (change(3, ImageOrientationPatient=[1, 0, 0, 0, 0, -1]), "one orientation"),
    "another pixel spacing": (change(3, PixelSpacing=[2, 2.1]), "one pixel spacing"),
    "another matrix": (change(3, Rows=9, PixelData=bytes(2 * 9 * 12)), "one matrix"),
    "uneven slices": (move(3, (0, 0, 1)), "apart where"),
    "sheared slices": (move(3, (1, 0, 0)), r"shifted within its plane by 1\.00 mm"),
    "no position": (
        change(3, ImagePositionPatient=None),
        "3 finite numbers in ImagePositionPatient, got noth",
    ),
    "an impossible position": (
        change(3, ImagePositionPatient=["1", "nan", "2"]),
        "ImagePositionPatient, got 1",
    ),
    "vectors that span no plane": (
        change(3, ImageOrientationPatient=[1, 0, 0, 1, 0, 0]),
        "perpendicular unit vectors",
    ),
    "another patient": (change(3, PatientID="SIMULATED^4"), "one patient, but PatientID differs"),
    "another frame of reference": (
        change(3, FrameOfReferenceUID="1.2.3"),
        "one frame of reference, but FrameOfReferenceUID differs",
    ),
    "another acquisition": (change(3, RepetitionTime="5000"), "repetition time.*4000 ms.*5000 ms"),
    "no echo time": (change(3, EchoTime=None), "expected a positive EchoTime in ms, got none"),
    "an echo of its own": (change(3, EchoTime="50"), "missing: .*TE 50 ms"),
    "one echo": (change_all(EchoTime="50"), "more than once"),
    "no repetition time": (change_all(RepetitionTime=None), "found no RepetitionTime; give it with --tr"),
    "a delay longer than the repetition": (
        change_all(RepetitionTime="3000"),
        "repetition time above the longest",
    ),
    "private elements lost": (strip_private, r"\(0043,xx2F\) of GEMS_PARM_01 is missing.*de-identif"),
    "several frames": (change(3, NumberOfFrames=2), "several frames in one file.*as classic images"),
    "enhanced MR": (change(3, SOPClassUID=EnhancedMRImageStorage), "several frames .*Enhanced MR"),
    "another kind of image": (change(3, SOPClassUID=SecondaryCaptureImageStorage), "Secondary Capture Image"),
    "colours": (change(3, PhotometricInterpretation="RGB"), "expected one grey value a pixel.*MONOCHROME2"),
    "no rescale": (change(3, RescaleSlope="0"), "RescaleSlope other than 0"),
    "a rescale that is no number": (change(3, RescaleSlope="nan"), "finite number in RescaleSlope, got nan"),
    "truncated pixels": (truncate, "the file ends before its pixels do"),
    "no pixels": (change(3, PixelData=None), "bytes of PixelData, found none"),
    "a file that cannot be parsed": (corrupt, "expected a DICOM file, but its meta information"),
    "a codec that is not installed": (set_syntax(JPEGLosslessSV1), "JPEG Lossless.*no decoder"),
    "pixels that are not what they are said to be": (
        set_syntax(JPEGLSLossless),
        "cannot be decoded: they are",
    ),
    "lossy compression": (set_syntax(JPEGBaseline8Bit), "JPEG Baseline.*JPEG 2000 lossless are read"),
    "deflate": (set_syntax(DeflatedExplicitVRLittleEndian), "Deflated.*uncompressed"),
}


@pytest.fixture(scope="module")
def whole_series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four slices, two delays, two echoes, real and imaginary: 32 files."""
    folder = tmp_path_factory.mktemp("series") / "scan"
    signal = np.random.default_rng(0).normal(size=(12, 10, 4, 2, 2)).astype(np.complex64)
    write_mdme_dicom(
        signal,
        np.array([[-2.0, 0, 0, 20], [0, -2, 0, 30], [0, 0, 6, -10], [0, 0, 0, 1]]),
        MDMESequence(delays=(0.8, 3.2)),
        folder,
        seed=3,
        variant=DicomVariant(shuffled=False),
    )
    return folder


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_series_is_refused(fault: str, whole_series: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(whole_series, tmp_path / "scan")
    apply, message = FAULTS[fault]
    with pydicom.config.disable_value_validation():
        apply(sorted(folder.iterdir()))
        with pytest.raises(DataError, match=message) as caught:
            read_mdme(folder)
    assert "SIMULATED" not in str(caught.value)  # the name of the patient
    assert str(folder) in str(caught.value) or ".dcm (series" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("components", "removed", "message"),
    [
        ("real_imag", "imaginary", "got only real; export the other part"),
        ("magnitude_phase", "magnitude", "got only phase; export the other part"),
    ],
)
def test_half_of_a_signal_is_refused(
    components: str, removed: str, message: str, scan, export: Export
) -> None:
    folder = export(scan, "philips", components=components)
    for path in folder.iterdir():
        if pydicom.dcmread(path).ComplexImageComponent == removed.upper():
            path.unlink()
    with pytest.raises(DataError, match=message):
        read_mdme(folder)


def test_a_phase_of_unknown_scale_is_refused(scan, export: Export) -> None:
    folder = export(scan, "philips", components="magnitude_phase")
    for path in folder.iterdir():
        image = pydicom.dcmread(path)
        image.RescaleSlope = "0.00001" if image.ComplexImageComponent == "PHASE" else image.RescaleSlope
        image.save_as(path)
    with pytest.raises(DataError, match="not clearly one of the known scales"):
        read_mdme(folder)


def test_magnitudes_are_not_negative(scan, export: Export) -> None:
    folder = export(scan, "siemens")
    for path in folder.iterdir():
        image = pydicom.dcmread(path)
        if "IMAGINARY" in image.ImageType:
            path.unlink()
            continue
        image.ImageType = ["ORIGINAL", "PRIMARY", "M"]
        image.save_as(path)
    with pytest.raises(DataError, match="magnitude images without negative values"):
        read_mdme(folder)


@pytest.mark.parametrize("content", ["nothing", "other files", "reports only"])
def test_a_folder_without_images_is_refused(content: str, tmp_path: Path, scan, export: Export) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    if content == "other files":
        (folder / "scan.txt").write_text("none")
    elif content == "reports only":
        image = pydicom.dcmread(sorted(export(scan).iterdir())[0])
        image.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
        image.save_as(folder / "report.dcm")
    expected = (
        "no image among them" if content == "reports only" else "expected DICOM files or a set of NIfTI"
    )
    with pytest.raises(DataError, match=expected):
        read_mdme(folder)


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file or folder"):
        read_mdme(tmp_path / "nothing")

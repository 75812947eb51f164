"""Read one series of a conventional contrast."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.dicom.dicom_file import DicomFile
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.errors import DataError
from taskgan_ext.mr.reader.component import find_component
from taskgan_ext.mr.reader.mr_images import check_acquired, one_value, seconds_of, time_text
from taskgan_ext.mr.reader.nifti_array import is_nifti, read_nifti, read_sidecar, sidecar_number
from taskgan_ext.mr.reader.scan_times import ScanTimes


@dataclass(frozen=True)
class ContrastImage:
    """A conventional series.

    Attributes:
        data: ``(X, Y, Z)``, in the scanner's own units.
        affine: ``(4, 4)``, voxel index to RAS millimetres.
        times: what the files tell about its times.
        frame_of_reference: DICOM UID of the scanner frame, empty where it is not known.
        source: one line that names the files, for messages.
    """

    data: NDArray[np.float32]
    affine: NDArray[np.float64]
    times: ScanTimes
    frame_of_reference: str
    source: str


def read_contrast(path: str | os.PathLike[str]) -> ContrastImage:
    """Read a conventional series.

    Args:
        path: a folder with the DICOM files of one series, or a NIfTI file; a JSON file of the same stem
            beside it may hold ``RepetitionTime``, ``EchoTime`` and ``InversionTime`` in s, and
            ``ScanningSequence``.

    Returns:
        The series.

    Raises:
        DataError: the files are not one whole magnitude volume; the message names what is wrong with which.
    """
    path = Path(path)
    if path.is_dir():
        return _read_dicom(path)
    if is_nifti(path):
        return _read_nifti(path)
    raise DataError(
        f"{path}: expected a NIfTI file or a folder with the DICOM files of one series, found "
        f"{'another file' if path.exists() else 'nothing'}"
    )


def _read_dicom(folder: Path) -> ContrastImage:
    series = read_series(folder, modality="MR")
    files = [DicomFile(path, header) for path, header in zip(series.files, series.headers, strict=True)]
    for file in files:
        # Filtered or normalised series are marked as derived, too, and are what the clinic looks at.
        check_acquired(file, allow_derived=True)
        if find_component(file) not in (None, "magnitude"):
            raise DataError(f"expected magnitude images, but {file} shows the {find_component(file)}")
    one_value(files, "echo time", lambda file: time_text(file, "EchoTime"))
    return ContrastImage(
        data=series.volume,
        affine=series.affine,
        times=ScanTimes(
            seconds_of(files[0], "RepetitionTime"),
            seconds_of(files[0], "EchoTime"),
            seconds_of(files[0], "InversionTime"),
            files[0].texts("ScanningSequence"),
        ),
        frame_of_reference=files[0].text("FrameOfReferenceUID"),
        source=f"{folder} ({len(files)} DICOM images)",
    )


def _read_nifti(path: Path) -> ContrastImage:
    # Skull-stripped volumes may be NaN outside the brain.
    array = read_nifti(path, allow_nan=True)
    if array.is_complex:
        raise DataError(
            f"{path}: expected a magnitude volume, got complex numbers; take their magnitude first"
        )
    shape = array.data.shape
    if len(shape) < 3 or any(size != 1 for size in shape[3:]):
        raise DataError(f"{path}: expected one volume with three axes, got shape {shape}")
    sidecar = read_sidecar(path)
    tr, te, ti = (
        sidecar_number(sidecar, f"{name}Time", path) or None for name in ("Repetition", "Echo", "Inversion")
    )
    return ContrastImage(
        data=array.data.reshape(shape[:3]).astype(np.float32),
        affine=array.affine,
        times=ScanTimes(tr, te, ti, _sequence(sidecar.get("ScanningSequence"))),
        frame_of_reference="",
        source=str(path),
    )


def _sequence(value: object) -> tuple[str, ...]:
    """Values of ScanningSequence in JSON: a list, or a text with backslashes or underscores between them."""
    texts = value if isinstance(value, list) else re.split(r"[\\_/]", value) if isinstance(value, str) else []
    return tuple(text.strip().upper() for text in texts if isinstance(text, str) and text.strip())

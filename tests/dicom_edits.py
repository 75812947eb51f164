"""Changes to DICOM series on disk, for tests that read good ones of every kind and refuse bad ones."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.uid import JPEG2000Lossless

from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.errors import RefusedSeries

Edit = Callable[[list[Path]], object]
"""Changes a series, given its files in the order of its slices."""


def activity(shape: tuple[int, ...] = (10, 9, 5), peak: float = 30000.0) -> NDArray[np.float32]:
    """Noise in Bq/ml, ``(X, Y, Z)`` or with frames behind, its last slice the brightest."""
    noise = np.random.default_rng(3).gamma(2, 1, size=shape)
    noise *= np.linspace(0.3, 1, shape[2]).reshape(1, 1, -1, *[1] * (len(shape) - 3))
    return (noise * (peak / noise.max())).astype(np.float32)


def rotation(about_x: float, about_z: float) -> NDArray[np.float64]:
    """A rotation, angles in rad."""
    (cx, cz), (sx, sz) = np.cos([about_x, about_z]), np.sin([about_x, about_z])
    first = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    return np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]]) @ first


def change(number: int, **elements: object) -> Edit:
    """Change elements of one file; ``None`` deletes."""

    def apply(files: list[Path]) -> None:
        image = pydicom.dcmread(files[number])
        for keyword, value in elements.items():
            if value is not None:
                setattr(image, keyword, value)
            elif keyword in image:
                delattr(image, keyword)
        image.save_as(files[number])

    return apply


def change_all(**elements: object) -> Edit:
    """Change elements of all files; a function is given the number of the file."""

    def apply(files: list[Path]) -> None:
        for number in range(len(files)):
            values = {key: value(number) if callable(value) else value for key, value in elements.items()}
            change(number, **values)(files)

    return apply


def new_uid(number: int, uid: str) -> Edit:
    """Give a file another SOPInstanceUID, in both of its places."""

    def apply(files: list[Path]) -> None:
        image = pydicom.dcmread(files[number])
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = uid
        image.save_as(files[number])

    return apply


def move(number: int, x: float, y: float, z: float) -> Edit:
    """Shift one image in space, in mm."""

    def apply(files: list[Path]) -> None:
        position = np.array(pydicom.dcmread(files[number]).ImagePositionPatient, dtype=float)
        change(number, ImagePositionPatient=list(position + np.array([x, y, z])))(files)

    return apply


def shear(per_slice: tuple[float, float, float]) -> Edit:
    """Shift every image by so many mm more than the one before, as a tilted gantry does."""
    return lambda files: [move(n, *(n * np.array(per_slice)))(files) for n in range(len(files))]


def remove(*numbers: int) -> Edit:
    """Delete files."""
    return lambda files: [files[number].unlink() for number in numbers]


def copy(number: int, uid: str | None = None) -> Edit:
    """Copy a file, with its own SOPInstanceUID or another one."""

    def apply(files: list[Path]) -> None:
        twin = files[number].with_name("copy.dcm")
        twin.write_bytes(files[number].read_bytes())
        if uid is not None:
            new_uid(0, uid)([twin])

    return apply


def both(*edits: Edit) -> Edit:
    """One change after another."""
    return lambda files: [edit(files) for edit in edits]


def recompress(syntax: str) -> Edit:
    """Compress the pixels without loss, or write them plain in another transfer syntax."""

    def apply(files: list[Path]) -> None:
        for path in files:
            image = pydicom.dcmread(path)
            uid = pydicom.uid.UID(syntax)
            if uid == JPEG2000Lossless:
                _compress_jpeg_2000(image)
            elif uid.is_compressed:
                image.compress(uid, generate_instance_uid=False)
            else:
                image.file_meta.TransferSyntaxUID = uid
            image.save_as(path, enforce_file_format=True)

    return apply


def check_refusal(folder: Path, edit: Edit, code: str) -> None:
    """Break a series and see that it is refused, without a patient's name and without a file more."""
    with pydicom.config.disable_value_validation():
        edit(sorted(folder.iterdir()))
    files = sorted(folder.parent.rglob("*"))
    with pytest.raises(RefusedSeries) as caught:
        read_series(folder)
    assert caught.value.code == code, caught.value.reason
    message = str(caught.value)
    assert str(folder) in message or ".dcm (series" in message
    assert "\n" not in message
    assert not any(name in message for name in ("SIMULATED", "DOE", "JANE"))
    assert sorted(folder.parent.rglob("*")) == files


def _compress_jpeg_2000(image: pydicom.Dataset) -> None:
    """Compress pixels that are not negative; Pillow has no signed ones of 16 bits."""
    frame = io.BytesIO()
    pixels = image.pixel_array
    assert pixels.min() >= 0
    Image.fromarray(pixels.astype(np.uint16)).save(frame, "JPEG2000", no_jp2=True)
    image.PixelData = pydicom.encaps.encapsulate([frame.getvalue()])
    image["PixelData"].VR, image["PixelData"].is_undefined_length = "OB", True
    image.PixelRepresentation = 0
    image.file_meta.TransferSyntaxUID = JPEG2000Lossless

"""Whether two PET images are the low and the full dose of one scan: one grid, one unit, one correction."""

from pathlib import Path

import numpy as np
from pydicom import Dataset

from preprocessing.pet.pet_image import BQ_ML, PetImage
from taskgan_ext.dicom.suv_header import text_of
from taskgan_ext.errors import DataError

GRID_TOLERANCE_MM = 1e-2
"""As when a pair is loaded for training."""
_NEEDED = {"ATTN": "attenuation", "DECY": "decay"}
"""Corrections that change values by a factor or more, PS3.3 C.8.9.1.1.4."""


def check_pair(low: PetImage, full: PetImage, low_path: Path, full_path: Path) -> list[str]:
    """Check that two images fit one another.

    Args:
        low: low dose.
        full: full dose.
        low_path: of the low dose, for messages.
        full_path: of the full dose.

    Returns:
        What the user should know, one text each, without names of files.

    Raises:
        DataError: they are no pair.
    """
    _check_volumes(low, full, low_path, full_path)
    if not (low.headers and full.headers):
        return []
    ours, theirs = low.headers[0], full.headers[0]
    _check_patient(ours, theirs, low_path, full_path)
    if full.unit == BQ_ML:
        # SUV of either kind is corrected to the same moment; activities are not.
        _check_decay(ours, theirs, low_path, full_path)
    return [*_check_corrections(ours, theirs, low_path, full_path), *_other_place(ours, theirs)]


def same_grid(image: PetImage, shape: tuple[int, ...], affine: np.ndarray) -> bool:
    """Tell whether voxels of an image and of another volume lie in the same places.

    Args:
        image: the image.
        shape: of the other volume.
        affine: ``(4, 4)`` of the other volume.
    """
    return image.volume.shape == shape and np.allclose(image.affine, affine, rtol=0, atol=GRID_TOLERANCE_MM)


def _check_volumes(low: PetImage, full: PetImage, low_path: Path, full_path: Path) -> None:
    if not same_grid(full, low.volume.shape, low.affine):
        raise DataError(
            f"{low_path}: expected the grid of {full_path}, {full.volume.shape} with affine "
            f"{np.round(full.affine, 3).tolist()}, got {low.volume.shape} with "
            f"{np.round(low.affine, 3).tolist()}; reconstruct both on one grid"
        )
    if low.unit != full.unit:
        raise DataError(f"{low_path}: expected the unit of {full_path}, {full.unit}, got {low.unit}")
    if np.array_equal(low.volume, full.volume):
        raise DataError(f"{low_path}: expected a low-dose image, but it equals {full_path} in every voxel")


def _check_patient(ours: Dataset, theirs: Dataset, low_path: Path, full_path: Path) -> None:
    names = [
        tuple(text_of(header, keyword) for keyword in ("PatientID", "IssuerOfPatientID"))
        for header in (ours, theirs)
    ]
    if all(identifier for identifier, _ in names) and names[0] != names[1]:
        raise DataError(
            f"{low_path}: expected the patient of {full_path}, but PatientID (0010,0020) is another one; a "
            "pair is two images of one scan"
        )


def _check_decay(ours: Dataset, theirs: Dataset, low_path: Path, full_path: Path) -> None:
    if text_of(ours, "DecayCorrection") != text_of(theirs, "DecayCorrection"):
        raise DataError(
            f"{low_path}: expected the DecayCorrection (0054,1102) of {full_path}, got another one, so that "
            "activities are those of different moments; reconstruct both alike, or give --suv"
        )


def _check_corrections(ours: Dataset, theirs: Dataset, low_path: Path, full_path: Path) -> list[str]:
    """Refuse images of which only one is corrected for attenuation or decay; tell of other differences."""
    low, full = (set(text_of(header, "CorrectedImage").split("\\")) - {""} for header in (ours, theirs))
    for flag, what in _NEEDED.items():
        if (flag in low) != (flag in full):
            raise DataError(
                f"{low_path}: expected the corrections of {full_path}, but CorrectedImage (0028,0051) says "
                f"that only the {'low' if flag in low else 'full'} dose is corrected for {what}; reconstruct "
                "both alike"
            )
    if low == full:
        return []
    only = len(low - full), len(full - low)
    return [
        f"CorrectedImage differs: {only[0]} corrections of the low dose only, {only[1]} of the full dose "
        "only; a network would learn the difference"
    ]


def _other_place(ours: Dataset, theirs: Dataset) -> list[str]:
    told = {
        "StudyInstanceUID": "low and full dose are of different studies; a pair is two images of one scan",
        "FrameOfReferenceUID": "low and full dose name different scanner frames; check that they overlap",
    }
    return [text for keyword, text in told.items() if text_of(ours, keyword) != text_of(theirs, keyword)]

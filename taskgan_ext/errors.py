"""Errors that a user can cause and mend.

    TaskGANError
    |-- DataError            a data list, sidecar, image or event file is missing or wrong
    |   `-- RefusedInput     ... and a program may ask for the reason by its code
    |       |-- RefusedSeries      a DICOM series or a NIfTI volume
    |       `-- RefusedListMode    a list-mode file
    |-- ConfigError          a setting is missing or contradicts another one
    |-- CheckpointError      a checkpoint is missing, broken or belongs to other settings
    |-- BundleError          a bundle is not as it was packed, or may not be packed
    |-- DependencyError      an optional package is not installed
    `-- NonFiniteLossError   training met a loss that is not a number

Every message says what was expected, what was found, where, and what to do. Errors of programming stay
``TypeError`` and ``ValueError``.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Self

SERIES_CODES: Mapping[str, str] = MappingProxyType(
    {
        # Any image file
        "no_file": "there is no such file, or the path is no regular file",
        "too_large": "the file, or the volume that its header announces, is larger than the limit",
        "truncated": "the file ends before the voxels that its header announces, or is damaged among them",
        "parse_error": "the file is of the expected kind, but its header cannot be parsed",
        "pixel_format": "the voxels are of a type that is not read, or its fields contradict one another",
        "number_invalid": "a number of the header is missing, not finite or out of its range",
        "slope_invalid": "the scale between stored numbers and values is zero, negative or not finite",
        "geometry_missing": "the file does not tell where the image lies in the scanner",
        "nonfinite": "values of voxels are not finite",
        # NIfTI
        "not_nifti": "the file is no NIfTI file, or is one that names another file for its voxels",
        "dimensions": "the number or the lengths of the axes are impossible or not those needed",
        "offset_invalid": "the voxels are said to begin inside the header or between two bytes of it",
        "geometry_invalid": "the affine is not finite, cannot be inverted, or contradicts the voxel size",
        "geometry_conflict": "sform and qform put the image in two places",
        # DICOM
        "not_dicom": "the file is no DICOM file",
        "transfer_syntax": "the pixels are compressed in a way that is lossy or not read",
        "sop_class": "the kind of object is not read",
        "modality_mismatch": "Modality contradicts the kind of object, or is not the one needed",
        "uid_invalid": "a UID is missing or no UID",
        "meta_mismatch": "the file meta information contradicts the data set",
        "multiframe": "the number of frames is not the one that the kind of object allows",
        "orientation_mixed": "the slices of a series lie in different orientations",
        "spacing_uneven": "the slices of a series are not evenly spaced along their normal",
        "slice_missing": "a series has a gap",
        "slice_duplicate": "a slice occurs twice",
        "series_mixed": "the files belong to several series",
        "dynamic_series": "the series holds several frames in time or gates",
        "slices_too_few": "a series has too few slices for a volume",
        "incomplete": "a series has another number of slices than its header announces",
        "mosaic": "slices are laid out as tiles of one image",
        "units_unsupported": "Units are none that can be turned into the unit needed",
        "suv_tag_missing": "an attribute that SUV needs is missing or impossible",
        "burned_in": "text may be burnt into the pixels",
        # Use of a trained network
        "not_applicable": "the series is not of the kind that the bundle was trained on",
        "output_gate": "the output failed its checks",
    }
)
"""Codes of ``RefusedSeries`` and what they mean. A code never changes its meaning."""


class TaskGANError(Exception):
    """Base of all errors that are shown to a user as one readable message."""

    def naming(self, what: str) -> Self:
        """The same error, whose message begins with what it is about.

        Args:
            what: for example a subject.
        """
        return type(self)(f"{what}: {self}")


class DataError(TaskGANError, ValueError):
    """A data list, sidecar, image or event file is missing or wrong."""


class RefusedInput(DataError):  # noqa: N818 - what happened to the input
    """A file from outside is refused.

    Args:
        code: the reason in one word, lower case with underscores, for programs; it never changes.
        reason: the reason for people: what was expected, what came, where, and what to do. It quotes no
            value that can name a patient.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code, reason)
        self.code, self.reason = code, reason

    def __str__(self) -> str:
        return f"{self.reason} [{self.code}]"

    def naming(self, what: str) -> Self:
        """The same refusal with its code, whose reason begins with what it is about.

        Args:
            what: for example a subject.
        """
        return type(self)(self.code, f"{what}: {self.reason}")


class RefusedSeries(RefusedInput):
    """A DICOM series or a NIfTI volume is refused.

    Args:
        code: one of ``SERIES_CODES``.
        reason: as for ``RefusedInput``.

    Raises:
        ValueError: the code is not in the list.
    """

    def __init__(self, code: str, reason: str) -> None:
        if code not in SERIES_CODES:
            raise ValueError(f"expected a code of SERIES_CODES, got {code!r}")
        super().__init__(code, reason)


class RefusedListMode(RefusedInput):
    """A list-mode file is refused."""


class ConfigError(TaskGANError, ValueError):
    """A setting is missing or contradicts another one."""


class CheckpointError(TaskGANError, RuntimeError):
    """A checkpoint is missing, broken or belongs to other settings."""


class BundleError(TaskGANError, ValueError):
    """A bundle or its archive is not as it was packed, or may not be packed."""


class DependencyError(TaskGANError, ImportError):
    """An optional package is not installed."""


class NonFiniteLossError(TaskGANError, ArithmeticError):
    """Training met a loss that is not a number; the message names the cases of the batch."""

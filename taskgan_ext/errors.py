"""Errors that a user can cause and mend.

    TaskGANError
    |-- DataError            a data list, sidecar, image or event file is missing or wrong
    |   `-- RefusedInput     ... and a program may ask for the reason by its code
    |       |-- RefusedSeries      a DICOM series or a NIfTI volume
    |       `-- RefusedListMode    a list-mode file
    |-- ConfigError          a setting is missing or contradicts another one
    |-- CheckpointError      a checkpoint is missing, broken or belongs to other settings
    |-- DependencyError      an optional package is not installed
    `-- NonFiniteLossError   training met a loss that is not a number

Every message says what was expected, what was found, where, and what to do. Errors of programming stay
``TypeError`` and ``ValueError``.
"""


class TaskGANError(Exception):
    """Base of all errors that are shown to a user as one readable message."""


class DataError(TaskGANError, ValueError):
    """A data list, sidecar, image or event file is missing or wrong."""


class RefusedInput(DataError):
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


class RefusedSeries(RefusedInput):
    """A DICOM series or a NIfTI volume is refused."""


class RefusedListMode(RefusedInput):
    """A list-mode file is refused."""


class ConfigError(TaskGANError, ValueError):
    """A setting is missing or contradicts another one."""


class CheckpointError(TaskGANError, RuntimeError):
    """A checkpoint is missing, broken or belongs to other settings."""


class DependencyError(TaskGANError, ImportError):
    """An optional package is not installed."""


class NonFiniteLossError(TaskGANError, ArithmeticError):
    """Training met a loss that is not a number; the message names the cases of the batch."""

"""Errors that a user can cause and mend.

    TaskGANError
    |-- DataError            a data list, sidecar, image or event file is missing or wrong
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


class ConfigError(TaskGANError, ValueError):
    """A setting is missing or contradicts another one."""


class CheckpointError(TaskGANError, RuntimeError):
    """A checkpoint is missing, broken or belongs to other settings."""


class DependencyError(TaskGANError, ImportError):
    """An optional package is not installed."""


class NonFiniteLossError(TaskGANError, ArithmeticError):
    """Training met a loss that is not a number; the message names the cases of the batch."""

"""What every run of a bundle begins with."""

import sys
import warnings
from collections.abc import Mapping
from typing import Any

from taskgan_ext.bundle.folders import check_folders
from taskgan_ext.bundle.messages import show_readable_errors
from taskgan_ext.bundle.overrides import check_overrides
from taskgan_ext.bundle.requirements import check_requirements
from taskgan_ext.bundle.settings import check_settings


def start_bundle(metadata: Mapping[str, Any]) -> None:
    """Begin a run of a bundle: readable errors from here on, and what can be checked before anything is done.

    Args:
        metadata: content of ``metadata.json``, which MONAI keeps in the configuration as ``_meta_``.

    Raises:
        ConfigError: see ``check_overrides``, ``check_settings`` and ``check_folders``.
        DependencyError: see ``check_requirements``.
    """
    show_readable_errors()
    silence_reader_registration()
    check_overrides(sys.argv)
    check_requirements(metadata)
    check_settings(sys.argv)
    check_folders(sys.argv)


def silence_reader_registration() -> None:
    """Drop the warning that MONAI's DICOM reader for GPUs lacks its decoder, and no other warning.

    ``LoadImage`` builds every reader that it knows, also when one is named, so each of them prints the
    warning, whatever files are read.
    """
    warnings.filterwarnings(
        "ignore",
        message="NvImgCodecPydicomReader: nvImageCodec decoder plugin did not register successfully",
        category=UserWarning,
        module=r"monai\.data\.image_reader",
    )

"""The MONAI Deploy App SDK, an optional package that nothing else needs."""

import importlib
from types import ModuleType

from taskgan_ext.errors import DependencyError


def load_sdk() -> ModuleType:
    """Import ``monai.deploy.core``.

    Raises:
        DependencyError: the SDK is not installed, or the CUDA runtime that it loads even on a machine without
            a GPU is not found.
    """
    try:
        return importlib.import_module("monai.deploy.core")
    except ImportError as error:
        raise DependencyError(
            "operators of MONAI Deploy need its App SDK and libcudart.so.13 of CUDA 13, to which "
            f'LD_LIBRARY_PATH must lead ({error}); install them with: pip install "taskgan-ext[deploy]"'
        ) from None

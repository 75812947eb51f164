"""Stands in for torchvision beside a build of torch that none fits.

MONAI Label imports two functions of torchvision as it starts and calls them for training pictures of other
apps. The package index has torchvision for CUDA only, which does not load beside torch for the CPU.
"""

import sys
import types


def _missing(*_: object, **__: object) -> None:
    raise ImportError("torchvision is not installed in this environment, see docs/monailabel.md")


utils = types.ModuleType("torchvision.utils")
utils.make_grid = utils.save_image = _missing  # type: ignore[attr-defined]
sys.modules[utils.__name__] = utils

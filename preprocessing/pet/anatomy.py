"""The anatomy of every phantom: the MNI152 2009a template as it comes with nilearn."""

import functools
import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from nibabel.loadsave import load
from numpy.typing import NDArray
from scipy import ndimage

from preprocessing.pet.grid import Grid
from taskgan_ext.errors import DependencyError

WORKING_GRID = Grid(shape=(99, 117, 95), spacing=(2.0, 2.0, 2.0), centre=(0.0, -18.0, 22.0))
"""The template's box at 2 mm; its voxel centres are every second centre of the 1 mm template."""
_TEMPLATE_SHAPE = (197, 233, 189)
_ANTI_ALIAS_SIGMA = 0.5  # a quarter of the working voxel


@dataclass(frozen=True)
class Anatomy:
    """Template maps on ``WORKING_GRID``, values 0..1.

    Attributes:
        grey_matter: grey matter probability.
        white_matter: white matter probability.
        t1: skull-stripped T1-weighted template; above zero inside the brain.
    """

    grey_matter: NDArray[np.float32]
    white_matter: NDArray[np.float32]
    t1: NDArray[np.float32]


@functools.cache
def load_anatomy() -> Anatomy:
    """Read the template maps, once per process.

    The symmetric ICBM 2009a template (Fonov et al., NeuroImage 2011, doi 10.1016/j.neuroimage.2010.07.033)
    is read from the files that nilearn carries; nilearn itself is not imported, which would take seconds.

    Raises:
        DependencyError: nilearn is not installed or carries no such files.
    """
    spec = importlib.util.find_spec("nilearn")
    if spec is None or not spec.submodule_search_locations:
        raise DependencyError(
            "the PET phantom needs the MNI152 template of nilearn, which is not installed; "
            'run: pip install "taskgan-ext[pet]"'
        )
    folder = Path(spec.submodule_search_locations[0]) / "datasets" / "data"
    return Anatomy(*(_load_map(folder / f"mni_icbm152_{kind}_tal_nlin_sym_09a_converted.nii.gz")
                     for kind in ("gm", "wm", "t1")))  # fmt: skip


def _load_map(path: Path) -> NDArray[np.float32]:
    if not path.is_file():
        raise DependencyError(
            f"{path}: expected a map of the MNI152 2009a template, found no file; "
            'run: pip install "taskgan-ext[pet]"'
        )
    template = np.asarray(load(path).dataobj, dtype=np.float32)
    if template.shape != _TEMPLATE_SHAPE:
        raise DependencyError(
            f"{path}: expected a map of shape {_TEMPLATE_SHAPE}, got {template.shape}; "
            'run: pip install "taskgan-ext[pet]"'
        )
    smooth = ndimage.gaussian_filter(template, _ANTI_ALIAS_SIGMA)
    return np.ascontiguousarray(smooth[::2, ::2, ::2] / template.max())

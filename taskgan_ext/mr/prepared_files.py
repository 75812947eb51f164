"""The files of a prepared acquisition that a network is given."""

from pathlib import Path

import numpy as np

from taskgan_ext.io.nifti import save_nifti
from taskgan_ext.keys import MASK
from taskgan_ext.mr.acquisition import MDME_ENDING
from taskgan_ext.mr.prepared_subject import PreparedSubject
from taskgan_ext.mr.relaxation_maps import write_maps


def write_prepared_files(prepared: PreparedSubject, folder: Path, name: str) -> None:
    """Write images, maps and brain mask; ``list_contrasts`` finds them.

    Args:
        prepared: the acquisition with its maps and brain mask.
        folder: of the subject.
        name: of the subject; the files are ``<name>_mdme.nii.gz``, ``(X, Y, Z, delay x echo)``,
            ``<name>_mask.nii.gz`` and those of ``write_maps``.
    """
    image = prepared.image
    signal = image.signal.reshape(*prepared.brain.shape, -1).astype(np.float32)
    save_nifti(signal, image.affine, folder / f"{name}{MDME_ENDING}")
    save_nifti(prepared.brain.astype(np.uint8), image.affine, folder / f"{name}_{MASK}.nii.gz")
    write_maps(prepared.maps, image.affine, folder, name)

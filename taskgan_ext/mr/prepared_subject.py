"""An MDME acquisition with everything that is computed from it alone: maps and brain mask."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.errors import DataError
from taskgan_ext.mr.brain_mask import brain_mask
from taskgan_ext.mr.fit import fit_maps
from taskgan_ext.mr.fit_quality import FitQuality, measure_fit
from taskgan_ext.mr.mdme_image import MDMEImage
from taskgan_ext.mr.phase import signed_image
from taskgan_ext.mr.relaxation_maps import Maps
from taskgan_ext.mr.tissue_classes import DEFAULT_FIELD


@dataclass(frozen=True)
class PreparedSubject:
    """What preparation adds to an MDME acquisition.

    Attributes:
        image: the acquisition as signed images.
        signal_was: what the values were before: complex, magnitude or signed.
        maps: relaxation maps.
        brain: ``(X, Y, Z)``, true in the brain.
        quality: of the fit in the brain.
    """

    image: MDMEImage
    signal_was: str
    maps: Maps
    brain: NDArray[np.bool_]
    quality: FitQuality

    def notices(self) -> list[str]:
        """What the user should know about the maps, one text each."""
        image, texts = self.image, []
        if image.delays_from == "slice count":
            delays = ", ".join(f"{delay:.3f}" for delay in image.sequence.delays)
            texts.append(
                f"the headers tell no delays; {delays} s were computed from the {image.signal.shape[2]} "
                "slices, as if these were all of the acquisition; --td gives better ones"
            )
        if self.signal_was == "magnitude":
            texts.append(
                "the MDME images are magnitudes: their sign was restored from the fit; export phase, or real "
                "and imaginary images, where you can"
            )
        doubts = self.quality.doubts()
        if doubts:
            texts.append(f"{'; '.join(doubts)}: too much noise, or wrong delays, TE or TR; look at the maps")
        if image.field_strength is None:
            texts.append(
                f"the files do not tell the field strength; tissues are told apart as at {DEFAULT_FIELD:g} T"
            )
        return texts


def prepare_subject(image: MDMEImage, brain: NDArray[np.bool_] | None = None) -> PreparedSubject:
    """Remove the phase, fit the maps and find the brain.

    Args:
        image: the acquisition, complex, magnitude or signed.
        brain: brain mask ``(X, Y, Z)``; by default found in the maps.

    Raises:
        DataError: the sign of the signal cannot be told, the mask is on another grid, there is no brain, or
            the maps do not explain the images.
    """
    grid = image.signal.shape[:3]
    if brain is not None and brain.shape != grid:
        raise DataError(f"expected a brain mask on the MDME grid {grid}, got shape {brain.shape}")
    if brain is not None and not brain.any():
        raise DataError("expected a brain mask with voxels that are not 0, found none")
    signed = signed_image(image)
    maps = fit_maps(np.asarray(signed.signal, dtype=np.float32), signed.sequence, signed.voxel_mm)
    if brain is None:
        brain = brain_mask(maps, signed.voxel_mm)
    if not brain.any():
        raise DataError(
            f"{image.source or 'MDME images'}: expected a brain, but no voxel has the relaxation times of "
            f"one; check the times ({signed.sequence.to_dict()}) or give a brain mask"
        )
    quality = measure_fit(np.asarray(signed.signal, dtype=np.float32), signed.sequence, maps, brain)
    if fault := quality.fault():
        raise DataError(
            f"{image.source or 'MDME images'}: expected maps that explain the images, but {fault}: wrong "
            f"delays, TE or TR ({signed.sequence.to_dict()}), or the mask is not on the brain; correct them "
            "with --td, --te and --tr, in seconds"
        )
    return PreparedSubject(signed, image.kind, maps, brain, quality)

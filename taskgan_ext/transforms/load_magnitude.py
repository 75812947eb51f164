"""Read a magnitude image of any source, or say what is wrong with it."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import MapTransform
from monai.utils import ImageMetaKey
from numpy.typing import NDArray

from taskgan_ext.errors import DataError
from taskgan_ext.io.nifti import load_nifti
from taskgan_ext.keys import PROBLEM


class LoadMagnituded(MapTransform):
    """Read a NIfTI file as one volume of magnitudes.

    Of signed images the absolute value is taken. What is not a number counts as background; programs that
    remove the skull write such voxels.

    Args:
        keys: paths that are replaced by their images.
        allow_missing_keys: skip keys that an item does not have.
        keep_going: give a single voxel of zero for a file that cannot be used, with the reason as ``problem``
            in its meta data, so that the images behind it get their turn.

    Raises:
        RefusedSeries: the gate refuses a file, for another reason than values that are not finite.
        DataError: a file holds more than one volume, or has no voxel that is not zero.
    """

    def __init__(
        self, keys: KeysCollection, allow_missing_keys: bool = False, keep_going: bool = False
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.keep_going = keep_going

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Read.

        Args:
            data: an item with paths.

        Returns:
            The item with ``MetaTensor`` of shape ``(1, X, Y, Z)``, float32, whose meta data hold the affine
            to RAS mm and, as ``filename_or_obj``, the path.
        """
        item = dict(data)
        for key in self.key_iterator(item):
            meta = {ImageMetaKey.FILENAME_OR_OBJ: str(item[key])}
            try:
                magnitude, affine = _read(item[key])
            except DataError as error:
                if not self.keep_going:
                    raise
                magnitude, affine = np.zeros((1, 1, 1), dtype=np.float32), np.eye(4)
                meta[PROBLEM] = str(error)
            item[key] = MetaTensor(
                torch.from_numpy(magnitude).unsqueeze(0), affine=torch.from_numpy(affine), meta=meta
            )
        return item


def _read(path: str) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    volume, affine = load_nifti(path, allow_nonfinite=True)
    magnitude = np.nan_to_num(np.abs(_single(volume, path)), posinf=0.0)
    if not magnitude.any():
        raise DataError(f"{path}: expected an image, but every voxel is zero or no number")
    return magnitude, affine


def _single(volume: NDArray[np.float32], path: str) -> NDArray[np.float32]:
    """Give a flat image a third axis, and drop axes of length one behind it."""
    image = np.atleast_3d(volume)
    if any(length != 1 for length in image.shape[3:]):
        raise DataError(
            f"{path}: expected one volume (X, Y, Z), got {image.ndim} dimensions of {image.shape}; write "
            "each volume of a series to a file of its own"
        )
    return image.reshape(image.shape[:3])

"""Refuse pairs whose images do not lie on one grid."""

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform

from taskgan_ext.errors import DataError
from taskgan_ext.keys import IMAGE, SUBJECT


class CheckSameGridd(MapTransform):
    """Check that images have the spatial size and the affine of a reference image.

    A target that is mirrored or shifted against its input would train without a word, and regions on another
    grid would be measured in the wrong voxels.

    Args:
        keys: what is compared; ``MetaTensor`` of shape ``(C, X, Y[, Z])``.
        reference_key: what it is compared with.
        tolerance: largest difference of an element of the affines, in mm.
        allow_missing_keys: skip keys that an item does not have.

    Raises:
        DataError: sizes or affines differ; names the subject, the key and both values.
    """

    def __init__(
        self,
        keys: KeysCollection,
        reference_key: str = IMAGE,
        tolerance: float = 1e-2,
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.reference_key = reference_key
        self.tolerance = tolerance

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Compare.

        Args:
            data: an item with loaded images.

        Returns:
            The item as it is.
        """
        reference = data[self.reference_key]
        for key in self.key_iterator(dict(data)):
            image = data[key]
            if image.shape[1:] != reference.shape[1:]:
                what = f"size {tuple(reference.shape[1:])}, got {tuple(image.shape[1:])}"
            elif not torch.allclose(image.affine, reference.affine, rtol=0, atol=self.tolerance):
                what = f"affine {reference.affine.tolist()}, got {image.affine.tolist()}"
            else:
                continue
            raise DataError(
                f"{data.get(SUBJECT, 'a case')}: expected {key} on the grid of {self.reference_key}: {what}; "
                "resample it first"
            )
        return dict(data)

"""Give images the axes that their file has."""

from collections.abc import Hashable, Mapping
from typing import Any

import nibabel as nib
import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform, Orientation
from monai.utils import MetaKeys


class RestoreAxesd(MapTransform):
    """Undo ``Orientationd`` where not all transforms can be undone: an image of the network keeps its unit.

    Args:
        keys: ``MetaTensor`` of shape ``(C, X, Y, Z)`` with the meta data of a file that MONAI has read.
        allow_missing_keys: skip keys that an item does not have.
    """

    def __init__(self, keys: KeysCollection, allow_missing_keys: bool = False) -> None:
        super().__init__(keys, allow_missing_keys)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Turn back.

        Args:
            data: an item with images whose axes were flipped or exchanged.

        Returns:
            The item with images on the grid of the file.
        """
        item = dict(data)
        for key in self.key_iterator(item):
            stored = torch.as_tensor(item[key].meta[MetaKeys.ORIGINAL_AFFINE], dtype=torch.float64)
            turn = Orientation("".join(nib.aff2axcodes(stored.numpy())), labels=None)
            item[key] = turn(item[key])
            item[key].affine = stored  # there and back again would round it
        return item

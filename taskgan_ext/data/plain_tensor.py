"""Tensors without MONAI's meta data."""

from monai.data import MetaTensor
from torch import Tensor


def plain_tensor(image: Tensor) -> Tensor:
    """Give the tensor of a ``MetaTensor``; another tensor is handed back.

    Every operation on a ``MetaTensor`` keeps its affine and history up to date, which costs far more than
    the operation where slices are cut or numbers are measured.

    Args:
        image: with meta data or without.

    Returns:
        A tensor that shares its memory.
    """
    return image.as_tensor() if isinstance(image, MetaTensor) else image

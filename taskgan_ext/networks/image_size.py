"""Sizes of images that a network accepts, checked where the message can name the remedy."""

import torch
from torch import Tensor


def require_size_multiple(image: Tensor, multiple: int) -> None:
    """Refuse an image whose axes do not halve evenly as often as the network halves them.

    TorchScript compiles the check. A traced module has none, since tracing records tensor operations only.

    Args:
        image: shape ``(B, C, ...)`` with two or three spatial axes.
        multiple: what each spatial axis must be a multiple of.

    Raises:
        ValueError: an axis is not a multiple of ``multiple``.
    """
    if torch.jit.is_tracing():  # type: ignore[attr-defined]
        return
    size = image.shape[2:]
    for axis in size:
        if axis % multiple != 0:
            raise ValueError(
                f"expected an image whose axes are multiples of {multiple}, got {list(size)}: pad or crop it "
                "(MONAI's DivisiblePad), or give the network fewer levels (a shorter 'channels')"
            )


def require_minimum_size(image: Tensor, minimum: int) -> None:
    """Refuse an image that is used up before the last level of a network that halves it.

    TorchScript compiles the check. A traced module has none, since tracing records tensor operations only.

    Args:
        image: shape ``(B, C, ...)`` with two or three spatial axes.
        minimum: smallest length of a spatial axis.

    Raises:
        ValueError: an axis is shorter than ``minimum``.
    """
    if torch.jit.is_tracing():  # type: ignore[attr-defined]
        return
    size = image.shape[2:]
    for axis in size:
        if axis < minimum:
            raise ValueError(
                f"expected an image of at least {minimum} on each axis, got {list(size)}: use larger patches "
                "or give the network fewer levels (a shorter 'channels')"
            )

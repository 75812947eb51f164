"""What an engine takes out of a batch."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.keys import CASE, IMAGE, LABEL, PROPERTY, SUBJECT


def prepare_restoration_batch(
    batch: Mapping[str, Any],
    device: str | torch.device | None = None,
    non_blocking: bool = False,
    **kwargs: Any,  # noqa: ANN401
) -> tuple[Tensor, Tensor, Tensor]:
    """Move degraded image, target image and property to the device.

    Args:
        batch: has ``image``, ``label`` ``(B, C, X, Y[, Z])`` and ``property`` ``(B,)`` or ``(B, classes)``.
        device: where to.
        non_blocking: copy asynchronously from pinned memory.
        kwargs: further arguments of ``Tensor.to`` for the images.

    Returns:
        x~, x and y as plain tensors: meta data have no part in a training step.
    """
    image, label = (
        plain_tensor(batch[key]).to(device, non_blocking=non_blocking, **kwargs) for key in (IMAGE, LABEL)
    )
    return image, label, torch.as_tensor(batch[PROPERTY]).to(device, non_blocking=non_blocking)


def prepare_task_batch(
    batch: Mapping[str, Any],
    device: str | torch.device | None = None,
    non_blocking: bool = False,
    **kwargs: Any,  # noqa: ANN401
) -> tuple[Tensor, Tensor]:
    """Move the reference image and its property to the device, to train a task network on.

    Args:
        batch: has ``label`` and ``property``.
        device: where to.
        non_blocking: copy asynchronously from pinned memory.
        kwargs: further arguments of ``Tensor.to`` for the image.

    Returns:
        x and y.
    """
    label = plain_tensor(batch[LABEL]).to(device, non_blocking=non_blocking, **kwargs)
    return label, torch.as_tensor(batch[PROPERTY]).to(device, non_blocking=non_blocking)


def case_names(batch: Mapping[str, Any]) -> list[str]:
    """Name the samples of a batch for a message.

    Args:
        batch: with ``case`` or ``subject`` where the data set gives them.

    Returns:
        The names, or none.
    """
    names = batch.get(CASE, batch.get(SUBJECT, []))
    return [names] if isinstance(names, str) else [str(name) for name in names]

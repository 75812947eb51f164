"""Restore volumes with a network for slices or stacks of slices."""

from collections.abc import Callable
from typing import Any

import torch
from monai.inferers import Inferer
from monai.utils import convert_to_dst_type
from torch import Tensor

from taskgan_ext.data.slice_dataset import slice_stack
from taskgan_ext.inferers.padding import PaddingInferer


class SliceStackInferer(Inferer):
    """Apply a 2D or 2.5D network to every slice of a volume.

    Args:
        stack: odd number of neighbouring slices that the network takes as channels (1 = 2D); the same as
            in ``SliceDataset``.
        batch_size: slices in one forward pass.
        multiple: see ``PaddingInferer``.
    """

    def __init__(self, stack: int = 1, batch_size: int = 16, multiple: int | None = None) -> None:
        super().__init__()
        self.stack = stack
        self.batch_size = batch_size
        self.inferer = PaddingInferer(multiple=multiple)

    def __call__(self, inputs: Tensor, network: Callable[..., Tensor], *args: Any, **kwargs: Any) -> Tensor:  # noqa: ANN401
        """Restore a batch of volumes.

        Args:
            inputs: shape ``(B, C, X, Y, Z)``.
            network: maps ``(N, stack * C, X, Y)`` to ``(N, C', X, Y)``.
            args: handed to the network.
            kwargs: handed to the network.

        Returns:
            Shape ``(B, C', X, Y, Z)``, with the meta data of ``inputs``.
        """
        plain = inputs.as_subclass(Tensor)
        restored = torch.stack([self._restore(volume, network, *args, **kwargs) for volume in plain])
        return convert_to_dst_type(restored, inputs)[0]

    def _restore(self, volume: Tensor, network: Callable[..., Tensor], *args: Any, **kwargs: Any) -> Tensor:  # noqa: ANN401
        depth = volume.shape[-1]
        batches = []
        for start in range(0, depth, self.batch_size):
            indices = range(start, min(start + self.batch_size, depth))
            batch = torch.stack([slice_stack(volume, index, self.stack) for index in indices])
            batches.append(self.inferer(batch, network, *args, **kwargs).float())
        return torch.cat(batches).movedim(0, -1)

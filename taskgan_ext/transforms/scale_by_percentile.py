"""Divide MR images by a percentile of themselves within a mask."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import InvertibleTransform, MapTransform

from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.errors import DataError
from taskgan_ext.keys import MASK, PERCENTILE, SUBJECT


class ScaleByPercentiled(MapTransform, InvertibleTransform):
    """Divide every channel by the percentile of its values in the mask.

    The unit of MR images is arbitrary and differs from scan to scan. Images that belong together, such as
    those of an MDME acquisition whose ratios hold the relaxation times, share the factor of one channel.

    Args:
        keys: what is divided; ``MetaTensor`` of shape ``(C, X, Y[, Z])``.
        percentile: 0 to 100.
        mask_key: the mask, shape ``(1, X, Y[, Z])``; its voxels above zero count.
        channel: the channel whose percentile all channels are divided by; ``None`` for each its own.
        allow_missing_keys: skip keys that an item does not have.

    Raises:
        DataError: the mask is empty, or a percentile in it is not above zero.
    """

    def __init__(
        self,
        keys: KeysCollection,
        percentile: float = 95.0,
        mask_key: str = MASK,
        channel: int | None = None,
        allow_missing_keys: bool = False,
    ) -> None:
        MapTransform.__init__(self, keys, allow_missing_keys)
        self.percentile = percentile
        self.mask_key = mask_key
        self.channel = channel

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Divide.

        Args:
            data: an item with loaded images and mask.

        Returns:
            The item with scaled images; each keeps its factors in the meta data as ``percentile``.
        """
        item = dict(data)
        inside = (plain_tensor(item[self.mask_key])[0] > 0).numpy()
        if not inside.any():
            raise DataError(
                f"{item.get(SUBJECT, 'a case')}: expected a mask with voxels above zero, got none"
            )
        for key in self.key_iterator(item):
            image = item[key] if isinstance(item[key], MetaTensor) else MetaTensor(item[key])
            factors = self._factors(plain_tensor(image).numpy(), inside)
            if not all(0 < factor < float("inf") for factor in factors):
                raise DataError(
                    f"{item.get(SUBJECT, 'a case')}: expected {key} to be above zero in the mask, got "
                    f"{self.percentile:g} % percentiles of {', '.join(f'{factor:g}' for factor in factors)}"
                )
            scaled = image / _column(factors, image.ndim)
            scaled.meta[PERCENTILE] = factors
            self.push_transform(scaled, extra_info={PERCENTILE: factors})
            item[key] = scaled
        return item

    def _factors(self, image: "np.ndarray[Any, np.dtype[np.float32]]", inside: Any) -> list[float]:  # noqa: ANN401
        chosen = image if self.channel is None else image[self.channel : self.channel + 1]
        found = [float(np.percentile(channel[inside], self.percentile)) for channel in chosen]
        return found if self.channel is None else found * len(image)

    def inverse(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Multiply by the factors again.

        Args:
            data: an item that this transform, or a network after it, has made.

        Returns:
            The item in the unit of the data.
        """
        item = dict(data)
        for key in self.key_iterator(item):
            factors = self.pop_transform(item[key])["extra_info"][PERCENTILE]
            item[key] = item[key] * _column(factors[: len(item[key])], item[key].ndim)
        return item


def _column(factors: list[float], ndim: int) -> torch.Tensor:
    return torch.tensor(factors, dtype=torch.float32).reshape(-1, *[1] * (ndim - 1))

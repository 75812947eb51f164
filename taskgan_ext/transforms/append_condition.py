"""Hand the wanted contrast to a conditional network, as planes of the image."""

import math
from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform
from monai.utils import convert_to_dst_type
from torch import Tensor

from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.errors import DataError
from taskgan_ext.keys import PROPERTY, PROTOCOL, SUBJECT


class AppendConditiond(MapTransform):
    """Append constant channels: one-hot of the property, then the logarithms of TR, TE and TI.

    One tensor is all that MONAI's inferers, exports and servers hand to a network;
    :class:`~taskgan_ext.networks.ConditionalUNetGenerator` reads the condition from these planes.

    Args:
        keys: images of shape ``(C, X, Y[, Z])``.
        num_classes: number of classes of the property.

    Raises:
        DataError: the property is no class index, or an item has no protocol of three times.
    """

    def __init__(self, keys: KeysCollection, num_classes: int) -> None:
        super().__init__(keys)
        self.num_classes = num_classes

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Append.

        Args:
            data: an item with ``property`` and ``protocol``.

        Returns:
            The item; its images have ``num_classes + 3`` channels more.
        """
        item = dict(data)
        values = condition_values(item, self.num_classes)
        for key in self.key_iterator(item):
            image = plain_tensor(item[key])
            planes = values.to(image).reshape(-1, *[1] * (image.ndim - 1)).expand(-1, *image.shape[1:])
            item[key] = convert_to_dst_type(torch.cat([image, planes]), item[key])[0]
        return item


def condition_values(item: Mapping[Hashable, Any], num_classes: int) -> Tensor:
    """Make the numbers of the planes.

    Args:
        item: with ``property``, a class index, and ``protocol``, TR, TE and TI in s (TI 0 for none).
        num_classes: number of classes.

    Returns:
        Shape ``(num_classes + 3,)``: one-hot, then natural logarithms of TR, TE and TI in s. Without an
        inversion TI is TR: there the signal of an inversion recovery is that of a spin echo.

    Raises:
        DataError: the property is no class index, or there are no three times.
    """
    prop, times = item.get(PROPERTY), list(item.get(PROTOCOL, ()))
    if not isinstance(prop, int) or not 0 <= prop < num_classes:
        raise DataError(
            f"{item.get(SUBJECT, 'a case')}: expected a property from 0 to {num_classes - 1}, got {prop!r}"
        )
    if len(times) != 3 or min(times[:2]) <= 0 or times[2] < 0:
        raise DataError(
            f"{item.get(SUBJECT, 'a case')}: expected a protocol of TR, TE and TI in s (TI 0 for none), "
            f"got {times}"
        )
    one_hot = [float(index == prop) for index in range(num_classes)]
    repetition, echo, inversion = (float(time) for time in times)
    return torch.tensor(one_hot + [math.log(time) for time in (repetition, echo, inversion or repetition)])

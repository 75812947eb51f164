"""Divide images by the mean of one of them, exactly invertible."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import InvertibleTransform, MapTransform
from torch import Tensor

from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.errors import DataError
from taskgan_ext.keys import IMAGE, SUBJECT

SCALE = "scale"
"""Key of ``MetaTensor.meta`` that holds the factor: data unit per network unit."""
FOREGROUND = 0.5
"""Share of the foreground's mean above which a voxel belongs to it."""


def foreground_mean(volume: Tensor, slices: Sequence[int] | None = None) -> float:
    """Mean over the voxels above half of that mean, in double precision.

    A threshold that the foreground itself sets (Ridler and Calvard, IEEE SMC 1978, with the background at
    zero) does not ask how much air the field of view holds, nor whether air is zero, as in integers of a
    DICOM file, or a little more, as in what a reconstruction gives.

    Args:
        volume: any shape; the slice axis is the last.
        slices: first and last slice that count (inclusive), ``None`` for all.

    Returns:
        The mean, in the unit of the volume; NaN when no voxel is above zero.
    """
    part = volume if slices is None else volume[..., slices[0] : slices[1] + 1]
    foreground = part[part > 0].double()
    mean = float(foreground.mean())
    # The threshold only rises, and every step but the last drops a voxel.
    while len(kept := foreground[foreground > FOREGROUND * mean]) < len(foreground):
        foreground = kept
        mean = float(foreground.mean())
    return mean


class ScaleByMeand(MapTransform, InvertibleTransform):
    """Divide every key by the foreground mean of the degraded image.

    The paper's group divides the degraded and the target image each by its own mean, which hides a global
    bias and leaves the restored image in the wrong unit. Here one factor, taken from the degraded image
    alone, serves both: it is known at inference, is kept in the meta data, and its inverse returns the
    restored image to the unit of the input.

    Args:
        keys: what is divided.
        reference_key: the image whose mean is taken.
        slices: first and last slice of the mean (inclusive), ``None`` for all.
        level: what the mean of the reference becomes.
        allow_missing_keys: skip keys that an item does not have.

    Raises:
        DataError: the reference image has no finite positive mean.
    """

    def __init__(
        self,
        keys: KeysCollection,
        reference_key: str = IMAGE,
        slices: Sequence[int] | None = None,
        level: float = 1.0,
        allow_missing_keys: bool = False,
    ) -> None:
        MapTransform.__init__(self, keys, allow_missing_keys)
        self.level = level
        self.reference_key = reference_key
        self.slices = slices

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Divide.

        Args:
            data: an item; its images are ``MetaTensor`` of shape ``(C, ...)``.

        Returns:
            The item with scaled images; each keeps the factor in its meta data as ``scale``.
        """
        item = dict(data)
        scale = foreground_mean(plain_tensor(item[self.reference_key]), self.slices) / self.level
        if not 0 < scale < float("inf"):
            raise DataError(
                f"{item.get(SUBJECT, self.reference_key)}: expected an image with values above zero, "
                f"got a foreground mean of {scale * self.level}"
            )
        for key in self.key_iterator(item):
            image = item[key] if isinstance(item[key], MetaTensor) else MetaTensor(item[key])
            scaled = image / scale
            scaled.meta[SCALE] = scale
            self.push_transform(scaled, extra_info={SCALE: scale})
            item[key] = scaled
        return item

    def inverse(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Multiply by the factor again.

        Args:
            data: an item that this transform, or a network after it, has made.

        Returns:
            The item in the unit of the data.
        """
        item = dict(data)
        for key in self.key_iterator(item):
            record = self.pop_transform(item[key])
            item[key] = item[key] * record["extra_info"][SCALE]
        return item

"""Write volumes as NIfTI with all their axes."""

from typing import Any

from monai.config import NdarrayOrTensor
from monai.data import NibabelWriter


class VolumeWriter(NibabelWriter):
    """MONAI's writer of NIfTI, for ``SaveImaged``, that keeps a third axis of one slice.

    ``NibabelWriter`` removes every axis of length one from the end, so that a volume of ``(X, Y, 1)`` would
    come back as ``(X, Y)``, which no longer fits its input.
    """

    data_obj: Any

    def set_data_array(
        self,
        data_array: NdarrayOrTensor,
        channel_dim: int | None = 0,
        squeeze_end_dims: bool = True,
        **kwargs: Any,  # noqa: ANN401 - MONAI's own signature
    ) -> None:
        """Take the values to write.

        Args:
            data_array: shape ``(C, X, Y, Z)``.
            channel_dim: which axis holds the channels; ``None`` for none.
            squeeze_end_dims: whether an axis of one channel is removed, and no other.
            kwargs: as for ``NibabelWriter``.
        """
        super().set_data_array(data_array, channel_dim, squeeze_end_dims=False, **kwargs)
        if squeeze_end_dims and channel_dim is not None and self.data_obj.shape[-1] == 1:
            self.data_obj = self.data_obj[..., 0]
            self.channel_dim = None

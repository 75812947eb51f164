"""Pad to the size that a network needs, crop back afterwards."""

from collections.abc import Callable, Sequence
from typing import Any

from monai.inferers import Inferer, SimpleInferer
from torch import Tensor
from torch.nn.functional import pad


def pad_to_multiple(image: Tensor, multiple: int) -> tuple[Tensor, Sequence[int]]:
    """Pad the spatial axes at their ends by repeating the border, up to the next multiple.

    Args:
        image: shape ``(B, C, X, Y[, Z])``.
        multiple: what each spatial size must be divisible by.

    Returns:
        The padded image and the spatial size that it had.
    """
    size = image.shape[2:]
    missing = [-length % multiple for length in size]
    if not any(missing):
        return image, size
    # torch.nn.functional.pad counts axes from the last one.
    amounts = [amount for extra in reversed(missing) for amount in (0, extra)]
    return pad(image, amounts, mode="replicate"), size


def crop_to(image: Tensor, size: Sequence[int]) -> Tensor:
    """Undo ``pad_to_multiple``.

    Args:
        image: shape ``(B, C, X', Y'[, Z'])``.
        size: spatial size to keep, from the start of each axis.

    Returns:
        Shape ``(B, C, *size)``.
    """
    for axis, length in enumerate(size, start=2):
        image = image.narrow(axis, 0, length)
    return image


class PaddingInferer(Inferer):
    """Run another inferer on the padded image and crop its result.

    Args:
        inferer: what runs the network; MONAI's ``SimpleInferer`` by default.
        multiple: what each spatial size must be divisible by; ``None`` asks the network for its
            ``size_multiple`` (1 where it has none).
    """

    def __init__(self, inferer: Inferer | None = None, multiple: int | None = None) -> None:
        super().__init__()
        self.inferer = SimpleInferer() if inferer is None else inferer
        self.multiple = multiple

    def __call__(self, inputs: Tensor, network: Callable[..., Tensor], *args: Any, **kwargs: Any) -> Tensor:  # noqa: ANN401
        """Restore a batch.

        Args:
            inputs: shape ``(B, C, X, Y[, Z])``.
            network: maps a batch to a batch of the same spatial size.
            args: handed to the network.
            kwargs: handed to the network.

        Returns:
            The network's output on the spatial size of ``inputs``.
        """
        multiple = getattr(network, "size_multiple", 1) if self.multiple is None else self.multiple
        padded, size = pad_to_multiple(inputs, multiple)
        return crop_to(self.inferer(padded, network, *args, **kwargs), size)

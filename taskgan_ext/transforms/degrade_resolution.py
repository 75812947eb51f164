"""Take resolution from a picture: blur, keep every n-th pixel, enlarge what is left."""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import torch
from monai.transforms import Transform
from monai.utils import convert_to_dst_type
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, interpolate, pad

from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.keys import CASE, IMAGE, LABEL, SUBJECT


@dataclass(frozen=True)
class Degradation:
    """How resolution is lost.

    Attributes:
        sigma: standard deviation of the Gaussian blur in pixels; 0 for none. The kernel ends at 4 sigma.
        sigma_size: shorter side in pixels of the pictures that ``sigma`` is meant for; others are blurred in
            proportion to theirs (5 at 250 pixels is 1.28 at 64). ``None``: all by ``sigma`` pixels.
        factor: by how much either side is made shorter.
        down: ``centre`` takes the value at the centre of each block of ``factor`` x ``factor`` pixels, the
            mean of the middle four where ``factor`` is even; ``bicubic`` interpolates by a kernel that grows
            with the factor, so that nothing aliases.
        quantise: the small picture has 8 bits, as one that is stored.

    Raises:
        ConfigError: a value lies outside its range.
    """

    sigma: float = 5.0
    sigma_size: int | None = 250
    factor: int = 8
    down: Literal["centre", "bicubic"] = "centre"
    quantise: bool = True

    def __post_init__(self) -> None:
        blur = isinstance(self.sigma, int | float) and 0 <= self.sigma < math.inf
        sized = self.sigma_size is None or (isinstance(self.sigma_size, int) and self.sigma_size > 0)
        whole = isinstance(self.factor, int) and self.factor >= 1
        if not (blur and sized and whole and self.down in ("centre", "bicubic")):
            raise ConfigError(
                "expected a degradation of sigma >= 0, sigma_size > 0 or null, a whole factor >= 1 and down "
                f"'centre' or 'bicubic', got {self}"
            )

    @classmethod
    def of(cls, settings: "str | Mapping[str, Any] | Degradation") -> "Degradation":
        """Make a degradation of what a configuration says.

        Args:
            settings: the name of a preset, or the attributes that differ from the preset ``paper``.

        Returns:
            The degradation.

        Raises:
            ConfigError: there is no such preset or attribute, or a value lies outside its range.
        """
        if isinstance(settings, Degradation):
            return settings
        if isinstance(settings, str) and settings in PRESETS:
            return PRESETS[settings]
        if isinstance(settings, Mapping) and set(settings) <= set(cls.__dataclass_fields__):
            return cls(**settings)
        raise ConfigError(
            f"expected a degradation as one of {', '.join(PRESETS)}, or as an object of "
            f"{', '.join(cls.__dataclass_fields__)}, got {settings!r}"
        )

    def sigma_at(self, size: tuple[int, int]) -> float:
        """Give the standard deviation of the blur of one picture.

        Args:
            size: rows and columns.

        Returns:
            Pixels of this picture.
        """
        return self.sigma if self.sigma_size is None else self.sigma * min(size) / self.sigma_size


PRESETS: Mapping[str, Degradation] = MappingProxyType(
    {
        "paper": Degradation(),
        "aa": Degradation(sigma=3.5),
        "bd": Degradation(sigma=1.6),
        "bi": Degradation(sigma=0.0, down="bicubic"),
    }
)
"""``paper``: gives LFW-a about the PSNR, SSIM and NRMSE of the input in Table 2 of the paper, which does not
state its blur. ``aa``: less that aliases. ``bd``: the blur of common benchmarks. ``bi``: bicubic."""


class DegradeResolutiond(Transform):
    """Make the degraded picture of a reference; it is made anew wherever it is needed, never stored.

    Args:
        degradation: see ``Degradation.of``.
        source_key: the reference, which is left as it is.
        output_key: the degraded picture.

    Raises:
        ConfigError: the degradation is none.
        DataError: a picture is too small.
    """

    def __init__(
        self,
        degradation: str | Mapping[str, Any] | Degradation = "paper",
        source_key: str = LABEL,
        output_key: str = IMAGE,
    ) -> None:
        self.degradation = Degradation.of(degradation)
        self.source_key = source_key
        self.output_key = output_key

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Degrade.

        Args:
            data: an item with a reference of shape ``(C, X, Y)`` or ``(C, X, Y, Z)`` in [0, 1].

        Returns:
            The item with the degraded picture, of the shape and with the meta data of the reference.
        """
        item = dict(data)
        reference = item[self.source_key]
        try:
            degraded = degrade(plain_tensor(reference), self.degradation)
        except DataError as error:
            raise DataError(f"{item.get(CASE, item.get(SUBJECT, 'a case'))}: {error}") from None
        item[self.output_key] = convert_to_dst_type(degraded, reference)[0]
        return item


def degrade(image: Tensor, degradation: Degradation) -> Tensor:
    """Take resolution from a picture.

    Args:
        image: shape ``(C, X, Y)`` or ``(C, X, Y, Z)`` in [0, 1].
        degradation: how.

    Returns:
        The same shape in [0, 1].

    Raises:
        DataError: the picture is smaller than one pixel of the result.
    """
    return cut_padding(
        enlarge(shrink(image, degradation), degradation.factor), (image.shape[1], image.shape[2])
    )


def shrink(image: Tensor, degradation: Degradation) -> Tensor:
    """Make the small picture: the first half of ``degrade``.

    Args:
        image: shape ``(C, X, Y)`` or ``(C, X, Y, Z)`` in [0, 1]. A side that is no multiple of ``factor`` is
            reflected at both ends up to the next one (250 becomes 256, by three pixels at each end).
        degradation: how.

    Returns:
        Shape ``(C, ceil(X / factor), ceil(Y / factor)[, Z])`` in [0, 1].

    Raises:
        DataError: the picture is smaller than one pixel of the result.
    """
    factor = degradation.factor
    if min(image.shape[1:3]) < factor:
        raise DataError(
            f"expected a picture of at least {factor} x {factor} pixels to reduce by {factor}, got "
            f"{image.shape[1]} x {image.shape[2]}"
        )
    planes = _to_planes(image)
    (top, bottom), (left, right) = (_missing(length, factor) for length in image.shape[1:3])
    planes = pad(planes, (left, right, top, bottom), mode="reflect")
    planes = _blur(planes, degradation.sigma_at((image.shape[1], image.shape[2])))
    small = _centres(planes, factor) if degradation.down == "centre" else _resize(planes, 1 / factor)
    small = small.clamp(0, 1)
    return _from_planes((small * 255).round() / 255 if degradation.quantise else small, image)


def enlarge(image: Tensor, factor: int) -> Tensor:
    """Enlarge a small picture by bicubic interpolation: the second half of ``degrade``.

    Args:
        image: shape ``(C, X, Y)`` or ``(C, X, Y, Z)`` in [0, 1].
        factor: by how much either side is made longer.

    Returns:
        Shape ``(C, factor * X, factor * Y[, Z])``, cut to [0, 1], which the cubic kernel overshoots by 0.06.
    """
    return _from_planes(_resize(_to_planes(image), factor).clamp(0, 1), image)


def cut_padding(image: Tensor, size: tuple[int, int]) -> Tensor:
    """Cut off what was added on both sides before a picture was reduced.

    Args:
        image: shape ``(C, X', Y'[, Z])``.
        size: rows and columns of the picture before.

    Returns:
        Shape ``(C, *size[, Z])``.
    """
    for axis, length in enumerate(size, start=1):
        image = image.narrow(axis, (image.shape[axis] - length) // 2, length)
    return image


def _missing(length: int, factor: int) -> tuple[int, int]:
    missing = -length % factor
    return missing // 2, missing - missing // 2


def _to_planes(image: Tensor) -> Tensor:
    """Lay channels and slices out as a batch ``(N, 1, X, Y)``."""
    flat = image if image.ndim == 3 else image.movedim(-1, 0).flatten(0, 1)
    return flat.unsqueeze(1)


def _from_planes(planes: Tensor, image: Tensor) -> Tensor:
    flat = planes.squeeze(1)
    return flat if image.ndim == 3 else flat.unflatten(0, (image.shape[-1], image.shape[0])).movedim(0, -1)


def _blur(planes: Tensor, sigma: float) -> Tensor:
    """Blur by a sampled Gaussian, the border repeated."""
    if sigma == 0:
        return planes
    radius = int(4 * sigma + 0.5)
    steps = torch.arange(-radius, radius + 1, dtype=torch.float64)
    kernel = torch.exp(-0.5 * (steps / sigma) ** 2)
    kernel = (kernel / kernel.sum()).to(planes)
    padded = pad(planes, (radius, radius, radius, radius), mode="replicate")
    return conv2d(conv2d(padded, kernel.reshape(1, 1, -1, 1)), kernel.reshape(1, 1, 1, -1))


def _centres(planes: Tensor, factor: int) -> Tensor:
    """Value at the centre of each block; that of an even number of pixels lies between the middle ones."""
    first, middle = (factor - 1) // 2, 2 - factor % 2
    end = planes.shape[-2] - factor + first + middle, planes.shape[-1] - factor + first + middle
    return avg_pool2d(planes[..., first : end[0], first : end[1]], middle, stride=factor)


def _resize(planes: Tensor, scale: float) -> Tensor:
    size = [round(length * scale) for length in planes.shape[2:]]
    # With antialias the kernel is that of Keys (a = -0.5), as other programs have it, also where it enlarges.
    return interpolate(planes, size=size, mode="bicubic", align_corners=False, antialias=True)

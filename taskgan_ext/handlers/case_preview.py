"""The middle slice of a case, kept small for the report."""

import re
from collections.abc import Mapping
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from taskgan_ext.data.evaluation_case import Case
from taskgan_ext.io.atomic import atomic_path


def save_preview(
    folder: Path,
    name: str,
    case: Case,
    volumes: Mapping[str, Tensor],
    affine: Tensor | None,
    *,
    colour: bool = False,
) -> Path:
    """Write the middle slice of every arm, ``(X, Y)`` float32, with the property and the pixel size.

    Channels are averaged, or kept as ``(X, Y, 3)`` where they are colours. A volume with an affine is turned
    so that its axes run towards right, anterior and superior before the slice is cut.

    Args:
        folder: where to write.
        name: name of the case; characters that a file name cannot hold become ``_``.
        case: the case.
        volumes: image of each arm, ``(C, X, Y, Z)`` or ``(C, X, Y)``.
        affine: ``(4, 4)``, voxel index to RAS mm, or ``None``.
        colour: whether three channels are red, green and blue.

    Returns:
        The file.
    """
    content: dict[str, NDArray[np.generic]] = {
        arm: middle_slice(tensor, affine, colour=colour) for arm, tensor in volumes.items()
    }
    content["name"] = np.array(name)
    content["property"] = np.array(str(case.property))
    content["pixel_mm"] = _pixel_size(affine)
    path = folder / (re.sub(r"[^A-Za-z0-9._-]", "_", name) + ".npz")
    with atomic_path(path) as temporary:
        np.savez(temporary, **content)  # type: ignore[arg-type]  # the stub takes keywords for allow_pickle
    return path


def middle_slice(tensor: Tensor, affine: Tensor | None, *, colour: bool = False) -> NDArray[np.float32]:
    """Cut the middle slice of a volume in RAS order; a 2D image is handed through.

    Args:
        tensor: shape ``(C, X, Y, Z)`` or ``(C, X, Y)``.
        affine: ``(4, 4)``, voxel index to RAS mm, or ``None``.
        colour: whether three channels are red, green and blue.

    Returns:
        Shape ``(X, Y)``; ``(X, Y, 3)`` for colours.
    """
    if colour and len(tensor) == 3:
        return np.stack([middle_slice(channel[None], affine) for channel in tensor], axis=-1)
    image = tensor.float().mean(dim=0).numpy().astype(np.float32)
    if image.ndim == 2:
        return image
    if affine is not None:
        image = nib.orientations.apply_orientation(image, nib.orientations.io_orientation(affine.numpy()))
    return np.ascontiguousarray(image[..., image.shape[-1] // 2])


def _pixel_size(affine: Tensor | None) -> NDArray[np.float64]:
    if affine is None:
        return np.ones(2)
    orientation = nib.orientations.io_orientation(affine.numpy())
    sizes = np.linalg.norm(affine.numpy()[:3, :3], axis=0)
    return np.array([sizes[list(orientation[:, 0]).index(axis)] for axis in (0, 1)])

"""Bring a volume back to the axes of the series that it was made from."""

import itertools

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.errors import RefusedSeries

SAME_PLACE_VOXELS = 0.05
"""Largest distance of a corner from where it must be: NIfTI has affines in single precision."""


def on_source_grid(
    values: NDArray[np.floating],
    affine: NDArray[np.float64],
    shape: tuple[int, int, int],
    source_affine: NDArray[np.float64],
) -> NDArray[np.floating]:
    """Exchange and reverse axes until every voxel lies where the source has it; nothing is interpolated.

    It undoes ``Orientationd``, and what a NIfTI writer or another program made of the order of the axes.

    Args:
        values: ``(X', Y', Z')``, a volume that covers the voxels of the source, in any order of its axes.
        affine: ``(4, 4)``, its voxel index to RAS millimetres.
        shape: ``(X, Y, Z)`` of the source.
        source_affine: ``(4, 4)``, voxel index of the source to RAS millimetres.

    Returns:
        A view of ``values``, ``(X, Y, Z)``.

    Raises:
        RefusedSeries: ``output_gate``, the volume is on another grid.
    """
    if values.ndim != 3 or not np.isfinite(affine).all():
        raise _refusal(values, shape)
    to_source = np.linalg.inv(source_affine) @ np.asarray(affine, dtype=np.float64)
    # Column j tells where axis j of the volume leads on the axes of the source.
    target = np.abs(to_source[:3, :3]).argmax(axis=0)
    if sorted(target.tolist()) != [0, 1, 2]:
        raise _refusal(values, shape)
    axis_of = np.argsort(target)
    turned = values.transpose(tuple(axis_of))
    if turned.shape != shape:
        raise _refusal(values, shape)
    expected = np.zeros((4, 4))
    expected[3, 3] = 1
    for source_axis, axis in enumerate(axis_of):
        backwards = to_source[source_axis, axis] < 0
        expected[source_axis, axis] = -1 if backwards else 1
        expected[source_axis, 3] = shape[source_axis] - 1 if backwards else 0
        if backwards:
            turned = np.flip(turned, source_axis)
    corners = np.array([[*corner, 1] for corner in itertools.product(*((0, n - 1) for n in values.shape))])
    if np.abs((to_source - expected) @ corners.T).max() > SAME_PLACE_VOXELS:
        raise _refusal(values, shape)
    return turned


def _refusal(values: NDArray[np.floating], shape: tuple[int, int, int]) -> RefusedSeries:
    return RefusedSeries(
        "output_gate",
        f"derived series: expected a volume on the grid of the source, {shape}, got one of {values.shape} "
        "that covers other voxels; restore the series itself, without resampling, and give the affine of the "
        "result",
    )

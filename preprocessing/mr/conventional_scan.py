"""Scan a head with conventional turbo spin echo sequences."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from preprocessing.mr.anatomy import Anatomy, slice_average
from preprocessing.mr.effects import Effects
from preprocessing.mr.k_space import apply_filter, echo_train_decay, truncation
from preprocessing.mr.mdme_scan import NOISE_REFERENCE
from preprocessing.mr.noise_fields import smooth_noise
from preprocessing.mr.soft_shapes import Field
from preprocessing.mr.tissue_response import contrast_responses
from preprocessing.mr.tissues import BLOOD, CSF, Tissue
from taskgan_ext.mr.protocol import Protocol

_LONG_ECHO = 0.05  # echo time in s from which a contrast counts as T2-weighted
_BLOOD = 0.10
_BOX_MARGIN_MM = 12.0
_FLOW_SHARE, _MOST_FLOW, _FLOW_VOID = 0.5, 0.3, 1.2


@dataclass(frozen=True)
class Contrast:
    """A conventional contrast.

    Attributes:
        data: ``(X, Y, Z)``, magnitude.
        rotation_deg: of the head against the MDME images about x, y and z.
        shift_mm: of the head against the MDME images along x, y and z.
    """

    data: Field
    rotation_deg: tuple[float, float, float]
    shift_mm: tuple[float, float, float]


def scan_contrast(
    anatomy: Anatomy,
    tissues: Mapping[str, Tissue],
    texture: Field,
    protocol: tuple[str, Protocol],
    effects: Effects,
    rng: np.random.Generator,
) -> Contrast:
    """Simulate one conventional contrast.

    Args:
        anatomy: the head, several voxels per slice where the contrast may be rotated.
        tissues: of the subject.
        texture: ``(2, X, Y, Z)``, relative deviation of T1 and T2, on the grid of the anatomy.
        protocol: name of the contrast and its times.
        effects: imperfections to include.
        rng: source of randomness.
    """
    _, times = protocol
    long_echo = times.echo_time > _LONG_ECHO
    rotation, shift = _draw_pose(effects, rng)
    head = _signal(anatomy, tissues, texture, protocol, effects)
    moved = _move(head, anatomy.spacing, rotation, shift)
    image = slice_average(moved, anatomy.slice_voxels)
    spacing = (*anatomy.spacing[:2], anatomy.spacing[2] * anatomy.slice_voxels)
    if effects.receive_bias:
        field = smooth_noise(image.shape, spacing, 90.0, rng)
        elliptic = slice_average(anatomy.elliptic_radius(), anatomy.slice_voxels)
        image = image * np.exp(0.08 * (elliptic - 0.5) + 0.05 * field)
    sampled = image.astype(np.complex64)
    size = image.shape[0], image.shape[1]
    if effects.gibbs:
        sampled = apply_filter(sampled, truncation(size))
    if effects.echo_train:
        sampled = apply_filter(sampled, echo_train_decay(size, 0.25 if long_echo else 0.12))
    if effects.snr > 0:
        draws = rng.standard_normal((*image.shape, 2), dtype=np.float32).view(np.complex64)[..., 0]
        level = NOISE_REFERENCE / effects.snr * (0.45 if long_echo else 0.6)
        sampled = sampled + np.float32(level) * draws
    return Contrast(np.abs(sampled).astype(np.float32), rotation, shift)


def _signal(
    anatomy: Anatomy,
    tissues: Mapping[str, Tissue],
    texture: Field,
    protocol: tuple[str, Protocol],
    effects: Effects,
) -> Field:
    """Signed signal on the grid of the anatomy."""
    name, times = protocol
    responses = contrast_responses(tissues, name, times, effects)
    if effects.flow:
        responses[:, BLOOD] *= _BLOOD
    # einsum and not matmul: a BLAS sums in another order on another number of threads.
    value, by_t1, by_t2 = np.einsum("st,txyz->sxyz", responses, anatomy.fractions)
    signal: Field = value + texture[0] * by_t1 + texture[1] * by_t2
    if not effects.flow:
        return signal
    flow = np.clip(_FLOW_SHARE * anatomy.inflow, 0, _MOST_FLOW)
    if times.inversion_time is not None:
        # Fluid that was outside the slice at the inversion.
        fluid = tissues["CSF"]
        fresh = fluid.pd * np.exp(-times.echo_time / fluid.t2)
        return signal + flow * np.float32(fresh - responses[0, CSF])
    return signal * (1 - _FLOW_VOID * flow) if times.echo_time > _LONG_ECHO else signal


def _draw_pose(
    effects: Effects, rng: np.random.Generator
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Rotation in degrees and shift in mm."""
    draws = rng.standard_normal((2, 3)) * [[effects.rotation_sd], [effects.shift_sd]]
    (a, b, c), (x, y, z) = draws.tolist()
    return (a, b, c), (x, y, z)


def _move(
    volume: Field,
    spacing: tuple[float, float, float],
    rotation_deg: tuple[float, float, float],
    shift_mm: tuple[float, float, float],
) -> Field:
    """Rotate a volume about its centre and shift it."""
    if not any(rotation_deg) and not any(shift_mm):
        return volume
    matrix = rotation_matrix(rotation_deg)
    size = np.diag(spacing)
    # Only the box about the head is moved: half of the image is air.
    box = (*(_extent(volume, dim, _BOX_MARGIN_MM / spacing[dim]) for dim in (0, 1)), slice(None))
    centre = (np.array(volume.shape) - 1) / 2 - [box[0].start, box[1].start, 0]
    pull = np.linalg.inv(size) @ matrix.T @ size
    offset = centre - pull @ (centre + np.array(shift_mm) / spacing)
    moved = np.zeros_like(volume)
    # The head goes on beyond the first and last slice.
    moved[box] = ndimage.affine_transform(volume[box], pull, offset, order=3, mode="nearest")
    return moved


def _extent(volume: Field, dim: int, margin: float) -> slice:
    """Where a volume is not zero along an axis, and some voxels more on both sides."""
    found = np.flatnonzero(volume.any(axis=tuple({0, 1, 2} - {dim})))
    if found.size == 0:
        return slice(0, volume.shape[dim])
    return slice(max(0, int(found[0] - margin)), int(found[-1] + margin) + 1)


def rotation_matrix(angles_deg: tuple[float, float, float]) -> NDArray[np.float64]:
    """Rotation about x, then y, then z, as a ``(3, 3)`` matrix.

    Args:
        angles_deg: about each axis in degrees.
    """
    matrix = np.eye(3)
    for dim, angle in enumerate(np.deg2rad(angles_deg)):
        first, second = [other for other in range(3) if other != dim]
        step = np.eye(3)
        step[first, first] = step[second, second] = np.cos(angle)
        step[second, first] = np.sin(angle) * (1 if dim != 1 else -1)
        step[first, second] = -step[second, first]
        matrix = step @ matrix
    return matrix

"""Scan a head with the MDME sequence."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from preprocessing.mr.anatomy import Anatomy
from preprocessing.mr.effects import Effects
from preprocessing.mr.k_space import apply_filter, displacement, truncation
from preprocessing.mr.noise_fields import smooth_noise
from preprocessing.mr.soft_shapes import Field
from preprocessing.mr.tissue_response import mdme_response
from preprocessing.mr.tissues import BLOOD, CSF, Tissue
from taskgan_ext.mr.sequence import MDMESequence

NOISE_REFERENCE = 0.70 * 0.85
"""Signal to which the signal-to-noise ratio relates: that of relaxed white matter."""
_BLOOD_FIRST_ECHO, _BLOOD_LATER = 0.45, 0.12
_DYNAMIC_FLOW_SD, _DYNAMIC_FLOW_WAVELENGTH, _MOST_EXCHANGED = 0.5, 8.0, 0.6
_LATE_LOSS = 0.6
_PHASE, _ECHO_PHASE, _PHASE_JITTER = 0.9, 0.35, 0.05  # in rad


def scan_mdme(
    anatomy: Anatomy,
    tissues: Mapping[str, Tissue],
    texture: Field,
    sequence: MDMESequence,
    effects: Effects,
    rng: np.random.Generator,
) -> NDArray[np.complex64]:
    """Simulate the complex images of an MDME acquisition.

    Args:
        anatomy: with one voxel per slice.
        tissues: of the subject.
        texture: ``(2, X, Y, Z)``, relative deviation of T1 and T2.
        sequence: times and angles.
        effects: imperfections to include.
        rng: source of randomness.

    Returns:
        ``(X, Y, Z, delays, echoes)``; a fully relaxed voxel of water has about 1.
    """
    shape, spacing = anatomy.fractions.shape[1:], anatomy.spacing
    num_delays, num_echoes = len(sequence.delays), len(sequence.echo_times)

    def noise(wavelength: float) -> Field:
        return smooth_noise(shape, spacing, wavelength, rng)

    elliptic = anatomy.elliptic_radius()
    b1: Field = np.ones(shape, dtype=np.float32)
    if effects.transmit_field:
        b1 = np.clip(1.10 - 0.26 * elliptic / 1.2 + 0.025 * noise(60), 0.6, 1.35)
    signal = _tissue_signal(anatomy, tissues, texture, b1, (sequence, effects))
    if effects.flow:
        signal += _exchanged_fluid(anatomy, tissues, b1, (sequence, effects), rng)
    images = signal.reshape(*shape, num_delays, num_echoes).astype(np.complex64)
    if effects.receive_bias:
        images *= np.exp(0.16 * (elliptic - 0.5) + 0.07 * noise(80))[..., None, None]
    if effects.phase:
        common = _PHASE * noise(90) + np.float32(2 * np.pi) * rng.random(shape[2], dtype=np.float32)
        later = _ECHO_PHASE * noise(100)[..., None] * (np.arange(num_echoes) > 0)
        jitter = _PHASE_JITTER * rng.standard_normal(images.shape[2:], dtype=np.float32)
        images *= np.exp(1j * (common[..., None, None] + later[:, :, :, None] + jitter))
    images = _sample(images, spacing, effects, rng)
    if effects.snr > 0:
        draws = rng.standard_normal((*images.shape, 2), dtype=np.float32)
        images += np.float32(NOISE_REFERENCE / effects.snr) * draws.view(np.complex64)[..., 0]
    return images


def _tissue_signal(
    anatomy: Anatomy,
    tissues: Mapping[str, Tissue],
    texture: Field,
    b1: Field,
    scan: tuple[MDMESequence, Effects],
) -> Field:
    """Signal of the tissues at rest, ``(X, Y, Z, delays * echoes)``."""
    sequence, effects = scan
    size = len(sequence.delays) * len(sequence.echo_times)
    signal: Field = np.zeros((b1.size, size), dtype=np.float32)
    for index, tissue in enumerate(tissues.values()):
        share = anatomy.fractions[index].ravel()
        voxels = np.flatnonzero(share)
        coefficients = mdme_response(tissue, sequence, effects)
        if index == BLOOD and effects.flow:
            first = np.arange(size) % len(sequence.echo_times) == 0
            coefficients *= np.where(first, np.float32(_BLOOD_FIRST_ECHO), np.float32(_BLOOD_LATER))
        powers = _powers(b1.ravel()[voxels], coefficients.shape[1])
        deviation = [part.ravel()[voxels] for part in texture]
        terms = np.concatenate([powers, powers * deviation[0], powers * deviation[1]]) * share[voxels]
        # einsum and not matmul: a BLAS sums in another order on another number of threads.
        signal[voxels] += np.einsum("kn,ki->ni", terms, coefficients.reshape(-1, size))
    return signal.reshape(*b1.shape, size)


def _exchanged_fluid(
    anatomy: Anatomy,
    tissues: Mapping[str, Tissue],
    b1: Field,
    scan: tuple[MDMESequence, Effects],
    rng: np.random.Generator,
) -> Field:
    """Change of signal where fresh, unsaturated fluid flows in; it differs between dynamics."""
    sequence, effects = scan
    rest = mdme_response(tissues["CSF"], sequence, effects)[0]
    # With a short T1 the fluid has forgotten the saturation at every delay.
    fresh = mdme_response(replace(tissues["CSF"], t1=1e-2), sequence, effects)[0]
    fluid = anatomy.fractions[CSF].ravel()
    voxels = np.flatnonzero(fluid)
    powers = _powers(b1.ravel()[voxels], len(rest))
    num_echoes = len(sequence.echo_times)
    change: Field = np.zeros((fluid.size, rest.shape[1]), dtype=np.float32)
    for delay in range(len(sequence.delays)):
        field = smooth_noise(b1.shape, anatomy.spacing, _DYNAMIC_FLOW_WAVELENGTH, rng).ravel()[voxels]
        rate = anatomy.inflow.ravel()[voxels] * np.exp(_DYNAMIC_FLOW_SD * field)
        exchanged = np.minimum(rate, _MOST_EXCHANGED * fluid[voxels])
        for echo in range(num_echoes):
            image = delay * num_echoes + echo
            still = np.einsum("kn,k->n", powers, rest[:, image])
            moved = np.einsum("kn,k->n", powers, fresh[:, image]) - still
            loss = _LATE_LOSS * exchanged * still if echo else 0.0
            change[voxels, image] = exchanged * moved - loss
    return change.reshape(*b1.shape, -1)


def _powers(b1: Field, count: int) -> Field:
    return np.stack([(b1 - 1) ** power for power in range(count)])


def _sample(
    images: NDArray[np.complex64], spacing: Sequence[float], effects: Effects, rng: np.random.Generator
) -> NDArray[np.complex64]:
    """Move the head between dynamics and truncate k-space."""
    size = images.shape[0], images.shape[1]
    keep = truncation(size) if effects.gibbs else np.ones(size, dtype=np.float32)
    if not effects.gibbs and effects.motion_sd == 0:
        return images
    sampled = np.empty_like(images)
    for delay in range(images.shape[3]):
        x, y = (effects.motion_sd * rng.standard_normal(2) / spacing[:2]).tolist()
        sampled[..., delay, :] = apply_filter(images[..., delay, :], keep * displacement(size, (x, y)))
    return sampled

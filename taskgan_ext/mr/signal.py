"""Signal equations of spin echo, inversion recovery and MDME sequences.

Times are in s, angles in degrees, the transmit field ``b1`` is a fraction of the nominal field. Maps may be
numbers or arrays of any shapes that broadcast; results are float32.

Sources: Warntjes et al., Rapid magnetic resonance quantification on the brain, MRM 60:320-329, 2008
(equation numbers below are of this paper).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from taskgan_ext.mr.protocol import Protocol
from taskgan_ext.mr.sequence import MDMESequence

MIN_T1, MIN_T2 = 0.02, 0.003
"""Shortest relaxation times that a contrast is synthesised from, in s; zero outside a mask would divide."""


@dataclass(frozen=True)
class SliceProfile:
    """Flip angles across a slice.

    Attributes:
        angles: flip angle at positions across the slice, as a fraction of the nominal angle.
        weights: share of each position in the signal, in any unit.
    """

    angles: tuple[float, ...]
    weights: tuple[float, ...]


IDEAL = SliceProfile((1.0,), (1.0,))
"""The nominal angle everywhere."""
SLICE_PROFILE = SliceProfile(
    (0.45, 0.80, 0.97, 1.04, 1.05, 1.04, 0.97, 0.80, 0.45), (0.5, 0.8, 1.0, 1.0, 1.0, 1.0, 1.0, 0.8, 0.5)
)
"""Gives effective angles near those that Warntjes et al. measured: 106 of 120 and 69 of 90 degrees."""


def mdme_recovery(
    t1: ArrayLike, sequence: MDMESequence, b1: ArrayLike = 1.0, profile: SliceProfile = SLICE_PROFILE
) -> tuple[NDArray[Any], NDArray[Any]]:
    r"""Compute the two terms of the recovery after saturation, before any decay (Eq. 3).

    A position of the slice that is saturated by :math:`\theta` and excited by :math:`\alpha` gives

    .. math:: \frac{1 - (1 - \cos\theta) E_{TD} - \cos\theta\, E_{TR}}{1 - \cos\theta\cos\alpha\, E_{TR}}
        \sin\alpha\, \sin^2(\beta / 2), \qquad E_x = e^{-x / T_1}

    with the refocusing angle :math:`\beta` of nominally 180 degrees. Averaged over the slice it stays linear
    in :math:`E_{TD}`: ``plateau - drop * E_TD``.

    Args:
        t1: T1 in s.
        sequence: repetition time and angles.
        b1: transmit field as a fraction.
        profile: flip angles across the slice.

    Returns:
        ``plateau`` and ``drop`` of the broadcast shape of ``t1`` and ``b1``.
    """
    t1, b1 = np.broadcast_arrays(t1, b1)
    e_tr = np.exp(-sequence.repetition_time / t1)
    plateau, drop = np.zeros_like(e_tr), np.zeros_like(e_tr)
    for angle, weight in zip(profile.angles, profile.weights, strict=True):
        cos_theta = np.cos(np.deg2rad(sequence.saturation_angle) * angle * b1)
        alpha = np.deg2rad(sequence.excitation_angle) * angle * b1
        # Refocusing pulses are wider than the slice: their angle falls off less towards its edges.
        beta = np.clip(np.pi * b1 * np.clip(angle, 0.8, 1.0), 0.0, 1.6 * np.pi)
        excited = weight / sum(profile.weights) * np.sin(alpha) * np.sin(beta / 2) ** 2
        excited = excited / (1 - cos_theta * np.cos(alpha) * e_tr)
        plateau += excited * (1 - cos_theta * e_tr)
        drop += excited * (1 - cos_theta)
    return plateau, drop


def mdme_signal(
    t1: ArrayLike,
    t2: ArrayLike,
    pd: ArrayLike,
    sequence: MDMESequence,
    b1: ArrayLike = 1.0,
    profile: SliceProfile = SLICE_PROFILE,
) -> NDArray[np.float32]:
    """Compute the signed images of an MDME acquisition (Eq. 3 times the decay of the echo).

    Args:
        t1: T1 in s, of shape ``(...)``.
        t2: T2 in s.
        pd: proton density in any unit, which becomes that of the signal.
        sequence: times and angles.
        b1: transmit field as a fraction.
        profile: flip angles across the slice.

    Returns:
        Signal of shape ``(..., delays, echoes)``, negative before the zero crossing.
    """
    t1, t2, pd, b1 = np.broadcast_arrays(_single(t1), _single(t2), _single(pd), _single(b1))
    plateau, drop = mdme_recovery(t1, sequence, b1, profile)
    delays = np.asarray(sequence.delays, np.float32)
    echo_times = np.asarray(sequence.echo_times, np.float32)
    recovery = plateau[..., None] - drop[..., None] * np.exp(-delays / t1[..., None])
    decay = pd[..., None] * np.exp(-echo_times / t2[..., None])
    return _single(recovery[..., :, None] * decay[..., None, :])


def spin_echo(
    t1: ArrayLike, t2: ArrayLike, pd: ArrayLike, tr: float, te: float, flip: float = 90.0
) -> NDArray[np.float32]:
    """Compute a spin echo (Eq. 6); the constant factor sin(flip) is left out, as in the paper.

    Args:
        t1: T1 in s.
        t2: T2 in s.
        pd: proton density in any unit.
        tr: repetition time in s.
        te: echo time in s.
        flip: excitation angle in degrees.

    Returns:
        Signal in the unit of ``pd``.
    """
    t1 = _single(t1)
    e_tr = np.exp(-tr / t1)
    return _decayed((1 - e_tr) / (1 - np.cos(np.deg2rad(flip)) * e_tr), t2, pd, te)


def inversion_recovery(
    t1: ArrayLike, t2: ArrayLike, pd: ArrayLike, tr: float, te: float, ti: float, flip: float = 90.0
) -> NDArray[np.float32]:
    """Compute the signed signal of an inversion recovery (Eq. 7, corrected).

    The paper prints exp(-TR/T1) in both terms of the numerator; the first is exp(-TI/T1), as the steady
    state of the recursion over one repetition shows. The constant factor sin(flip) is left out.

    Args:
        t1: T1 in s.
        t2: T2 in s.
        pd: proton density in any unit.
        tr: repetition time in s.
        te: echo time in s.
        ti: inversion time in s.
        flip: excitation angle in degrees.

    Returns:
        Signal in the unit of ``pd``, negative before the zero crossing.
    """
    t1 = _single(t1)
    e_tr = np.exp(-tr / t1)
    recovered = (1 - 2 * np.exp(-ti / t1) + e_tr) / (1 + np.cos(np.deg2rad(flip)) * e_tr)
    return _decayed(recovered, t2, pd, te)


def double_inversion_recovery(
    t1: ArrayLike, t2: ArrayLike, pd: ArrayLike, tr: float, te: float, first_ti: float, second_ti: float
) -> NDArray[np.float32]:
    """Compute the signed signal after two inversions, excited by 90 degrees.

    Args:
        t1: T1 in s.
        t2: T2 in s.
        pd: proton density in any unit.
        tr: repetition time in s.
        te: echo time in s.
        first_ti: time from the first to the second inversion in s.
        second_ti: time from the second inversion to the excitation in s.

    Returns:
        Signal in the unit of ``pd``.
    """
    t1 = _single(t1)
    both = np.exp(-(first_ti + second_ti) / t1)
    return _decayed(1 - 2 * np.exp(-second_ti / t1) + 2 * both - np.exp(-tr / t1), t2, pd, te)


def inversion_recovery_tse(
    t1: ArrayLike,
    t2: ArrayLike,
    pd: ArrayLike,
    tr: float,
    te: float,
    ti: float,
    efficiency: float = 1.0,
    train: float = 0.0,
) -> NDArray[np.float32]:
    """Compute the signed signal of an inversion recovery with a turbo spin echo read-out.

    The echo train leaves no longitudinal magnetisation, which recovers from its end to the next inversion.

    Args:
        t1: T1 in s.
        t2: T2 in s.
        pd: proton density in any unit.
        tr: repetition time in s.
        te: effective echo time in s.
        ti: inversion time in s.
        efficiency: of the inversion, from 0 to 1 (perfect).
        train: length of the echo train in s.

    Returns:
        Signal in the unit of ``pd``, negative before the zero crossing.
    """
    t1 = _single(t1)
    recovered = 1 - np.exp(-(tr - ti - train) / t1)
    return _decayed(1 - (1 + efficiency * recovered) * np.exp(-ti / t1), t2, pd, te)


def null_inversion_time(
    t1: ArrayLike, tr: float, efficiency: float = 1.0, train: float = 0.0
) -> NDArray[np.float32]:
    """Find the inversion time at which ``inversion_recovery_tse`` has no signal.

    Args:
        t1: T1 in s of the tissue to null.
        tr: repetition time in s.
        efficiency: of the inversion, from 0 to 1 (perfect).
        train: length of the echo train in s.

    Returns:
        TI in s.
    """
    t1 = _single(t1)
    return t1 * np.float32(np.log1p(efficiency)) - t1 * np.log1p(efficiency * np.exp(-(tr - train) / t1))


def synthesise(
    t1: ArrayLike,
    t2: ArrayLike,
    pd: ArrayLike,
    protocol: Protocol,
    signed: bool = False,
    second_inversion_time: float | None = None,
) -> NDArray[np.float32]:
    """Compute a conventional contrast from maps: a spin echo, or an inversion recovery where TI is given.

    Args:
        t1: T1 in s; shorter values than ``MIN_T1`` are raised to it.
        t2: T2 in s; shorter values than ``MIN_T2`` are raised to it.
        pd: proton density in any unit.
        protocol: of the contrast.
        signed: keep the sign of an inversion recovery (as in PSIR) instead of taking the magnitude.
        second_inversion_time: in s, from a second inversion to the excitation; TI of the protocol is then the
            time between the two inversions (DIR).

    Returns:
        Image in the unit of ``pd``.
    """
    t1, t2 = np.maximum(_single(t1), MIN_T1), np.maximum(_single(t2), MIN_T2)
    tr, te, ti = protocol.repetition_time, protocol.echo_time, protocol.inversion_time
    if ti is None:
        return spin_echo(t1, t2, pd, tr, te)
    if second_inversion_time is None:
        image = inversion_recovery(t1, t2, pd, tr, te, ti)
    else:
        image = double_inversion_recovery(t1, t2, pd, tr, te, ti, second_inversion_time)
    return image if signed else np.abs(image)


def _single(values: ArrayLike) -> NDArray[np.float32]:
    return np.asarray(values, np.float32)


def _decayed(magnetisation: NDArray[Any], t2: ArrayLike, pd: ArrayLike, te: float) -> NDArray[np.float32]:
    return _single(_single(pd) * magnetisation * np.exp(-te / _single(t2)))

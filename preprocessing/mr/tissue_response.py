"""The signal of pure tissues, in a form that needs no exponential per voxel."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from preprocessing.mr.effects import Effects
from preprocessing.mr.tissues import MYELIN_WATER, Tissue
from taskgan_ext.mr.protocol import Protocol
from taskgan_ext.mr.sequence import MDMESequence
from taskgan_ext.mr.signal import IDEAL, SLICE_PROFILE, inversion_recovery_tse, mdme_signal, spin_echo

MDME_TRANSFER = 0.8
"""Loss of signal per share of bound protons: magnetisation transfer by the pulses of other slices."""
TRAIN_LENGTH = {"T1w": 0.03, "T1FLAIR": 0.09, "T2w": 0.20, "T2FLAIR": 0.26, "STIR": 0.16, "PDw": 0.12}
"""Length of the echo train of each conventional contrast in s."""
TRANSFER = {"T1w": 0.4, "T1FLAIR": 1.0, "T2w": 1.6, "T2FLAIR": 1.3, "STIR": 1.5, "PDw": 1.6}
"""As ``MDME_TRANSFER``, for the conventional contrasts."""
INVERSION_EFFICIENCY = 0.96
_STEP = 0.01  # relative step of the derivatives
_B1_GRID = np.linspace(0.55, 1.45, 19)
_B1_DEGREE = 4

Response = Callable[[float, float], NDArray[np.float32]]
"""Signal after T1 and T2 have been multiplied by two factors."""


def with_derivatives(response: Response) -> NDArray[np.float32]:
    """Expand a response about the tissue's own relaxation times.

    Args:
        response: of one tissue.

    Returns:
        Value, derivative by relative T1 and derivative by relative T2, stacked first.
    """
    by_t1 = (response(1 + _STEP, 1) - response(1 - _STEP, 1)) / (2 * _STEP)
    by_t2 = (response(1, 1 + _STEP) - response(1, 1 - _STEP)) / (2 * _STEP)
    return np.stack([response(1, 1), by_t1, by_t2]).astype(np.float32)


def mdme_response(tissue: Tissue, sequence: MDMESequence, effects: Effects) -> NDArray[np.float32]:
    """Signal of a pure voxel in the MDME images, as a polynomial of the transmit field.

    Args:
        tissue: the tissue.
        sequence: times and angles.
        effects: which of slice profile and pools to include.

    Returns:
        ``(3, 5, delays * echoes)``: value and derivatives by relative T1 and T2, each with the coefficients
        of ``(b1 - 1) ** k``; exact at b1 = 1.
    """
    profile = SLICE_PROFILE if effects.slice_profile else IDEAL
    myelin = tissue.myelin if effects.pools else 0.0
    transfer = 1 - MDME_TRANSFER * tissue.bound if effects.pools else 1.0

    def expand(t1_factor: float, t2_factor: float) -> NDArray[np.float32]:
        def signal(b1: NDArray[np.float64] | float) -> NDArray[np.float32]:
            pd = tissue.pd * transfer
            free = mdme_signal(
                tissue.t1 * t1_factor, tissue.t2 * t2_factor, pd * (1 - myelin), sequence, b1, profile
            )
            if myelin == 0:
                return free
            trapped = MYELIN_WATER.t1 * t1_factor, MYELIN_WATER.t2 * t2_factor, pd * myelin
            return free + mdme_signal(*trapped, sequence, b1, profile)

        centre = signal(1.0).reshape(-1)
        offset = _B1_GRID - 1
        powers = offset[:, None] ** np.arange(1, _B1_DEGREE + 1)
        rest = signal(_B1_GRID).reshape(len(_B1_GRID), -1) - centre
        return np.concatenate([centre[None], np.linalg.pinv(powers) @ rest]).astype(np.float32)

    return with_derivatives(expand)


def contrast_response(tissue: Tissue, name: str, protocol: Protocol, effects: Effects) -> NDArray[np.float32]:
    """Signed signal of a pure voxel in a conventional contrast.

    Args:
        tissue: the tissue.
        name: of the contrast.
        protocol: its times.
        effects: which of echo train and pools to include.

    Returns:
        ``(3,)``: value and derivatives by relative T1 and T2.
    """
    train = TRAIN_LENGTH[name] if effects.echo_train else 0.0
    efficiency = INVERSION_EFFICIENCY if effects.echo_train else 1.0
    pd = tissue.pd * (1 - TRANSFER[name] * tissue.bound if effects.pools else 1.0)
    t2 = tissue.t2_train if effects.echo_train and tissue.t2_train else tissue.t2
    tr, te, ti = protocol.repetition_time, protocol.echo_time, protocol.inversion_time

    def signal(t1_factor: float, t2_factor: float) -> NDArray[np.float32]:
        times = tissue.t1 * t1_factor, t2 * t2_factor
        if ti is None:
            return spin_echo(*times, pd, tr - train, te)
        return inversion_recovery_tse(*times, pd, tr, te, ti, efficiency, train)

    return with_derivatives(signal)


def contrast_responses(
    tissues: Mapping[str, Tissue], name: str, protocol: Protocol, effects: Effects
) -> NDArray[np.float32]:
    """``contrast_response`` of every tissue, ``(3, tissues)``.

    Args:
        tissues: name to tissue.
        name: of the contrast.
        protocol: its times.
        effects: which of echo train and pools to include.
    """
    found = [contrast_response(tissue, name, protocol, effects) for tissue in tissues.values()]
    return np.stack(found, axis=1)

"""The delays of dynamics whose files tell only their order: which end of it is the longest delay."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.errors import DataError
from taskgan_ext.mr.mdme_image import SignalKind
from taskgan_ext.mr.phase import align_phase, check_polarity

Signal: TypeAlias = NDArray[np.complex64] | NDArray[np.float32]


def sort_dynamics(signal: Signal, delays: Sequence[float]) -> Signal:
    """Bring dynamics into ascending order.

    Args:
        signal: shape ``(X, Y, Z, delays, echoes)``.
        delays: of the dynamics, in s.
    """
    return signal[..., np.argsort(delays), :]


def orient_delays(
    signal: Signal, kind: SignalKind, delays: Sequence[float], source: str
) -> tuple[float, ...]:
    """Tell whether delays are in the order of the dynamics or in its reverse, by the images themselves.

    Magnetisation recovers: the longest delay is the brightest, and along the delays the signed signal rises
    through zero once at most. In the reverse order neither holds.

    Args:
        signal: shape ``(X, Y, Z, dynamics, echoes)``, dynamics in the order of the files.
        kind: of the signal; of magnitude images only the brightness can be judged.
        delays: one per dynamic, in s.
        source: the files, for messages.

    Returns:
        ``delays``, as they are or reversed.

    Raises:
        DataError: their number is wrong, or neither or both of the orders fit the images.
    """
    num_dynamics = signal.shape[-2]
    if len(delays) != num_dynamics:
        raise DataError(
            f"{source}: expected {num_dynamics} delays, one per dynamic, got {len(delays)}: {list(delays)}"
        )
    orders = (tuple(delays), tuple(reversed(delays)))
    faults = [_fault(signal[..., np.argsort(order), :], kind) for order in orders]
    if faults.count(None) == 1:
        return orders[faults.index(None)]
    if faults[0] is None:
        reason = "both orders fit the images"
    else:
        reason = f"neither fits: in the given order, {faults[0]}; in the reverse, {faults[1]}"
    raise DataError(
        f"{source}: cannot tell whether the dynamics were acquired with delays {list(orders[0])} s or in the "
        f"reverse order: {reason}. Check the images, or give delays in the order of acquisition with --td"
    )


def _fault(signal: Signal, kind: SignalKind) -> str | None:
    """Why dynamics in ascending order of delay contradict a recovery, if they do."""
    if kind == "magnitude":
        brightness = np.abs(signal[..., 0]).mean(axis=(0, 1, 2), dtype=np.float64)
        darker = brightness[-1] <= brightness[:-1].max()
        return "the longest delay is not the brightest" if darker else None
    try:
        check_polarity(align_phase(signal.astype(np.complex64)))
    except DataError as error:
        return str(error)
    return None

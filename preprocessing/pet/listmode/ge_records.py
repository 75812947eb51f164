"""Records of GE RDF9 list mode: 6, 8 or 16 bytes each, told by the two lowest bits of the first one.

===========  ==================================================================================
coincidence  length:2, type:1 = 1, flags:4, deltaTime:9 signed / hiAxial:6, hiTransaxial:10 /
             loAxial:6, loTransaxial:10
extended     length:2, type:1 = 0, extType:4, ... / timeLow:16 / timeHigh:16 for extType 0
===========  ==================================================================================

Fields stand from the lowest bit upwards in little-endian words of 16 bits. Source: STIR,
``CListRecordGEHDF5.h``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_WORDS_OF_CODE = np.array([0, 3, 4, 8])
"""Words of a record by its length code; 0 is an error."""
_TIME_MARK = 0

Words = NDArray[np.uint16]


@dataclass(frozen=True)
class Records:
    """Decoded records.

    Attributes:
        first: ``(n, 2)``, transaxial and axial number of the first crystal of each coincidence ("lo").
        second: the same of the second one ("hi").
        tof: ``(n,)``, time-of-flight bin, 0 in the middle.
        order: ``(n,)``, index of the coincidence among all records.
        mark_times: times of the time marks, in ms of the scanner's clock.
        mark_order: index of each time mark among all records.
        num_records: coincidences, time marks and all others.
    """

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    tof: NDArray[np.int16]
    order: NDArray[np.intp]
    mark_times: NDArray[np.uint32]
    mark_order: NDArray[np.intp]
    num_records: int


def record_starts(words: Words) -> tuple[NDArray[np.intp], int] | None:
    """Find where records begin.

    Args:
        words: beginning with a record.

    Returns:
        The first word of each whole record, and the number of words of all of them; None if a record has no
        length.
    """
    codes = words & 3
    if np.all(codes[::3] == 1):  # nearly always
        starts = np.arange(0, words.size - words.size % 3, 3)
        return starts, int(starts.size) * 3
    size = words.size
    following = np.append(np.minimum(np.arange(size) + _WORDS_OF_CODE[codes], size), size)
    # Each round follows the chain twice as far: first 1 record, then 2, 4, 8, ...
    starts, jump = np.zeros(1, np.intp), following
    while starts[-1] < size:
        starts = np.concatenate([starts, jump[starts]])
        if starts[-1] == starts[starts.size // 2 - 1]:
            return None  # it stands still: a record without a length
        jump = jump[jump]
    starts = starts[: np.searchsorted(starts, size)]
    lengths = _WORDS_OF_CODE[codes[starts]]
    if not lengths.all():
        return None
    whole = starts + lengths <= size
    starts, lengths = starts[whole], lengths[whole]
    return starts, int(lengths.sum())


def decode_records(words: Words, starts: NDArray[np.intp]) -> Records:
    """Decode whole records.

    Args:
        words: see :func:`record_starts`.
        starts: first word of each record.
    """
    head = words[starts]
    coincidence = (head >> 2) & 1 == 1
    order = np.flatnonzero(coincidence)
    events = starts[order]
    high, low = words[events + 1], words[events + 2]
    mark_order = np.flatnonzero(~coincidence & ((head >> 3) & 15 == _TIME_MARK))
    marks = starts[mark_order]
    return Records(
        first=_crystals(low),
        second=_crystals(high),
        tof=-(words[events].view(np.int16) >> 7),
        order=order,
        mark_times=words[marks + 1] | (words[marks + 2].astype(np.uint32) << np.uint32(16)),
        mark_order=mark_order,
        num_records=starts.size,
    )


def _crystals(fields: Words) -> NDArray[np.int32]:
    """Transaxial and axial number."""
    return np.stack([fields >> 6, fields & 63], axis=1).astype(np.int32)

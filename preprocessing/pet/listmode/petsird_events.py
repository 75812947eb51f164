"""Coincidences of PETSIRD files: decoding them, and dropping some without decoding."""

import numpy as np
from numpy.typing import NDArray

from preprocessing.pet.listmode.petsird_blocks import NUMBERS_PER_EVENT

_MAX_BYTES = 5
"""A varint of 32 bits."""


def encode_varint(value: int) -> bytes:
    """Encode an unsigned number, with as few bytes as can be.

    Args:
        value: the number, not negative.
    """
    encoded = bytearray()
    while value >= 0x80:
        encoded.append((value & 0x7F) | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def decode_varints(raw: NDArray[np.uint8], ends: NDArray[np.intp]) -> NDArray[np.uint32] | None:
    """Decode unsigned numbers of at most 32 bits.

    Args:
        raw: their bytes.
        ends: index of the last byte of each.

    Returns:
        The numbers, or None if one is longer.
    """
    starts = np.empty_like(ends)
    starts[0], starts[1:] = 0, ends[:-1] + 1
    extra = (ends - starts).astype(np.uint8)  # bytes after the first one
    longest = int((ends - starts).max())
    if longest >= _MAX_BYTES:
        return None
    values = (raw[starts] & np.uint8(0x7F)).astype(np.uint32)
    longer = np.flatnonzero(extra)
    for k in range(1, longest + 1):
        if k > 1:
            longer = longer[extra[longer] >= k]
        more = (raw[starts[longer] + k] & np.uint8(0x7F)).astype(np.uint32)
        values[longer] |= more << np.uint32(7 * k)
    return values


def select_groups(
    raw: NDArray[np.uint8], ends: NDArray[np.intp], mask: NDArray[np.bool_], size: int = NUMBERS_PER_EVENT
) -> NDArray[np.uint8]:
    """Keep the bytes of some groups of varints.

    Args:
        raw: bytes of whole groups.
        ends: index of the last byte of each number.
        mask: which groups to keep.
        size: numbers of a group.

    Returns:
        Their bytes, in order.
    """
    stops = ends[size - 1 :: size] + 1
    kept = np.flatnonzero(mask)
    if kept.size == mask.size:
        return raw
    if not kept.size:
        return raw[:0]
    starts = np.where(kept > 0, stops[kept - 1], 0)
    lengths = stops[kept] - starts
    # Index of each byte: where its group starts in the source, less where it starts in the copy.
    shift = starts - np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return raw[np.repeat(shift, lengths) + np.arange(int(lengths.sum()))]
